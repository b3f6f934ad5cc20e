// Parts that the live figures share: elements, controls, axes, handles. A figure draws from its state and never reads
// the page back; controls write into the state, and the state's change draws.

const SVG = "http://www.w3.org/2000/svg";

function make(tag, attributes = {}, ...children) {
  const svgTags = ["svg", "g", "line", "path", "circle", "rect", "text", "polyline"];
  const node = svgTags.includes(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
const times = (M, v) => M.map((row) => dot(row, v));

function number(value, digits = 3) {
  const text = Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(1) : value.toFixed(digits);
  return text.replaceAll("-", "−");
}

let controls = 0;

function labelled(host, label, control) {
  control.id = `icl-control-${controls++}-${Math.random().toString(36).slice(2, 8)}`;
  const output = make("output", { for: control.id });
  host.append(make("div", { class: "icl-control" }, make("label", { for: control.id }, label), control, output));
  return output;
}

// A slider; show(value) gives the number and unit beside it.
function slider(host, { label, min, max, step, show, onInput }) {
  const input = make("input", { type: "range", min, max, step });
  const output = labelled(host, label, input);
  input.addEventListener("input", () => onInput(Number(input.value)));
  return (value) => {
    input.value = value;
    output.textContent = show(value);
    input.setAttribute("aria-valuetext", show(value));
  };
}

function choice(options, label, onChange) {
  const select = make("select", { "aria-label": label }, ...options.map((text) => make("option", { value: text }, text)));
  select.addEventListener("change", () => onChange(select.value));
  return select;
}

function button(host, text, onClick) {
  const node = make("button", { type: "button" }, text);
  node.addEventListener("click", onClick);
  host.append(node);
  return node;
}

// Axes in a box of w × h pixels: scales, grid, ticks, labels. Returns x(value), y(value) and their inverses.
function axes(layer, { left = 48, top = 8, w, h, xRange, yRange, xLabel, yLabel, xTicks, yTicks, yShow = String }) {
  const x = (value) => left + ((value - xRange[0]) / (xRange[1] - xRange[0])) * w;
  const y = (value) => top + h - ((value - yRange[0]) / (yRange[1] - yRange[0])) * h;
  for (const tick of yTicks) {
    layer.append(make("line", { x1: left, x2: left + w, y1: y(tick), y2: y(tick), class: "icl-grid" }));
    layer.append(make("text", { x: left - 6, y: y(tick) + 4, class: "icl-tick", "text-anchor": "end" }, yShow(tick)));
  }
  for (const tick of xTicks) {
    layer.append(make("line", { x1: x(tick), x2: x(tick), y1: top, y2: top + h, class: "icl-grid" }));
    layer.append(make("text", { x: x(tick), y: top + h + 16, class: "icl-tick", "text-anchor": "middle" }, String(tick).replace("-", "−")));
  }
  layer.append(make("text", { x: left + w / 2, y: top + h + 34, class: "icl-label", "text-anchor": "middle" }, xLabel));
  const middle = top + h / 2;
  layer.append(make("text", { x: 12, y: middle, class: "icl-label", "text-anchor": "middle", transform: `rotate(-90 12 ${middle})` }, yLabel));
  const invert = (px, py) => [
    xRange[0] + ((px - left) / w) * (xRange[1] - xRange[0]),
    yRange[0] + ((top + h - py) / h) * (yRange[1] - yRange[0]),
  ];
  return { x, y, invert };
}

// A line through the points [x, y]; where y leaves the range there is none.
function line(layer, scale, points, [low, high], kind) {
  let run = [];
  const draw = () => {
    if (run.length > 1) layer.append(make("polyline", { points: run.join(" "), class: `icl-line ${kind}` }));
    run = [];
  };
  for (const [x, y] of points) {
    if (y >= low && y <= high) run.push(`${scale.x(x)},${scale.y(y)}`);
    else draw();
  }
  draw();
}

// A handle that mouse, touch and arrow keys move. onMove(x, y) gets data coordinates. Returns place(scale, x, y, words).
function handle(layer, { label, radius = 7, step, onMove }) {
  const knob = make("circle", { r: radius, class: "icl-handle" });
  const target = make("circle", { r: 14, class: "icl-target", tabindex: 0, role: "slider", "aria-label": label, "aria-valuemin": -1000, "aria-valuemax": 1000 });
  layer.append(knob, target);
  let scale, at;
  target.addEventListener("pointerdown", (event) => {
    target.setPointerCapture(event.pointerId);
    target.focus();
  });
  target.addEventListener("pointermove", (event) => {
    if (!target.hasPointerCapture(event.pointerId)) return;
    const box = layer.ownerSVGElement.getBoundingClientRect();
    const zoom = layer.ownerSVGElement.viewBox.baseVal.width / box.width;
    onMove(...scale.invert((event.clientX - box.left) * zoom, (event.clientY - box.top) * zoom));
  });
  target.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const size = step * (event.shiftKey ? 5 : 1);
    onMove(at[0] + move[0] * size, at[1] + move[1] * size);
  });
  return (newScale, x, y, words) => {
    [scale, at] = [newScale, [x, y]];
    for (const circle of [knob, target]) {
      circle.setAttribute("cx", scale.x(x));
      circle.setAttribute("cy", scale.y(y));
    }
    target.setAttribute("aria-valuenow", y.toFixed(3));
    target.setAttribute("aria-valuetext", words);
  };
}

// The stage of a figure: drawing, controls, and a sentence that tells the state to a screen reader.
function stage(el, model, { draw }) {
  const drawing = make("svg", { class: "icl-drawing", role: "group", "aria-label": "Drawing; the sentence below tells what it shows" });
  const layer = make("g");
  const handles = make("g");
  drawing.append(layer, handles);
  const panel = make("div", { class: "icl-controls" });
  const sentence = make("p", { class: "icl-sentence", "aria-live": "polite" });
  el.replaceChildren(drawing, sentence, panel);
  const first = structuredClone(model.get("state"));
  const change = (patch) => {
    model.set("state", { ...model.get("state"), ...patch });
    model.save_changes();
  };
  const update = () => {
    const width = Math.max(280, Math.round(el.clientWidth || 640));
    layer.replaceChildren();
    const result = draw({ width, state: model.get("state") });
    drawing.setAttribute("viewBox", `0 0 ${width} ${result.height}`);
    sentence.textContent = result.sentence;
  };
  const start = () => {
    button(panel, "Reset", () => change(structuredClone(first)));
    model.on("change:state", update);
    new ResizeObserver(update).observe(el);
    update();
  };
  return { layer, handles, panel, change, start };
}

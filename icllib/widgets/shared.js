// Parts that the live figures share: elements, controls, handles, the stage. A figure draws from
// its state and never reads the page back; controls write into the state, and its change draws.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = ["svg", "g", "line", "path", "circle", "rect", "text", "tspan", "polyline"];

function make(tag, attributes = {}, ...children) {
  const isSvg = SVG_TAGS.includes(tag);
  const node = isSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const total = (values) => values.reduce((sum, v) => sum + v, 0);
const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
const times = (M, v) => M.map((row) => dot(row, v));

const raised = (n) => [...String(n)].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("");

// A number as the book prints it: a true minus sign, and powers of ten where it is huge or tiny.
function number(value, digits = 3) {
  const size = Math.abs(value);
  if (value === 0 || !Number.isFinite(value) || (size < 1e4 && size >= 0.5 * 10 ** -digits)) {
    return value.toFixed(digits).replace("-", "−").replace("Infinity", "∞");
  }
  const [mantissa, exponent] = value.toExponential(1).split("e");
  return `${mantissa.replace("-", "−")} · 10${raised(Number(exponent))}`;
}

// A number without zeros at its end: a tick, a setting.
const plain = (value) => String(Number(value.toPrecision(10))).replace("-", "−");

// Words in parts [text, 0 or 1]: 1 where it stands lower, as "max" in "λ_max".
function partsOf(words) {
  const parts = String(words).split(/(?<=\p{L})_([A-Za-z]+)/u);
  return parts.map((part, i) => [part, i % 2]).filter(([part]) => part);
}

const rich = (words) => partsOf(words).map(([part, low]) => (low ? make("sub", {}, part) : part));

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

let controls = 0;

function labelled(host, label, control) {
  control.id = `icl-control-${controls++}-${Math.random().toString(36).slice(2, 8)}`;
  const output = make("output", { for: control.id });
  const name = make("label", { for: control.id }, ...rich(label));
  host.append(make("div", { class: "icl-control" }, name, control, output));
  return output;
}

// A slider; show(value) gives the number and unit beside it. Returns what sets it.
function slider(host, { label, min, max, step, show = plain, onInput }) {
  const input = make("input", { type: "range", min, max, step });
  const output = labelled(host, label, input);
  input.addEventListener("input", () => onInput(Number(input.value)));
  return (value) => {
    input.value = value;
    output.textContent = show(value);
    input.setAttribute("aria-valuetext", show(value));
  };
}

// Sliders by the names of the numbers in the state that they set.
function sliders(host, change, specs) {
  const made = Object.entries(specs).map(([name, spec]) => {
    const onInput = (value) => change({ [name]: value });
    return [name, slider(host, { onInput, ...spec })];
  });
  return Object.fromEntries(made);
}

// A slider along a list: its number is a place in the list, and it shows what stands there.
function stops(label, values) {
  return { label, min: 0, max: values.length - 1, step: 1, show: (place) => String(values[place]) };
}

function choice(options, label, onChange) {
  const entries = options.map((text) => make("option", { value: text }, text));
  const select = make("select", { "aria-label": label }, ...entries);
  select.addEventListener("change", () => onChange(select.value));
  return select;
}

function button(host, text, onClick) {
  const node = make("button", { type: "button" }, text);
  node.addEventListener("click", onClick);
  host.append(node);
  return node;
}

const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

// A handle that mouse, touch and arrow keys move. onMove(x, y) gets data coordinates.
// Returns place(scale, x, y, words).
function handle(layer, { label, radius = 7, kind = "icl-handle", step, onMove }) {
  const knob = make("circle", { r: radius, class: kind });
  const target = make("circle", {
    r: 14,
    class: "icl-target",
    tabindex: 0,
    role: "slider",
    "aria-label": label,
    "aria-valuemin": -1000,
    "aria-valuemax": 1000,
  });
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
    const move = ARROWS[event.key];
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

// A list whose rows of controls are one stop for the keyboard: arrow keys move in it. rows() gives
// the controls that are to be seen, row by row. Returns what is called when they have changed.
function oneStop(list, rows) {
  const rest = (node) => {
    for (const each of rows().flat()) each.tabIndex = each === node ? 0 : -1;
  };
  list.addEventListener("focusin", (event) => rest(event.target));
  list.addEventListener("keydown", (event) => {
    const [across, up] = ARROWS[event.key] ?? [0, 0];
    const place = rows().findIndex((row) => row.includes(event.target));
    if (place < 0 || (!across && !up)) return;
    event.preventDefault();
    const column = rows()[place].indexOf(event.target) + across;
    rows()[place - up]?.[column]?.focus();
  });
  return () => {
    const all = rows().flat();
    rest(all.find((each) => each.tabIndex === 0) ?? all[0]);
  };
}

// What the marks mean: entries [shape, kind, words].
function key(entries) {
  const shapes = {
    line: (kind) => make("polyline", { points: "1,7 27,7", class: `icl-line ${kind}` }),
    dot: (kind) => make("circle", { cx: 14, cy: 7, r: 5, class: `icl-dot ${kind}` }),
    ring: (kind) => make("circle", { cx: 14, cy: 7, r: 5.5, class: `icl-ring ${kind}` }),
    box: (kind) => make("rect", { x: 6, y: 1, width: 16, height: 12, class: kind }),
  };
  const items = entries.map(([shape, kind, words]) => {
    const sample = make("svg", { width: 28, height: 14, "aria-hidden": "true" });
    sample.append(shapes[shape](kind));
    return make("li", {}, sample, make("span", {}, ...rich(words)));
  });
  return make("ul", { class: "icl-key", "aria-label": "Key" }, ...items);
}

// In a notebook the figure brings its caption and its answers along; a page has them beside it.
function words(model) {
  const { caption, answers } = model.get("words") ?? {};
  if (!caption) return [];
  const list = make("ul", {}, ...answers.map((text) => make("li", {}, ...rich(text))));
  const folded = make("details", { class: "icl-answers" }, make("summary", {}, "Answers"), list);
  return [make("p", { class: "icl-caption" }, ...rich(caption)), folded];
}

// The stage of a figure: drawing, key, a sentence that tells the state to a screen reader, and the
// controls.
function stage(el, model, { draw, entries = [] }) {
  const says = "Drawing; the sentence below tells what it shows";
  const drawing = make("svg", { class: "icl-drawing", role: "group", "aria-label": says });
  const layer = make("g");
  const handles = make("g");
  drawing.append(layer, handles);
  const panel = make("div", { class: "icl-controls" });
  const sentence = make("p", { class: "icl-sentence", "aria-live": "polite" });
  const meaning = entries.length ? [key(entries)] : [];
  el.replaceChildren(drawing, ...meaning, sentence, panel, ...words(model));
  // JupyterLab takes arrow keys for itself, and the focus at every key.
  el.dataset.lmSuppressShortcuts = "true";
  el.addEventListener("keydown", (event) => {
    if (el.closest(".jp-Notebook")) event.stopPropagation();
  });
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
    sentence.replaceChildren(...rich(result.sentence));
  };
  const start = () => {
    button(panel, "Reset", () => change(structuredClone(first)));
    model.on("change:state", update);
    new ResizeObserver(update).observe(el);
    update();
  };
  return { layer, handles, panel, change, start };
}

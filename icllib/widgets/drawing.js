// Scales, axes and marks. A mark stands at its value or not at all: a curve ends where it meets the
// frame, and a point beyond the frame becomes an arrow at the edge with its number.

// Round values in [low, high]: multiples of 1, 2 or 5 times a power of ten, about `count` of them.
function ticksOf(low, high, count = 5) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((k) => k * power >= 0.999 * rough);
  const [from, to] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  const places = Array.from({ length: to - from + 1 }, (_, i) => (from + i) * step);
  return places.map((value) => Number(value.toPrecision(10)));
}

// The same on a logarithmic axis: low, high and the ticks are log₁₀ of the values.
function logTicksOf(low, high, count = 5) {
  const from = Math.ceil(low - 1e-9);
  const decades = Array.from({ length: Math.floor(high + 1e-9) - from + 1 }, (_, i) => from + i);
  const every = Math.ceil(decades.length / count);
  if (decades.length > 2) return decades.filter((t) => t % every === 0);
  const between = (high - low < 1 ? [1, 1.5, 2, 3, 5, 7] : [1, 2, 5]).map(Math.log10);
  const all = [from - 1, ...decades].flatMap((decade) => between.map((part) => decade + part));
  return all.filter((t) => t >= low - 1e-9 && t <= high + 1e-9);
}

// A tick of a logarithmic axis, given by its log₁₀.
function power(t) {
  if (t >= -2.1 && t <= 4) return plain(Number((10 ** t).toPrecision(2)));
  return `10${raised(Math.round(t))}`;
}

// The smallest of 1, 2, 5, 10, 20 … (or .5, .2, .1 …) that is not below value.
function roundUp(value) {
  const decade = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((k) => k * decade >= value * (1 - 1e-9));
  return Number((decade * factor).toPrecision(10));
}

const within = (value, [low, high]) => value >= low - 1e-9 && value <= high + 1e-9;

// The part of the segment from p to q that lies in the box, or null (Liang and Barsky, 1984).
function cut(p, q, box) {
  let [from, to] = [0, 1];
  for (const axis of [0, 1]) {
    const change = q[axis] - p[axis];
    const [low, high] = box[axis];
    if (change === 0 && !within(p[axis], box[axis])) return null;
    if (change === 0) continue;
    const ends = [(low - p[axis]) / change, (high - p[axis]) / change];
    from = Math.max(from, Math.min(...ends));
    to = Math.min(to, Math.max(...ends));
  }
  if (!(from <= to)) return null;
  const at = (t) => [p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])];
  return [from === 0 ? p : at(from), to === 1 ? q : at(to)];
}

// The runs of a line through the points that lie in the box.
function runsOf(points, box) {
  const runs = [];
  let end = null;
  points.slice(1).forEach((q, i) => {
    const part = points[i].concat(q).every(Number.isFinite) ? cut(points[i], q, box) : null;
    if (part && part[0] === end) runs.at(-1).push(part[1]);
    else if (part) runs.push(part);
    end = part ? part[1] : null;
  });
  return runs;
}

// The frame of a panel: grid, ticks, labels.
function frame(group, x, y, options) {
  const { left, top, w, h, xLabel, yLabel, xTicks, yTicks, xShow, yShow } = options;
  for (const tick of yTicks) {
    const at = { y1: y(tick), y2: y(tick) };
    group.append(make("line", { x1: left, x2: left + w, ...at, class: "icl-grid" }));
    text(group, left - 6, y(tick) + 4, yShow(tick), "icl-tick", "end");
  }
  for (const tick of xTicks) {
    const at = { x1: x(tick), x2: x(tick) };
    group.append(make("line", { ...at, y1: top, y2: top + h, class: "icl-grid" }));
    text(group, x(tick), top + h + 16, xShow(tick), "icl-tick", "middle");
  }
  text(group, left + w / 2, top + h + 34, xLabel, "icl-label", "middle");
  const [across, middle] = [left - 42, top + h / 2];
  const turned = text(group, across, middle, yLabel, "icl-label", "middle");
  turned.setAttribute("transform", `rotate(-90 ${across} ${middle})`);
}

function text(host, x, y, words, kind = "icl-tick", anchor = "start") {
  const node = make("text", { x, y, class: kind, "text-anchor": anchor });
  let lowered = 0;
  for (const [part, low] of partsOf(words)) {
    const look = { dy: 4 * (low - lowered), "font-size": low ? "75%" : "100%" };
    node.append(low || lowered ? make("tspan", look, part) : part);
    lowered = low;
  }
  host.append(node);
  return node;
}

// Where a point beyond the frame is marked: an arrow at the edge, and the number that leaves.
function leaving(group, { left, top, w, h }, [px, py], [x, y], { kind, words, mark }) {
  const [cx, cy] = [Math.min(left + w, Math.max(left, px)), Math.min(top + h, Math.max(top, py))];
  const upright = py !== cy;
  const [dx, dy] = upright ? [0, Math.sign(py - cy)] : [Math.sign(px - cx), 0];
  const base = `${cx - 9 * dx - 5 * dy},${cy - 9 * dy - 5 * dx}`;
  const other = `${cx - 9 * dx + 5 * dy},${cy - 9 * dy + 5 * dx}`;
  const d = `M${base} L${other} L${cx},${cy} Z`;
  const told = words ?? number(upright ? y : x, 1);
  const node = make("path", { d, class: `icl-dot ${kind}`, "data-mark": mark });
  node.dataset.told = told;
  group.append(node);
  if (upright) {
    const anchor = cx > left + w - 40 ? "end" : "start";
    text(group, cx + (anchor === "end" ? -8 : 8), cy - 9 * dy + 4, told, "icl-tick", anchor);
  } else {
    text(group, cx - 13 * dx, cy - 7, told, "icl-tick", dx > 0 ? "end" : "start");
  }
}

// Axes in a box of w × h pixels. Returns the scales x(value), y(value), their inverse, and the
// marks.
function axes(layer, given) {
  const options = { left: 56, top: 8, xShow: plain, yShow: plain, name: "", ...given };
  const { left, top, w, h, xRange, yRange } = options;
  options.xTicks ??= ticksOf(...xRange);
  options.yTicks ??= ticksOf(...yRange);
  const x = (value) => left + ((value - xRange[0]) / (xRange[1] - xRange[0])) * w;
  const y = (value) => top + h - ((value - yRange[0]) / (yRange[1] - yRange[0])) * h;
  const ranges = { "data-x": xRange, "data-y": yRange, "data-box": [left, top, w, h] };
  const group = make("g", { class: "icl-panel", "data-name": options.name, ...ranges });
  layer.append(group);
  frame(group, x, y, options);
  const invert = (px, py) => [
    xRange[0] + ((px - left) / w) * (xRange[1] - xRange[0]),
    yRange[0] + ((top + h - py) / h) * (yRange[1] - yRange[0]),
  ];
  const box = [xRange, yRange];
  const pair = ([a, b]) => `${x(a).toFixed(2)},${y(b).toFixed(2)}`;

  function curve(points, kind, mark = "") {
    for (const run of runsOf(points, box)) {
      const look = { class: `icl-line ${kind}`, "data-mark": mark };
      group.append(make("polyline", { points: run.map(pair).join(" "), ...look }));
    }
  }

  // words: what is told of a point that leaves, where that is not the number of its axis.
  function point(a, b, kind, { radius = 4, shape = "dot", mark = "", words } = {}) {
    if (Number.isNaN(a) || Number.isNaN(b)) return;
    if (!within(a, xRange) || !within(b, yRange)) {
      leaving(group, { left, top, w, h }, [x(a), y(b)], [a, b], { kind, words, mark });
      return;
    }
    const place = { cx: x(a).toFixed(2), cy: y(b).toFixed(2), r: radius };
    group.append(make("circle", { ...place, class: `icl-${shape} ${kind}`, "data-mark": mark }));
  }

  // A rectangle between two corners, as far as it lies in the frame.
  function area([a, b], [c, d], kind, mark = "") {
    const inside = (value, [low, high]) => Math.min(high, Math.max(low, value));
    const [x1, x2] = [a, c].map((v) => x(inside(v, xRange))).sort((p, q) => p - q);
    const [y1, y2] = [b, d].map((v) => y(inside(v, yRange))).sort((p, q) => p - q);
    const size = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
    group.append(make("rect", { ...size, class: kind, "data-mark": mark }));
  }

  const upright = (a, kind, mark) =>
    curve(
      [
        [a, yRange[0]],
        [a, yRange[1]],
      ],
      kind,
      mark,
    );
  const level = (b, kind, mark) =>
    curve(
      [
        [xRange[0], b],
        [xRange[1], b],
      ],
      kind,
      mark,
    );
  return { group, x, y, invert, curve, point, area, upright, level };
}

// A matrix in colours, blue above 0 and vermilion below; `largest` has the full colour.
function heatmap(layer, M, { x, y, side, split, title, largest }) {
  const cell = side / M.length;
  text(layer, x, y - 8, title, "icl-label");
  M.forEach((row, i) =>
    row.forEach((value, j) => {
      const strength = Math.abs(value) / largest;
      if (strength < 0.02) return;
      const place = { x: x + j * cell, y: y + i * cell, width: cell, height: cell };
      const look = { class: value > 0 ? "icl-positive" : "icl-negative" };
      layer.append(make("rect", { ...place, ...look, "fill-opacity": strength.toFixed(2) }));
    }),
  );
  for (const at of [0, split, M.length]) {
    const [across, down] = [x + at * cell, y + at * cell];
    layer.append(make("line", { x1: across, x2: across, y1: y, y2: y + side, class: "icl-grid" }));
    layer.append(make("line", { x1: x, x2: x + side, y1: down, y2: down, class: "icl-grid" }));
  }
  colourScale(layer, { x, y: y + side + 8, w: side, largest });
}

// The key of a heatmap: from −largest by nothing to +largest.
function colourScale(layer, { x, y, w, largest }) {
  const parts = 20;
  for (let i = 0; i < parts; i++) {
    const value = (2 * i + 1) / parts - 1;
    const place = { x: x + (i * w) / parts, y, width: w / parts, height: 8 };
    const look = { class: value > 0 ? "icl-positive" : "icl-negative" };
    layer.append(make("rect", { ...place, ...look, "fill-opacity": Math.abs(value).toFixed(2) }));
  }
  const ends = [
    [-largest, x, "start"],
    [0, x + w / 2, "middle"],
    [largest, x + w, "end"],
  ];
  for (const [value, at, anchor] of ends) text(layer, at, y + 22, plain(value), "icl-tick", anchor);
}

// A square whose area is a weight; the whole cell is 1.
function square(layer, weight, [x, y], cell, kind, mark) {
  layer.append(make("rect", { x, y, width: cell, height: cell, class: "icl-frame" }));
  const side = Math.sqrt(weight) * cell;
  const place = { x: x + (cell - side) / 2, y: y + (cell - side) / 2, width: side, height: side };
  layer.append(make("rect", { ...place, class: `icl-bar ${kind}`, "data-mark": mark }));
}

// The names of separate tokens: x1, y1, …, q.
const tokenName = (t, length) =>
  t === length - 1 ? "q" : `${t % 2 ? "y" : "x"}${Math.floor(t / 2) + 1}`;

// Who reads whom: a row for each token that asks, a column for each that is read.
function attentionMap(layer, weights, { left, cell, kindOf }) {
  const T = weights.length;
  text(layer, left + (T * cell) / 2, 14, "token that is read", "icl-label", "middle");
  const [x, y] = [left - 34, 40 + (T * cell) / 2];
  const turned = text(layer, x, y, "token that asks", "icl-label", "middle");
  turned.setAttribute("transform", `rotate(-90 ${x} ${y})`);
  weights.forEach((row, r) => {
    const middle = (r + 0.5) * cell;
    text(layer, left + middle, 34, tokenName(r, T), "icl-tick", "middle");
    text(layer, left - 8, 44 + middle, tokenName(r, T), "icl-tick", "end");
    row.forEach((weight, c) => {
      square(layer, weight, [left + c * cell, 40 + r * cell], cell, kindOf(r, c), "weight");
    });
  });
}

// The label of an example in the prompt, ±1: the data's own unless the reader has flipped it.
const labelOf = (data, state, i) => (state.flipped.includes(i) ? -1 : 1) * data.labels[i];

// What a button that flips a label shows of it.
function showLabel(flip, data, state, i, name) {
  const positive = labelOf(data, state, i) > 0;
  flip.textContent = positive ? "positive" : "negative";
  flip.dataset.sign = positive ? "plus" : "minus";
  flip.setAttribute("aria-pressed", state.flipped.includes(i));
  flip.setAttribute("aria-label", `Label of ${name}: ${flip.textContent}. Flip it`);
}

// The answer as a bar, and below it the votes that it is the sum of. Returns the height.
function voteBars(layer, width, { names, labels, votes, answer }) {
  const rows = votes.length + 1.5;
  const reach = roundUp(Math.max(0.1, ...votes.map(Math.abs), Math.abs(answer)));
  const scale = { xRange: [-reach, reach], yRange: [0, rows], yTicks: [] };
  const axisNames = { xLabel: "negative ← vote → positive", yLabel: "" };
  const box = { left: 68, w: width - 84, h: 14 * rows };
  const plot = axes(layer, { ...box, ...scale, ...axisNames, xTicks: [-reach, 0, reach] });
  const bar = (down, value, thick, words, kind, mark) => {
    const at = rows - down;
    plot.area([0, at - thick / 2], [value, at + thick / 2], kind, mark);
    text(plot.group, 60, plot.y(at) + 4, words, "icl-tick", "end");
  };
  bar(0.75, answer, 1.1, "answer", "icl-bar icl-query", "answer");
  votes.forEach((vote, k) => {
    bar(k + 2, vote, 0.7, names[k], labels[k] > 0 ? "icl-positive" : "icl-negative", "vote");
  });
  plot.upright(0, "icl-ink icl-thin", "zero");
  return box.h + 48;
}

// The two products of a layer at every measured step of its training.

const mean = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;
const size2 = (M) => M.flat().reduce((sum, v) => sum + v * v, 0);

function compute(data, state) {
  const run = data.runs[state.run];
  const [A, B, d] = [run.A[state.at], run.B[state.at], data.dimX];
  const diagonal = mean(A.slice(0, d).map((row, i) => row[i]));
  const corner = B[d][d];
  return {
    lr: -data.n * diagonal * corner,
    identity: (d * diagonal * diagonal) / size2(A.map((row) => row.slice(0, d))),
    corner: (corner * corner) / size2([B[d]]),
    loss: run.loss[state.at],
    cosine: run.cosine[state.at],
  };
}

function heatmap(layer, M, { x, y, side, split, title }) {
  const cell = side / M.length;
  const largest = Math.max(...M.flat().map(Math.abs)) || 1;
  layer.append(make("text", { x, y: y - 6, class: "icl-label" }, title));
  M.forEach((row, i) => row.forEach((value, j) => {
    const strength = Math.abs(value) / largest;
    if (strength > 0.02) layer.append(make("rect", { x: x + j * cell, y: y + i * cell, width: cell, height: cell, class: value > 0 ? "icl-positive" : "icl-negative", "fill-opacity": strength.toFixed(2) }));
  }));
  for (const at of [0, split, M.length]) {
    layer.append(make("line", { x1: x + at * cell, x2: x + at * cell, y1: y, y2: y + side, class: "icl-grid" }));
    layer.append(make("line", { x1: x, x2: x + side, y1: y + at * cell, y2: y + at * cell, class: "icl-grid" }));
  }
}

function render({ model, el }) {
  const data = model.get("data");
  const { layer, panel, change, start } = stage(el, model, { draw });
  const last = data.steps.length - 1;
  const setAt = slider(panel, { label: "Updates", min: 0, max: last, step: 1, show: (v) => String(data.steps[v]), onInput: (at) => change({ at }) });
  data.runs.forEach((run, place) => button(panel, `Seed ${run.seed}`, () => change({ run: place })).setAttribute("aria-pressed", "false"));
  const seeds = [...panel.querySelectorAll("button")];

  function draw({ width, state }) {
    const result = compute(data, state);
    const run = data.runs[state.run];
    const side = Math.min(210, (width - 24) / 2);
    heatmap(layer, run.A[state.at], { x: width / 2 - side - 8, y: 24, side, split: data.dimX, title: "A = W_Kᵀ W_Q" });
    heatmap(layer, run.B[state.at], { x: width / 2 + 8, y: 24, side, split: data.dimX, title: "B = P W_V" });
    const top = side + 44;
    const h = 130;
    const least = Math.min(0, ...data.runs.flatMap((one) => one.cosine));
    const ticks = [0, 0.25, 0.5, 0.75, 1].map((t) => Math.round(t * data.steps[last]));
    const scale = axes(layer, { top, w: width - 64, h, xRange: [0, data.steps[last]], yRange: [Math.min(-0.05, least), 1.05], xLabel: "updates", yLabel: "cosine with GD", xTicks: ticks, yTicks: [0, 0.5, 1] });
    data.runs.forEach((one, place) => {
      const points = one.cosine.map((v, i) => `${scale.x(data.steps[i])},${scale.y(v)}`).join(" ");
      layer.append(make("polyline", { points, class: `icl-line icl-trained ${place === state.run ? "" : "icl-thin"}` }));
    });
    layer.append(make("circle", { cx: scale.x(data.steps[state.at]), cy: scale.y(result.cosine), r: 6, class: "icl-handle" }));
    setAt(state.at);
    seeds.forEach((node, place) => node.setAttribute("aria-pressed", String(place === state.run)));
    return {
      height: top + h + 48,
      sentence: `Seed ${run.seed}, ${data.steps[state.at]} updates: cosine ${number(result.cosine, 3)}, loss ${number(result.loss, 3)}. Of A, ${Math.round(100 * result.identity)} % is the identity on x; of B, ${Math.round(100 * result.corner)} % is its corner for y. η read off: ${number(result.lr, 2)}, best ${number(data.best, 2)}.`,
    };
  }
  start();
}

export default { render, compute };

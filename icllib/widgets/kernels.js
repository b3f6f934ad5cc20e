// Softmax attention as a kernel smoother, one gradient step on features, and the softmax pair.

const GRID = 61;
const placeOf = (g) => -Math.PI + (2 * Math.PI * g) / (GRID - 1);

function features(x, F) {
  const out = [];
  for (let k = 1; k <= F; k++) out.push(Math.cos(k * x) / Math.sqrt(F));
  for (let k = 1; k <= F; k++) out.push(Math.sin(k * x) / Math.sqrt(F));
  return out;
}

function softmax(row) {
  const highest = Math.max(...row);
  const grown = row.map((v) => Math.exp(v - highest));
  const sum = total(grown);
  return grown.map((v) => v / sum);
}

// The pair's answer in one place, and its distance to the step on centred data, at η = 1.
function pairAt(scores, y, epsilon) {
  const [plus, minus] = [epsilon, -epsilon].map((e) => softmax(scores.map((v) => e * v)));
  const pair =
    dot(
      plus.map((v, i) => v - minus[i]),
      y,
    ) /
    (2 * epsilon);
  const mean = total(scores) / scores.length;
  const centred =
    dot(
      scores.map((v) => v - mean),
      y,
    ) / scores.length;
  return [pair, Math.abs(pair - centred)];
}

function scoresOf(data) {
  const known = data.x.map((x) => features(x, data.features));
  const asked = Array.from({ length: GRID }, (_, g) => features(placeOf(g), data.features));
  return asked.map((q) => known.map((f) => dot(f, q)));
}

function compute(data, state) {
  const epsilon = 10 ** state.log_epsilon;
  const result = { smoother: [], step: [], pair: [], error: 0 };
  for (const scores of scoresOf(data)) {
    const [pair, error] = pairAt(scores, data.y, epsilon);
    result.smoother.push(dot(softmax(scores.map((v) => state.sharpness * v)), data.y));
    result.step.push((state.lr / data.x.length) * dot(scores, data.y));
    result.pair.push(state.lr * pair);
    result.error = Math.max(result.error, state.lr * error);
  }
  return result;
}

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["dot", "icl-ink", "example"],
    ["line", "icl-other", "softmax: weighted mean of the labels"],
    ["line", "icl-gd", "one gradient step on features"],
    ["line", "icl-query icl-dashed", "softmax pair; its error in double precision"],
    ["line", "icl-ink icl-thin", "its error in single precision"],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const tenTo = (v) => number(10 ** v, v < 0 ? 2 : 1);
  const set = sliders(panel, change, {
    sharpness: { label: "Sharpness β of the softmax", min: 1, max: 60, step: 1 },
    lr: { label: "Learning rate η", min: 0.5, max: 12, step: 0.5, show: (v) => number(v, 1) },
    log_epsilon: { label: "ε of the pair", min: -6, max: 1, step: 0.25, show: tenTo },
  });
  // At η = 1; the error is proportional to η.
  const scores = scoresOf(data);
  const double = data.single.map(([log]) => {
    const errors = scores.map((row) => pairAt(row, data.y, 10 ** log)[1]);
    return [log, Math.max(...errors)];
  });

  function drawCurves(box, result) {
    const size = Math.max(...data.y.map(Math.abs));
    const yRange = [-1.5 * size, 1.5 * size];
    const ranges = { xRange: [-Math.PI, Math.PI], yRange, xTicks: [-3, -2, -1, 0, 1, 2, 3] };
    const names = { name: "curves", xLabel: "input (x)", yLabel: "label (y)" };
    const plot = axes(layer, { ...box, ...ranges, ...names });
    const curve = (name, kind) =>
      plot.curve(
        result[name].map((v, g) => [placeOf(g), v]),
        kind,
        name,
      );
    curve("smoother", "icl-other");
    curve("step", "icl-gd");
    curve("pair", "icl-query icl-dashed");
    data.x.forEach((x, i) => plot.point(x, data.y[i], "icl-ink", { mark: "example" }));
  }

  function drawErrors(box, state, result) {
    const logs = (pairs) => pairs.map(([log, error]) => [log, Math.log10(state.lr * error)]);
    const lines = { double: logs(double), single: logs(data.single) };
    const all = Object.values(lines)
      .flat()
      .map(([, v]) => v)
      .filter(Number.isFinite);
    const yRange = [Math.floor(Math.min(...all)), Math.ceil(Math.max(...all))];
    const ticks = { xTicks: [-6, -4, -2, 0], yTicks: logTicksOf(...yRange) };
    const ranges = { xRange: [-6, 1], yRange, ...ticks };
    const names = { name: "errors", xLabel: "ε", yLabel: "error of the pair" };
    const plot = axes(layer, { ...box, ...ranges, ...names, xShow: power, yShow: power });
    plot.curve(lines.double, "icl-query icl-dashed", "double");
    plot.curve(lines.single, "icl-ink icl-thin", "single");
    const words = number(result.error);
    const at = [state.log_epsilon, Math.log10(result.error)];
    plot.point(...at, "icl-query", { radius: 6, mark: "now", words });
  }

  function draw({ width, state }) {
    const result = compute(data, state);
    const wide = width >= 560;
    const [side, h] = wide ? [(width - 160) * 0.56, 220] : [width - 72, 170];
    drawCurves({ w: side, h }, result);
    const right = { left: side + 128, w: width - side - 144, h };
    drawErrors(wide ? right : { top: h + 62, w: width - 72, h: 130 }, state, result);
    set.sharpness(state.sharpness);
    set.lr(state.lr);
    set.log_epsilon(state.log_epsilon);
    const [, single] = data.single.find(([log]) => log === state.log_epsilon);
    const [error, other] = [result.error, state.lr * single].map((v) => number(v));
    const errors = `${error} in double precision, ${other} in single`;
    const sentence =
      `ε = ${number(10 ** state.log_epsilon)}: on these points the pair misses ` +
      `its step on centred data by ${errors}.`;
    return { height: wide ? h + 48 : h + 62 + 130 + 48, sentence };
  }
  start();
}

export default { render, compute };

// Softmax attention as a kernel smoother, one gradient step on features, and the softmax pair.

const GRID = 61;

function features(x, F) {
  const out = [];
  for (let k = 1; k <= F; k++) out.push(Math.cos(k * x) / Math.sqrt(F));
  for (let k = 1; k <= F; k++) out.push(Math.sin(k * x) / Math.sqrt(F));
  return out;
}

function softmax(row) {
  const highest = Math.max(...row);
  const grown = row.map((v) => Math.exp(v - highest));
  const total = grown.reduce((sum, v) => sum + v, 0);
  return grown.map((v) => v / total);
}

function compute(data, state) {
  const n = data.x.length;
  const epsilon = 10 ** state.log_epsilon;
  const known = data.x.map((x) => features(x, data.features));
  const result = { smoother: [], step: [], pair: [], error: 0 };
  for (let g = 0; g < GRID; g++) {
    const asked = features(-Math.PI + (2 * Math.PI * g) / (GRID - 1), data.features);
    const scores = known.map((f) => dot(f, asked));
    const mean = scores.reduce((sum, v) => sum + v, 0) / n;
    const [plus, minus] = [epsilon, -epsilon].map((e) => softmax(scores.map((v) => e * v)));
    const pair = (state.lr / (2 * epsilon)) * dot(plus.map((v, i) => v - minus[i]), data.y);
    const centred = (state.lr / n) * dot(scores.map((v) => v - mean), data.y);
    result.smoother.push(dot(softmax(scores.map((v) => state.sharpness * v)), data.y));
    result.step.push((state.lr / n) * dot(scores, data.y));
    result.pair.push(pair);
    result.error = Math.max(result.error, Math.abs(pair - centred));
  }
  return result;
}

function render({ model, el }) {
  const data = model.get("data");
  const { layer, panel, change, start } = stage(el, model, { draw });
  const set = {
    sharpness: slider(panel, { label: "Sharpness of the softmax", min: 1, max: 60, step: 1, show: String, onInput: (sharpness) => change({ sharpness }) }),
    lr: slider(panel, { label: "Learning rate η", min: 0.5, max: 12, step: 0.5, show: (v) => number(Number(v), 1), onInput: (lr) => change({ lr }) }),
    epsilon: slider(panel, { label: "ε of the pair (log₁₀)", min: -6, max: 1, step: 0.25, show: (v) => number(Number(v), 2), onInput: (log_epsilon) => change({ log_epsilon }) }),
  };
  const errors = Array.from({ length: 29 }, (_, i) => -6 + i / 4).map((log) => [log, compute(data, { ...model.get("state"), log_epsilon: log }).error]);

  function draw({ width, state }) {
    const result = compute(data, state);
    const wide = width >= 560;
    const side = wide ? (width - 140) * 0.56 : width - 64;
    const h = wide ? 220 : 190;
    const reach = 1.3 * Math.max(...data.y.map(Math.abs));
    const clamp = (v) => Math.min(reach, Math.max(-reach, v));
    const minus = (t) => String(t).replace("-", "−");
    const scale = axes(layer, { w: side, h, xRange: [-Math.PI, Math.PI], yRange: [-reach, reach], xLabel: "input (x)", yLabel: "label (y)", xTicks: [-3, 0, 3], yTicks: [-1, 0, 1], yShow: minus });
    const curve = (values, kind) => layer.append(make("polyline", { points: values.map((v, g) => `${scale.x(-Math.PI + (2 * Math.PI * g) / (GRID - 1))},${scale.y(clamp(v))}`).join(" "), class: `icl-line ${kind}` }));
    curve(result.smoother, "icl-other");
    curve(result.step, "icl-gd");
    curve(result.pair, "icl-query icl-dashed");
    data.x.forEach((x, i) => layer.append(make("circle", { cx: scale.x(x), cy: scale.y(data.y[i]), r: 4, class: "icl-dot icl-ink" })));

    const [left, top] = wide ? [side + 76, 0] : [0, h + 54];
    const below = layer.appendChild(make("g", { transform: `translate(${left} ${top})` }));
    const span = wide ? width - left - 60 : width - 64;
    const log = (v) => Math.max(-14, Math.log10(Math.max(v, 1e-300)));
    const small = axes(below, { w: span, h: wide ? h : 150, xRange: [-6, 1], yRange: [-14, 2], xLabel: "ε (log₁₀)", yLabel: "error (log₁₀)", xTicks: [-6, -3, 0], yTicks: [-12, -6, 0], yShow: minus });
    below.append(make("polyline", { points: errors.map(([e, v]) => `${small.x(e)},${small.y(log(v))}`).join(" "), class: "icl-line icl-query" }));
    below.append(make("polyline", { points: data.float32.map(([e, v]) => `${small.x(e)},${small.y(log(v))}`).join(" "), class: "icl-line icl-ink icl-dashed" }));
    below.append(make("circle", { cx: small.x(state.log_epsilon), cy: small.y(log(result.error)), r: 6, class: "icl-dot icl-query" }));
    set.sharpness(state.sharpness);
    set.lr(state.lr);
    set.epsilon(state.log_epsilon);
    const single = data.float32.reduce((best, pair) => (Math.abs(pair[0] - state.log_epsilon) < Math.abs(best[0] - state.log_epsilon) ? pair : best));
    return {
      height: wide ? h + 48 : h + 54 + 150 + 48,
      sentence: `ε = 10^${number(state.log_epsilon, 2)}: the pair misses its step on centred data by ${number(result.error)} (double precision), near here by ${number(single[1])} in single precision.`,
    };
  }
  start();
}

export default { render, compute };

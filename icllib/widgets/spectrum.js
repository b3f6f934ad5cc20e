// What K steps of gradient descent or GD++ leave of every eigendirection.

function left(lambda, state, n) {
  let [a, b] = [1, 1];
  for (let k = 0; k < state.steps; k++) [a, b] = [a * (1 - state.gamma * n * lambda * a * a), b * (1 - state.lr * lambda * a * a)];
  return b;
}

function compute(data, state) {
  const losses = data.eigenvalues.map((row) => (data.s / 2) * row.reduce((sum, v) => sum + left(v, state, data.n) ** 2, 0));
  const sorted = [...losses].sort((p, q) => p - q);
  return {
    left: Array.from({ length: 101 }, (_, i) => left((i / 100) * data.most, state, data.n)),
    loss: losses.reduce((sum, v) => sum + v, 0) / losses.length,
    median: sorted[Math.floor((sorted.length - 1) / 2)],
    zero: (data.s / 2) * data.eigenvalues[0].length,
  };
}

function render({ model, el }) {
  const data = model.get("data");
  const { layer, panel, change, start } = stage(el, model, { draw });
  const counts = Object.keys(data.tuned).map(Number);
  const most = Math.max(...counts);
  const top = 2 * Math.max(...Object.values(data.tuned).flatMap((v) => v.slice(0, 2)));
  const topGamma = 2.5 * Math.max(...Object.values(data.tuned).map((v) => v[2]));
  const set = {
    steps: slider(panel, { label: "Steps K", min: 1, max: most, step: 1, show: String, onInput: (steps) => change({ steps }) }),
    lr: slider(panel, { label: "Learning rate η", min: 0, max: top, step: top / 200, show: (v) => number(Number(v), 2), onInput: (lr) => change({ lr }) }),
    gamma: slider(panel, { label: "Bend γ", min: 0, max: topGamma, step: topGamma / 100, show: (v) => number(Number(v), 3), onInput: (gamma) => change({ gamma }) }),
  };
  const tuned = () => data.tuned[model.get("state").steps];
  button(panel, "Tune η, no γ", () => change({ lr: tuned()[0], gamma: 0 }));
  button(panel, "Tune η and γ", () => change({ lr: tuned()[1], gamma: tuned()[2] }));

  function draw({ width, state }) {
    const result = compute(data, state);
    const h = 210;
    const ticks = [0, 0.25, 0.5, 0.75, 1].map((t) => Number((t * data.most).toPrecision(2)));
    const scale = axes(layer, { w: width - 64, h, xRange: [0, data.most], yRange: [-1.2, 1.2], xLabel: "eigenvalue (λ)", yLabel: "left after K steps", xTicks: ticks, yTicks: [-1, 0, 1], yShow: (t) => String(t).replace("-", "−") });
    const clamp = (v) => Math.min(1.2, Math.max(-1.2, v));
    for (const row of data.eigenvalues.slice(0, 30)) for (const v of row) {
      layer.append(make("line", { x1: scale.x(v), x2: scale.x(v), y1: scale.y(-1.2), y2: scale.y(-1.08), class: "icl-line icl-ink icl-thin" }));
    }
    const kind = state.gamma > 0 ? "icl-gdpp" : "icl-gd";
    layer.append(make("polyline", { points: result.left.map((v, i) => `${scale.x((i / 100) * data.most)},${scale.y(clamp(v))}`).join(" "), class: `icl-line ${kind}` }));
    set.steps(state.steps);
    set.lr(state.lr);
    set.gamma(state.gamma);
    const name = state.gamma > 0 ? "GD++" : "gradient descent";
    return {
      height: h + 48,
      sentence: `${state.steps} step${state.steps === 1 ? "" : "s"} of ${name}: mean loss ${number(result.loss, 4)}, median ${number(result.median, 4)}, from ${number(result.zero, 3)} before the first.`,
    };
  }
  start();
}

export default { render, compute };

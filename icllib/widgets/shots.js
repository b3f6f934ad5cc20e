// A prompt with one input grows; six learners answer its query.

function compute(data, state) {
  const n = state.shots;
  const x = data.x[state.draw].slice(0, n);
  const w = data.w[state.draw];
  const y = x.map((value, i) => w * value + state.noise * data.z[state.draw][i]);
  const [xx, xy] = [dot(x, x), dot(x, y)];
  const lr = n / (n + 2 + state.noise ** 2);
  const descend = (steps) => {
    let slope = 0;
    for (let k = 0; k < steps; k++) slope += (lr / n) * (xy - slope * xx);
    return slope;
  };
  const slopes = [descend(1), descend(5), xy / (xx + state.noise ** 2), xy / xx];
  const gaps = x.map((value) => Math.abs(value - state.query));
  const nearest = y[gaps.indexOf(Math.min(...gaps))];
  const answers = [y.reduce((sum, v) => sum + v, 0) / n, nearest, ...slopes.map((slope) => slope * state.query)];
  return { answers, slopes, truth: w * state.query };
}

function render({ model, el }) {
  const data = model.get("data");
  const { layer, panel, change, start } = stage(el, model, { draw });
  const most = data.x[0].length;
  const set = {
    shots: slider(panel, { label: "Examples N", min: 1, max: most, step: 1, show: String, onInput: (shots) => change({ shots }) }),
    noise: slider(panel, { label: "Noise σ", min: 0, max: 2, step: 0.1, show: (v) => number(v, 1), onInput: (noise) => change({ noise }) }),
    query: slider(panel, { label: "Query x_q", min: -3, max: 3, step: 0.1, show: (v) => number(v, 1), onInput: (query) => change({ query }) }),
  };
  button(panel, "Another prompt", () => change({ draw: (model.get("state").draw + 1) % data.x.length }));

  function draw({ width, state }) {
    const result = compute(data, state);
    const wide = width >= 560;
    const side = wide ? (width - 70) / 2 - 60 : width - 64;
    const h = wide ? 230 : 200;
    const ticks = [-2, 0, 2];
    const clamp = (v) => Math.min(4, Math.max(-4, v));
    const scale = axes(layer, { w: side, h, xRange: [-3, 3], yRange: [-4, 4], xLabel: "input (x)", yLabel: "label (y)", xTicks: ticks, yTicks: ticks, yShow: (t) => String(t).replace("-", "−") });
    layer.append(make("line", { x1: scale.x(state.query), x2: scale.x(state.query), y1: scale.y(4), y2: scale.y(-4), class: "icl-line icl-query" }));
    result.slopes.forEach((slope, k) => {
      const reach = Math.min(3, 4 / Math.max(Math.abs(slope), 1e-9));
      const kind = ["icl-gd icl-thin", "icl-gd", "icl-optimum", "icl-other"][k];
      layer.append(make("line", { x1: scale.x(-reach), x2: scale.x(reach), y1: scale.y(-reach * slope), y2: scale.y(reach * slope), class: `icl-line ${kind}` }));
    });
    for (let i = 0; i < state.shots; i++) {
      const x = data.x[state.draw][i];
      const y = data.w[state.draw] * x + state.noise * data.z[state.draw][i];
      layer.append(make("circle", { cx: scale.x(Math.min(3, Math.max(-3, x))), cy: scale.y(clamp(y)), r: 4.5, class: "icl-dot icl-ink" }));
    }
    const left = wide ? side + 170 : 112;
    const top = wide ? 8 : h + 62;
    const span = width - left - 16;
    const at = (v) => left + ((clamp(v) + 4) / 8) * span;
    const rows = result.answers.length;
    const row = 30;
    layer.append(make("line", { x1: at(result.truth), x2: at(result.truth), y1: top, y2: top + rows * row, class: "icl-line icl-query" }));
    result.answers.forEach((answer, k) => {
      const y = top + (k + 0.5) * row;
      layer.append(make("line", { x1: left, x2: left + span, y1: y, y2: y, class: "icl-grid" }));
      layer.append(make("text", { x: left - 8, y: y + 4, class: "icl-tick", "text-anchor": "end" }, data.names[k]));
      layer.append(make("circle", { cx: at(answer), cy: y, r: 6, class: `icl-dot ${["icl-data", "icl-data", "icl-gd", "icl-gd", "icl-ink", "icl-other"][k]}` }));
    });
    layer.append(make("text", { x: left + span / 2, y: top + rows * row + 18, class: "icl-label", "text-anchor": "middle" }, "answers; the line is the truth"));
    set.shots(state.shots);
    set.noise(state.noise);
    set.query(state.query);
    const gaps = result.answers.map((answer) => Math.abs(answer - result.truth));
    const best = data.names[gaps.indexOf(Math.min(...gaps))];
    const list = result.answers.map((answer, k) => `${data.names[k]} ${number(answer, 2)}`).join(", ");
    return {
      height: wide ? h + 48 : top + rows * row + 28,
      sentence: `${state.shots} examples, truth ${number(result.truth, 2)}. ${list}. Closest this time: ${best}.`,
    };
  }
  start();
}

export default { render, compute };

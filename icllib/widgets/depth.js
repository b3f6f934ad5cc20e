// Loss by depth, and the transfer function of a looped layer as its training goes.

function left(lambda, [lr, gamma], n) {
  let [a, b] = [1, 1];
  for (let k = 0; k < 2; k++) {
    const curve = lambda * a * a;
    [a, b] = [a * (1 - gamma * n * curve), b * (1 - lr * curve)];
  }
  return b;
}

function compute(data, state) {
  const chosen = data.losses[state.learner][state.depth];
  const gd = data.losses.GD[state.depth];
  const curve = (pair) => Array.from({ length: 61 }, (_, i) => left((i / 60) * data.most, pair, data.n));
  return {
    loss: chosen === undefined ? -1 : chosen,
    ratio: chosen === undefined || gd === undefined ? -1 : chosen / gd,
    trained: curve([data.lr[state.at], data.gamma[state.at]]),
    gd: curve(data.gd),
    gdpp: curve(data.gdpp),
  };
}

function render({ model, el }) {
  const data = model.get("data");
  const { layer, panel, change, start } = stage(el, model, { draw });
  const names = Object.keys(data.losses);
  const all = Object.values(data.losses).flatMap((by) => Object.values(by)).map(Math.log10);
  const depths = [...new Set(Object.values(data.losses).flatMap((by) => Object.keys(by).map(Number)))].sort((p, q) => p - q);
  const select = choice(names, "Learner", (learner) => change({ learner }));
  panel.append(select);
  const setDepth = slider(panel, { label: "Depth K", min: depths[0], max: depths.at(-1), step: 1, show: String, onInput: (depth) => change({ depth }) });
  const setAt = slider(panel, { label: "Updates", min: 0, max: data.steps.length - 1, step: 1, show: (v) => String(data.steps[v]), onInput: (at) => change({ at }) });
  const kind = (name) => (name === "GD" ? "icl-gd" : name === "GD++" ? "icl-gdpp" : name.includes("layer") ? "icl-trained" : "icl-other");

  function draw({ width, state }) {
    const result = compute(data, state);
    const [low, high] = [Math.floor(Math.min(...all) * 2) / 2, Math.ceil(Math.max(...all) * 4) / 4];
    const h = 180;
    const yTicks = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].map(Math.log10).filter((t) => t >= low && t <= high);
    const above = axes(layer, { w: width - 64, h, xRange: [depths[0] - 0.3, depths.at(-1) + 0.3], yRange: [low, high], xLabel: "depth (K)", yLabel: "loss on the query", xTicks: depths, yTicks, yShow: (t) => String(Number((10 ** t).toPrecision(1))) });
    for (const name of names) {
      const points = Object.entries(data.losses[name]).map(([k, v]) => `${above.x(Number(k))},${above.y(Math.log10(v))}`).join(" ");
      layer.append(make("polyline", { points, class: `icl-line ${kind(name)} ${name === state.learner ? "" : "icl-thin"}` }));
    }
    layer.append(make("line", { x1: above.x(state.depth), x2: above.x(state.depth), y1: 8, y2: 8 + h, class: "icl-line icl-ink icl-thin" }));
    if (result.loss > 0) layer.append(make("circle", { cx: above.x(state.depth), cy: above.y(Math.log10(result.loss)), r: 6, class: "icl-handle" }));
    const top = h + 60;
    const below = axes(layer, { top, w: width - 64, h: 150, xRange: [0, data.most], yRange: [-1, 1.05], xLabel: "eigenvalue (λ)", yLabel: "left of it", xTicks: [0, 0.25, 0.5, 0.75, 1].map((t) => Number((t * data.most).toPrecision(2))), yTicks: [-1, 0, 1], yShow: (t) => String(t).replace("-", "−") });
    for (const name of ["gd", "gdpp", "trained"]) {
      line(layer, below, result[name].map((v, i) => [(i / 60) * data.most, v]), [-1, 1.05], `icl-${name} ${name === "trained" ? "icl-solid" : "icl-thin"}`);
    }
    select.value = state.learner;
    setDepth(state.depth);
    setAt(state.at);
    const known = result.loss > 0 ? `${state.learner} at depth ${state.depth}: loss ${number(result.loss, 4)}${result.ratio > 0 ? `, ${number(result.ratio, 2)} times GD's` : ""}.` : `${state.learner} has no value at depth ${state.depth}.`;
    return {
      height: top + 150 + 48,
      sentence: `${known} After ${data.steps[state.at]} updates the looped layer has η = ${number(data.lr[state.at], 2)} and γ = ${number(data.gamma[state.at], 3)}, loss ${number(data.trained[state.at], 3)}.`,
    };
  }
  start();
}

export default { render, compute };

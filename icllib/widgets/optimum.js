// The best matrix for a spectrum, beside one step size for all and whitening.

const total = (values) => values.reduce((sum, v) => sum + v, 0);

function learners(eigenvalues, noise, n) {
  const trace = total(eigenvalues);
  const g = eigenvalues.map((v) => (1 + 1 / n) * v + (trace + noise) / n);
  const single = total(eigenvalues.map((v) => v * v)) / total(eigenvalues.map((v, i) => v * v * g[i]));
  const multipliers = { best: g.map((v) => 1 / v), scalar: g.map(() => single), white: eigenvalues.map((v) => 1 / v) };
  const cost = (m) => (total(eigenvalues.map((v, i) => v - 2 * v * v * m[i] + v * v * g[i] * m[i] * m[i])) + noise) / 2;
  return Object.fromEntries(Object.entries(multipliers).map(([name, m]) => [name, { m, loss: cost(m) }]));
}

function compute(data, state) {
  const eigenvalues = state.logs.map((v) => 2 ** v);
  const noise = state.noise * state.noise;
  const now = learners(eigenvalues, noise, state.n);
  const bySize = data.sizes.map((n) => learners(eigenvalues, noise, n));
  const result = { zero: (total(eigenvalues) + noise) / 2 };
  for (const name of ["best", "scalar", "white"]) {
    result[name] = now[name].m;
    result[`${name}_loss`] = now[name].loss;
    result[`${name}_by_n`] = bySize.map((one) => one[name].loss);
  }
  return result;
}

const KINDS = { best: "icl-optimum", scalar: "icl-gd", white: "icl-other" };

function render({ model, el }) {
  const data = model.get("data");
  const { layer, panel, change, start } = stage(el, model, { draw });
  const setters = model.get("state").logs.map((_, place) => slider(panel, {
    label: `Eigenvalue ${place + 1}`, min: -3, max: 3, step: 0.25, show: (v) => number(2 ** Number(v), 2),
    onInput: (value) => change({ logs: model.get("state").logs.map((v, i) => (i === place ? value : v)) }),
  }));
  const setN = slider(panel, { label: "Examples N", min: 0, max: 9, step: 1, show: (v) => String(data.sizes[v]), onInput: (v) => change({ n: data.sizes[v] }) });
  const setNoise = slider(panel, { label: "Noise σ", min: 0, max: 3, step: 0.1, show: (v) => number(Number(v), 1), onInput: (noise) => change({ noise }) });

  function draw({ width, state }) {
    const result = compute(data, state);
    const eigenvalues = state.logs.map((v) => 2 ** v);
    const h = 150;
    const multipliers = [...result.best, ...result.scalar, ...result.white].map(Math.log2);
    const [least, most] = [Math.floor(Math.min(...multipliers)) - 0.3, Math.ceil(Math.max(...multipliers)) + 0.3];
    const yTicks = [-6, -4, -2, 0, 2, 4].filter((t) => t >= least && t <= most);
    const above = axes(layer, { w: width - 64, h, xRange: [-3.3, 3.3], yRange: [least, most], xLabel: "eigenvalue (λ)", yLabel: "multiplied by", xTicks: [], yTicks, yShow: (t) => (t < 0 ? `1/${2 ** -t}` : String(2 ** t)) });
    for (const t of [-3, -2, -1, 0, 1, 2, 3]) layer.append(make("text", { x: above.x(t), y: h + 24, class: "icl-tick", "text-anchor": "middle" }, t < 0 ? `1/${2 ** -t}` : String(2 ** t)));
    const order = eigenvalues.map((_, i) => i).sort((i, j) => eigenvalues[i] - eigenvalues[j]);
    for (const name of ["white", "scalar", "best"]) {
      const place = (i) => [above.x(Math.max(-3.3, Math.min(3.3, state.logs[i]))), above.y(Math.log2(result[name][i]))];
      layer.append(make("polyline", { points: order.map((i) => place(i).join(",")).join(" "), class: `icl-line ${KINDS[name]}` }));
      for (const i of order) layer.append(make("circle", { cx: place(i)[0], cy: place(i)[1], r: 3.5, class: `icl-dot ${KINDS[name]}` }));
    }
    const top = h + 60;
    const log = (v) => Math.log10(Math.max(v, 1e-6));
    const high = log(result.zero * 2.5);
    const low = log(Math.min(...result.best_by_n)) - 0.1;
    const lossTicks = [0.001, 0.01, 0.1, 1, 10].map(log).filter((t) => t >= low && t <= high);
    const below = axes(layer, { top, w: width - 64, h: 150, xRange: [0, 3], yRange: [low, high], xLabel: "examples in the prompt (N)", yLabel: "expected loss", xTicks: [], yTicks: lossTicks, yShow: (t) => String(Number((10 ** t).toPrecision(1))) });
    for (const t of [0, 1, 2, 3]) layer.append(make("text", { x: below.x(t), y: top + 166, class: "icl-tick", "text-anchor": "middle" }, String(10 ** t)));
    for (const name of ["white", "scalar", "best"]) {
      line(layer, below, result[`${name}_by_n`].map((v, i) => [Math.log10(data.sizes[i]), log(v)]), [low, high], KINDS[name]);
    }
    layer.append(make("line", { x1: below.x(Math.log10(state.n)), x2: below.x(Math.log10(state.n)), y1: top, y2: top + 150, class: "icl-line icl-ink icl-thin" }));
    setters.forEach((set, i) => set(state.logs[i]));
    setN(data.sizes.indexOf(state.n));
    setNoise(state.noise);
    return {
      height: top + 150 + 48,
      sentence: `N = ${state.n}: the optimum has loss ${number(result.best_loss, 3)}, one step size for all ${number(result.scalar_loss / result.best_loss, 2)} times that, whitening ${number(result.white_loss / result.best_loss, 2)} times. Answering 0: ${number(result.zero, 3)}.`,
    };
  }
  start();
}

export default { render, compute };

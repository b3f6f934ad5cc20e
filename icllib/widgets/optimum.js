// The best matrix for a spectrum, beside one step size for all and whitening.

function learners(eigenvalues, noise, n) {
  const trace = total(eigenvalues);
  const g = eigenvalues.map((v) => (1 + 1 / n) * v + (trace + noise) / n);
  const square = eigenvalues.map((v) => v * v);
  const single = total(square) / dot(square, g);
  const multipliers = {
    best: g.map((v) => 1 / v),
    scalar: g.map(() => single),
    white: eigenvalues.map((v) => 1 / v),
  };
  const part = (v, i, m) => v - 2 * v * v * m[i] + v * v * g[i] * m[i] * m[i];
  const cost = (m) => (total(eigenvalues.map((v, i) => part(v, i, m))) + noise) / 2;
  const found = Object.entries(multipliers).map(([name, m]) => [name, { m, loss: cost(m) }]);
  return Object.fromEntries(found);
}

const NAMES = ["white", "scalar", "best"];
const KINDS = { best: "icl-optimum", scalar: "icl-gd", white: "icl-other" };

function compute(data, state) {
  const eigenvalues = state.logs.map((v) => 2 ** v);
  const noise = state.noise * state.noise;
  const now = learners(eigenvalues, noise, state.n);
  const bySize = data.sizes.map((n) => learners(eigenvalues, noise, n));
  const result = { zero: (total(eigenvalues) + noise) / 2 };
  for (const name of NAMES) {
    result[name] = now[name].m;
    result[`${name}_loss`] = now[name].loss;
    result[`${name}_by_n`] = bySize.map((one) => one[name].loss);
  }
  return result;
}

// A power of two, given by its logarithm.
const asFraction = (t) => (t < 0 ? `1/${2 ** -t}` : String(2 ** t));

// Whole numbers in the range, at most seven of them.
function wholes([low, high]) {
  const every = Math.ceil((high - low) / 7);
  const from = Math.ceil(low / every);
  const count = Math.floor(high / every) - from + 1;
  return Array.from({ length: count }, (_, i) => (from + i) * every);
}

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["line", "icl-optimum", "optimum"],
    ["line", "icl-gd", "one step size for all"],
    ["line", "icl-other", "whitening"],
    ["line", "icl-ink icl-thin", "N now; level: answering 0"],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const at = (place, value) => model.get("state").logs.with(place, value);
  const setters = model.get("state").logs.map((_, place) =>
    slider(panel, {
      label: `Eigenvalue ${place + 1}`,
      min: -3,
      max: 3,
      step: 0.25,
      show: (v) => number(2 ** v, 2),
      onInput: (value) => change({ logs: at(place, value) }),
    }),
  );
  const set = sliders(panel, change, {
    n: {
      ...stops("Examples N", data.sizes),
      onInput: (place) => change({ n: data.sizes[place] }),
    },
    noise: { label: "Noise σ", min: 0, max: 3, step: 0.1, show: (v) => number(v, 1) },
  });

  function drawMultipliers(width, state, result) {
    const logs = NAMES.flatMap((name) => result[name].map(Math.log2));
    const xRange = [Math.min(-3, ...state.logs) - 0.3, Math.max(3, ...state.logs) + 0.3];
    const yRange = [Math.floor(Math.min(...logs)) - 0.3, Math.ceil(Math.max(...logs)) + 0.3];
    const ticks = { xTicks: wholes(xRange), yTicks: wholes(yRange) };
    const names = { name: "multipliers", xLabel: "eigenvalue (λ)", yLabel: "multiplied by" };
    const show = { xShow: asFraction, yShow: asFraction };
    const box = { w: width - 72, h: 140 };
    const plot = axes(layer, { ...box, xRange, yRange, ...ticks, ...names, ...show });
    const order = state.logs.map((_, i) => i).sort((i, j) => state.logs[i] - state.logs[j]);
    for (const name of NAMES) {
      const points = order.map((i) => [state.logs[i], Math.log2(result[name][i])]);
      plot.curve(points, KINDS[name], `line ${name}`);
      for (const point of points) plot.point(...point, KINDS[name], { radius: 3.5, mark: name });
    }
  }

  function drawLosses(top, width, state, result) {
    const zero = Math.log10(result.zero);
    const yRange = [Math.log10(Math.min(...result.best_by_n)) - 0.1, zero + 0.4];
    const ranges = { xRange: [0, Math.log10(data.sizes.at(-1))], yRange };
    const ticks = { xTicks: [0, 1, 2, 3], yTicks: logTicksOf(...yRange) };
    const names = { name: "losses", xLabel: "examples in the prompt (N)", yLabel: "expected loss" };
    const box = { top, w: width - 72, h: 140 };
    const plot = axes(layer, { ...box, ...ranges, ...ticks, ...names, xShow: power, yShow: power });
    for (const name of NAMES) {
      const losses = result[`${name}_by_n`].map((v, i) => [data.sizes[i], v].map(Math.log10));
      plot.curve(losses, KINDS[name], `losses ${name}`);
    }
    plot.level(zero, "icl-ink icl-thin", "zero");
    plot.upright(Math.log10(state.n), "icl-ink icl-thin", "n");
  }

  function draw({ width, state }) {
    const result = compute(data, state);
    drawMultipliers(width, state, result);
    drawLosses(206, width, state, result);
    setters.forEach((set, i) => set(state.logs[i]));
    set.n(data.sizes.indexOf(state.n));
    set.noise(state.noise);
    const ratio = (name) => number(result[`${name}_loss`] / result.best_loss, 2);
    const best = `N = ${state.n}: the optimum has loss ${number(result.best_loss)}`;
    const others =
      `one step size for all ${ratio("scalar")} times that, ` + `whitening ${ratio("white")} times`;
    const sentence = `${best}, ${others}. Answering 0: ${number(result.zero)}.`;
    return { height: 206 + 140 + 48, sentence };
  }
  start();
}

export default { render, compute };

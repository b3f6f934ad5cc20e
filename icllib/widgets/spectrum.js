// What K steps of gradient descent or GD++ leave of every eigendirection.

function left(lambda, state, n) {
  let [a, b] = [1, 1];
  for (let k = 0; k < state.steps; k++) {
    const curve = lambda * a * a;
    [a, b] = [a * (1 - state.gamma * n * curve), b * (1 - state.lr * curve)];
  }
  return b;
}

function compute(data, state) {
  const leftOf = (row) => total(row.map((v) => left(v, state, data.n) ** 2));
  const losses = data.eigenvalues.map((row) => (data.s / 2) * leftOf(row));
  const sorted = [...losses].sort((p, q) => p - q);
  return {
    left: Array.from({ length: 101 }, (_, i) => left((i / 100) * data.most, state, data.n)),
    loss: total(losses) / losses.length,
    median: sorted[Math.floor((sorted.length - 1) / 2)],
    zero: (data.s / 2) * data.eigenvalues[0].length,
  };
}

const SHOWN = 30; // prompts whose eigenvalues are marked

function render({ model, el }) {
  const data = model.get("data");
  const marked = Math.min(SHOWN, data.eigenvalues.length);
  const entries = [
    ["line", "icl-gd", "gradient descent"],
    ["line", "icl-gdpp", "GD++ (γ above 0)"],
    ["line", "icl-ink icl-thin", `strokes: eigenvalues of ${marked} prompts`],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const counts = Object.keys(data.tuned).map(Number);
  const rates = Object.values(data.tuned).flatMap((v) => v.slice(0, 2));
  const top = 2 * Math.max(...rates);
  const topGamma = 2.5 * Math.max(...Object.values(data.tuned).map((v) => v[2]));
  const two = (v) => number(v, 2);
  const set = sliders(panel, change, {
    steps: { label: "Steps K", min: 1, max: Math.max(...counts), step: 1 },
    lr: { label: "Learning rate η", min: 0, max: top, step: top / 200, show: two },
    gamma: { label: "Bend γ", min: 0, max: topGamma, step: topGamma / 100, show: number },
  });
  const tuned = () => data.tuned[model.get("state").steps];
  button(panel, "Tune η, no γ", () => change({ lr: tuned()[0], gamma: 0 }));
  button(panel, "Tune η and γ", () => change({ lr: tuned()[1], gamma: tuned()[2] }));

  function draw({ width, state }) {
    const result = compute(data, state);
    const h = 210;
    const ranges = { xRange: [0, data.most], yRange: [-1.25, 1.25], yTicks: [-1, -0.5, 0, 0.5, 1] };
    const names = { xLabel: "eigenvalue (λ)", yLabel: "left after K steps" };
    const plot = axes(layer, { w: width - 72, h, ...ranges, ...names });
    for (const value of data.eigenvalues.slice(0, SHOWN).flat()) {
      plot.curve(
        [
          [value, -1.25],
          [value, -1.15],
        ],
        "icl-ink icl-thin",
        "eigenvalue",
      );
    }
    const kind = state.gamma > 0 ? "icl-gdpp" : "icl-gd";
    plot.curve(
      result.left.map((v, i) => [(i / 100) * data.most, v]),
      kind,
      "left",
    );
    set.steps(state.steps);
    set.lr(state.lr);
    set.gamma(state.gamma);
    const name = state.gamma > 0 ? "GD++" : "gradient descent";
    const head = `${plural(state.steps, "step")} of ${name}`;
    const losses = `mean ${number(result.loss, 4)}, middle prompt ${number(result.median, 4)}`;
    const over = `over ${data.eigenvalues.length} prompts, each averaged over W* and the query`;
    const before = `before the first step ${number(result.zero)}`;
    const sentence = `${head}: loss ${losses} (${over}); ${before}.`;
    return { height: h + 48, sentence };
  }
  start();
}

export default { render, compute };

// The two products of a layer at every measured step of its training.

const size2 = (M) => total(M.flat().map((v) => v * v));

function compute(data, state) {
  const run = data.runs[state.run];
  const [A, B, d] = [run.A[state.at], run.B[state.at], data.dimX];
  const diagonal = total(A.slice(0, d).map((row, i) => row[i])) / d;
  const corner = B[d][d];
  return {
    lr: -data.n * diagonal * corner,
    identity: (d * diagonal * diagonal) / size2(A.map((row) => row.slice(0, d))),
    corner: (corner * corner) / size2([B[d]]),
    loss: run.loss[state.at],
    cosine: run.cosine[state.at],
  };
}

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["box", "icl-positive", "entry above 0"],
    ["box", "icl-negative", "below 0"],
    ["line", "icl-trained icl-solid", "cosine with one step of GD, this seed"],
    ["line", "icl-trained icl-solid icl-thin", "other seeds"],
    ["line", "icl-gd", "1: one step of GD"],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const last = data.steps.length - 1;
  const set = sliders(panel, change, { at: stops("Updates", data.steps) });
  const seeds = data.runs.map((run, place) =>
    button(panel, `Seed ${run.seed}`, () => change({ run: place })),
  );

  function drawProducts(width, state) {
    const run = data.runs[state.run];
    const side = Math.min(210, (width - 32) / 2);
    const common = { y: 26, side, split: data.dimX };
    const [largestA, largestB] = run.largest;
    const [A, B] = [run.A[state.at], run.B[state.at]];
    const left = { x: width / 2 - side - 10, title: "A = W_Kᵀ W_Q", largest: largestA };
    const right = { x: width / 2 + 10, title: "B = P W_V", largest: largestB };
    heatmap(layer, A, { ...common, ...left });
    heatmap(layer, B, { ...common, ...right });
    return side + 76;
  }

  function drawCosines(top, width, state, result) {
    const cosines = data.runs.map((run) => run.cosine);
    const least = Math.min(0, ...cosines.flat());
    const ranges = { xRange: [0, data.steps[last]], yRange: [least < 0 ? least - 0.05 : 0, 1.08] };
    const names = { xLabel: "updates", yLabel: "cosine with GD" };
    const ticks = { yTicks: ticksOf(ranges.yRange[0], 1, 4) };
    const plot = axes(layer, { top, w: width - 72, h: 120, ...ranges, ...names, ...ticks });
    plot.level(1, "icl-gd icl-thin", "one");
    cosines.forEach((values, place) => {
      const kind = `icl-trained icl-solid ${place === state.run ? "" : "icl-thin"}`;
      plot.curve(
        values.map((v, i) => [data.steps[i], v]),
        kind,
        "cosine",
      );
    });
    plot.point(data.steps[state.at], result.cosine, "icl-trained", { radius: 6, mark: "now" });
  }

  function draw({ width, state }) {
    const result = compute(data, state);
    const run = data.runs[state.run];
    const top = drawProducts(width, state);
    drawCosines(top, width, state, result);
    set.at(state.at);
    seeds.forEach((node, place) => node.setAttribute("aria-pressed", place === state.run));
    const percent = (share) => `${Math.round(100 * share)} %`;
    const head = `Seed ${run.seed}, ${plural(data.steps[state.at], "update")}`;
    const numbers = `cosine ${number(result.cosine)}, loss ${number(result.loss)}`;
    const shares =
      `Of A's columns for x, ${percent(result.identity)} is the identity; ` +
      `of B's last row, ${percent(result.corner)} is its corner for y.`;
    const rate = `η read off: ${number(result.lr, 2)}, best ${number(data.best, 2)}.`;
    return { height: top + 120 + 48, sentence: `${head}: ${numbers}. ${shares} ${rate}` };
  }
  start();
}

export default { render, compute };

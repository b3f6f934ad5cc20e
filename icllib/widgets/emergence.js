// The first layer's attention and the loss, by update of training.

function compute(data, state) {
  const run = data.runs[state.run];
  const map = run.maps[state.at];
  const row = map[state.asks];
  const most = row.reduce((best, w, t) => (w > row[best] ? t : best), 0);
  const halves = Array.from({ length: (map.length - 1) / 2 }, (_, i) => 2 * i);
  const mean = (values) => total(values) / values.length;
  return {
    next: mean(halves.map((t) => map[t][t + 1])),
    previous: mean(halves.map((t) => map[t + 1][t])),
    most,
    weight: row[most],
    loss: run.loss[state.at],
  };
}

const LEVELS = { zero: "icl-ink icl-thin", step: "icl-gd" };

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["box", "icl-bar icl-trained", "attention weight"],
    ["box", "icl-bar icl-query", "of the token that you chose"],
    ["line", "icl-trained icl-solid", "loss, this seed"],
    ["line", "icl-trained icl-solid icl-thin", "other seeds"],
    ["line", LEVELS.zero, "level: answering 0"],
    ["line", LEVELS.step, "level: one step of GD"],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const T = data.runs[0].maps[0].length;
  const names = Array.from({ length: T }, (_, t) => tokenName(t, T));
  const set = sliders(panel, change, {
    at: stops("Updates", data.steps),
    asks: stops("Token that asks", names),
  });
  const seeds = data.runs.map((run, place) =>
    button(panel, `Seed ${run.seed}`, () => change({ run: place })),
  );

  function drawLosses(top, width, state, result) {
    const highest = Math.max(data.zero, ...data.runs.flatMap((run) => run.loss));
    const ranges = { xRange: [0, data.steps.at(-1)], yRange: [0, 1.05 * highest] };
    const names = { xLabel: "updates", yLabel: "loss" };
    const plot = axes(layer, { top, w: width - 72, h: 120, ...ranges, ...names });
    for (const name of Object.keys(LEVELS)) plot.level(data[name], LEVELS[name], name);
    data.runs.forEach((run, place) => {
      const points = run.loss.map((loss, i) => [data.steps[i], loss]);
      const thin = place === state.run ? "" : "icl-thin";
      plot.curve(points, `icl-trained icl-solid ${thin}`, "loss");
    });
    const now = { radius: 6, mark: "now" };
    plot.point(data.steps[state.at], result.loss, "icl-trained", now);
  }

  function draw({ width, state }) {
    const result = compute(data, state);
    const run = data.runs[state.run];
    const cell = Math.min(24, (width - 60) / T);
    const left = 50 + (width - 60 - T * cell) / 2;
    const kindOf = (asks) => (asks === state.asks ? "icl-query" : "icl-trained");
    const blind = (row) => [...row, ...new Array(T - row.length).fill(0)];
    attentionMap(layer, run.maps[state.at].map(blind), { left, cell, kindOf });
    const top = 40 + T * cell + 24;
    drawLosses(top, width, state, result);
    set.at(state.at);
    set.asks(state.asks);
    seeds.forEach((node, place) => node.setAttribute("aria-pressed", place === state.run));
    const [next, previous] = [result.next, result.previous].map((weight) => number(weight, 2));
    const head = `Seed ${run.seed}, ${plural(data.steps[state.at], "update")}`;
    const levels = `answering 0 has ${number(data.zero)}, one step ${number(data.step)}`;
    const sentence =
      `${head}: loss ${number(result.loss)}; ${levels}. ` +
      `An x reads its own y with weight ${next}, a y its own x with ${previous}. ` +
      `${names[state.asks]} reads ${names[result.most]} most, with ${number(result.weight, 2)}.`;
    return { height: top + 120 + 48, sentence };
  }
  start();
}

export default { render, compute };

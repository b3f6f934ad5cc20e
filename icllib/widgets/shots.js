// A prompt with one input grows; six learners answer its query.

function compute(data, state) {
  const n = state.shots;
  const x = data.x[state.draw].slice(0, n);
  const w = data.w[state.draw];
  const labels = x.map((value, i) => w * value + state.noise * data.z[state.draw][i]);
  const [xx, xy] = [dot(x, x), dot(x, labels)];
  const lr = n / (n + 2 + state.noise ** 2);
  const descend = (steps) => {
    let slope = 0;
    for (let k = 0; k < steps; k++) slope += (lr / n) * (xy - slope * xx);
    return slope;
  };
  const slopes = [descend(1), descend(5), xy / (xx + state.noise ** 2), xy / xx];
  const gaps = x.map((value) => Math.abs(value - state.query));
  const closest = labels[gaps.indexOf(Math.min(...gaps))];
  const order = x.map((_, i) => i).sort((i, j) => x[i] - x[j]);
  return {
    labels,
    answers: [total(labels) / n, closest, ...slopes.map((slope) => slope * state.query)],
    slopes,
    truth: w * state.query,
    borders: order.slice(1).map((j, i) => (x[j] + x[order[i]]) / 2),
    nearest: order.map((i) => labels[i]),
  };
}

// Line and dot of each learner, in the order of the names.
const LINES = [
  "icl-data icl-dashed",
  "icl-data",
  "icl-gd icl-thin",
  "icl-gd",
  "icl-optimum",
  "icl-other",
];
const DOTS = ["icl-data", "icl-data", "icl-gd", "icl-gd", "icl-ink", "icl-other"];

// What each learner answers to every query between left and right, as points of a line.
function answersTo([left, right], { answers, slopes, borders, nearest }) {
  const stairs = nearest.flatMap((label, i) => [
    [borders[i - 1] ?? left, label],
    [borders[i] ?? right, label],
  ]);
  const mean = [
    [left, answers[0]],
    [right, answers[0]],
  ];
  return [
    mean,
    stairs,
    ...slopes.map((slope) => [
      [left, slope * left],
      [right, slope * right],
    ]),
  ];
}

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ...data.names.map((name, k) => ["line", LINES[k], name]),
    ["dot", "icl-ink", "example"],
    ["line", "icl-query", "the query, and the truth"],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const widest = Math.ceil(Math.max(3, ...data.x.flat().map(Math.abs)));
  const show = (v) => number(v, 1);
  const set = sliders(panel, change, {
    shots: { label: "Examples N", min: 1, max: data.x[0].length, step: 1 },
    noise: { label: "Noise σ", min: 0, max: 2, step: 0.1, show },
    query: { label: "Query x_q", min: -3, max: 3, step: 0.1, show },
  });
  const next = () => change({ draw: (model.get("state").draw + 1) % data.x.length });
  button(panel, "Another prompt", next);

  function drawLearners(box, yRange, state, result) {
    const xRange = [-widest, widest];
    const names = { name: "learners", xLabel: "input (x)", yLabel: "label (y)" };
    const plot = axes(layer, { ...box, xRange, yRange, ...names });
    plot.upright(state.query, "icl-query", "query");
    answersTo(xRange, result).forEach((points, k) => plot.curve(points, LINES[k], `line ${k}`));
    result.labels.forEach((label, i) => {
      plot.point(data.x[state.draw][i], label, "icl-ink", { radius: 4.5, mark: "example" });
    });
  }

  function drawAnswers(box, xRange, result) {
    const rows = result.answers.length;
    const names = { name: "answers", xLabel: "answer to the query", yLabel: "" };
    const scale = { xRange, yRange: [0, rows], yTicks: [], xTicks: ticksOf(...xRange, 4) };
    const plot = axes(layer, { ...box, ...scale, ...names });
    plot.upright(result.truth, "icl-query", "truth");
    result.answers.forEach((answer, k) => {
      const at = rows - k - 0.5;
      text(plot.group, box.left - 8, plot.y(at) + 4, data.names[k], "icl-tick", "end");
      plot.level(at, "icl-grid", "row");
      plot.point(answer, at, DOTS[k], { radius: 6, mark: "answer" });
    });
  }

  function draw({ width, state }) {
    const result = compute(data, state);
    const wide = width >= 560;
    const h = wide ? 230 : 190;
    const reach = roundUp(Math.max(4, ...[...result.labels, result.truth].map(Math.abs)));
    const left = { w: wide ? (width - 230) / 2 : width - 72, h };
    const right = wide
      ? { left: left.w + 160, w: width - left.w - 176, h }
      : { left: 112, top: h + 62, w: width - 128, h: 180 };
    drawLearners(left, [-reach, reach], state, result);
    drawAnswers(right, [-reach, reach], result);
    set.shots(state.shots);
    set.noise(state.noise);
    set.query(state.query);
    const gaps = result.answers.map((answer) => Math.abs(answer - result.truth));
    const best = data.names[gaps.indexOf(Math.min(...gaps))];
    const list = result.answers.map((answer, k) => `${data.names[k]} ${number(answer, 2)}`);
    const head = `${plural(state.shots, "example")}, truth ${number(result.truth, 2)}. Answers:`;
    const sentence = `${head} ${list.join(", ")}. Closest this time: ${best}.`;
    return { height: wide ? h + 48 : h + 62 + 180 + 40, sentence };
  }
  start();
}

export default { render, compute };

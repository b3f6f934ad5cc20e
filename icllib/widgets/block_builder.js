// Fill the blocks of the four matrices by hand, until one linear self-attention layer is one step of gradient descent.

const NAMES = ["W_K", "W_Q", "W_V", "P"];
const BLOCKS = ["xx", "xy", "yx", "yy"]; // written part, read part
const SQUARE = ["0", "I", "−I", "η/N I", "−η/N I"];
const OPTIONS = { xx: SQUARE, xy: ["0"], yx: ["0", "W₀", "−W₀"], yy: SQUARE };
const SOLUTION = { W_K: ["I", "0", "0", "0"], W_Q: ["I", "0", "0", "0"], W_V: ["0", "0", "W₀", "−I"], P: ["η/N I", "0", "0", "η/N I"] };
const HINTS = {
  W_K: "Keys carry x alone: W_K needs I in its x-to-x block and zeros elsewhere.",
  W_Q: "Query vectors carry x alone: W_Q needs I in its x-to-x block and zeros elsewhere.",
  W_V: "A value is minus the residual, W₀x − y, in the y-part: W_V needs W₀ (from x) and −I (from y) in its y-row.",
  P: "P scales the sum by η/N: it needs η/N I in its y-to-y block.",
};

// The full matrix of four named blocks.
function matrix(names, data) {
  const d = data.x[0].length;
  const size = d + 1;
  const step = data.lr / data.x.length;
  const factor = { 0: 0, I: 1, "−I": -1, "η/N I": step, "−η/N I": -step, "W₀": 1, "−W₀": -1 };
  const M = Array.from({ length: size }, () => new Array(size).fill(0));
  for (let i = 0; i < d; i++) {
    M[i][i] = factor[names[0]];
    M[d][i] = factor[names[2]] * data.w0[i];
  }
  M[d][d] = factor[names[3]];
  return M;
}

function compute(data, state) {
  const [K, Q, V, P] = NAMES.map((name) => matrix(state[name], data));
  const context = data.x.map((x, i) => [...x, data.y[i]]);
  const tokens = [...context, [...data.x_query, -dot(data.w0, data.x_query)]];
  const keys = context.map((e) => times(K, e));
  const values = context.map((e) => times(V, e));
  const after = tokens.map((e) => {
    const q = times(Q, e);
    const mixed = e.map((_, i) => values.reduce((sum, v, n) => sum + v[i] * dot(keys[n], q), 0));
    return times(P, mixed).map((v, i) => v + e[i]);
  });
  const step = data.lr / data.x.length;
  const delta = data.w0.map((_, i) => step * data.x.reduce((sum, x, n) => sum + (data.y[n] - dot(data.w0, x)) * x[i], 0));
  const target = tokens.map((e) => [...e.slice(0, -1), e.at(-1) - dot(delta, e.slice(0, -1))]);
  const error = Math.max(...after.flatMap((e, j) => e.map((v, i) => Math.abs(v - target[j][i]))));
  return { after, target, error, prediction: -after.at(-1).at(-1), gd_prediction: -target.at(-1).at(-1) };
}

function render({ model, el }) {
  const data = model.get("data");
  const { layer, panel, change, start } = stage(el, model, { draw });
  const grid = make("div", { class: "icl-matrices" });
  panel.before(grid);
  const selects = {};
  for (const name of NAMES) {
    const box = make("fieldset", { class: "icl-matrix" }, make("legend", {}, name));
    selects[name] = BLOCKS.map((block, i) => {
      const words = `${name}, from ${block[1]} to ${block[0]}`;
      return box.appendChild(choice(OPTIONS[block], words, (value) => change({ [name]: model.get("state")[name].with(i, value), hint: "" })));
    });
    grid.append(box);
  }
  button(panel, "Hint", () => {
    const state = model.get("state");
    const wrong = NAMES.find((name) => state[name].some((block, i) => block !== SOLUTION[name][i]));
    change({ hint: wrong ? HINTS[wrong] : "Every block is as in Proposition 1." });
  });
  button(panel, "Show the solution", () => change({ ...structuredClone(SOLUTION), hint: "" }));

  function draw({ width, state }) {
    const result = compute(data, state);
    const all = [...result.after, ...result.target].map((e) => e.at(-1));
    const reach = Math.max(1, ...all.map(Math.abs)) * 1.15;
    const h = 170;
    const n = result.after.length;
    const scale = axes(layer, { w: width - 60, h, xRange: [0.5, n + 0.5], yRange: [-reach, reach], xLabel: "token (the last is the query)", yLabel: "y-part", xTicks: result.after.map((_, j) => j + 1), yTicks: [-1, 0, 1], yShow: (t) => String(t).replace("-", "−") });
    result.after.forEach((e, j) => {
      layer.append(make("circle", { cx: scale.x(j + 1), cy: scale.y(result.target[j].at(-1)), r: 9, class: "icl-ring icl-gd" }));
      layer.append(make("circle", { cx: scale.x(j + 1), cy: scale.y(e.at(-1)), r: 5, class: j + 1 === n ? "icl-dot icl-query" : "icl-dot icl-ink" }));
    });
    for (const name of NAMES) selects[name].forEach((select, i) => {
      select.value = state[name][i];
      select.dataset.sign = state[name][i] === "0" ? "zero" : state[name][i].startsWith("−") ? "minus" : "plus";
    });
    const as = NAMES.every((name) => state[name].every((block, i) => block === SOLUTION[name][i]));
    const solved = result.error < 1e-12 ? (as ? " Solved, as in Proposition 1." : " Solved, with other weights than the book's: they are not unique.") : "";
    const words = `The layer predicts ${number(result.prediction)}, the gradient step ${number(result.gd_prediction)}. Largest error over all tokens: ${result.error === 0 ? "0" : number(result.error)}.${solved} ${state.hint}`;
    return { height: h + 48, sentence: words };
  }
  start();
}

export default { render, compute };

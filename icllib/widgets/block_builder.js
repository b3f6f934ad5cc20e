// Fill the blocks of the four matrices by hand, until one linear self-attention layer is one step
// of gradient descent.

const NAMES = ["W_K", "W_Q", "W_V", "P"];
const BLOCKS = ["xx", "xy", "yx", "yy"]; // written part, read part
const SQUARE = ["0", "I", "−I", "η/N I", "−η/N I"];
const OPTIONS = { xx: SQUARE, xy: ["0"], yx: ["0", "W₀", "−W₀"], yy: SQUARE };
const SOLUTION = {
  W_K: ["I", "0", "0", "0"],
  W_Q: ["I", "0", "0", "0"],
  W_V: ["0", "0", "W₀", "−I"],
  P: ["η/N I", "0", "0", "η/N I"],
};
const HINTS = {
  W_K: "Keys carry x alone: W_K needs I in its x-to-x block and zeros elsewhere.",
  W_Q: "Query vectors carry x alone: W_Q needs I in its x-to-x block and zeros elsewhere.",
  W_V:
    "A value is the residual, W₀x − y, in the y-part: " +
    "W_V needs W₀ (from x) and −I (from y) in its y-row.",
  P: "P scales the sum by η/N: it needs η/N I in its y-to-y block.",
};

// The full matrix of four named blocks.
function matrix(names, data) {
  const d = data.x[0].length;
  const step = data.lr / data.x.length;
  const factor = { 0: 0, I: 1, "−I": -1, "η/N I": step, "−η/N I": -step, "W₀": 1, "−W₀": -1 };
  const M = Array.from({ length: d + 1 }, () => new Array(d + 1).fill(0));
  for (let i = 0; i < d; i++) {
    M[i][i] = factor[names[0]];
    M[d][i] = factor[names[2]] * data.w0[i];
  }
  M[d][d] = factor[names[3]];
  return M;
}

// The tokens after the layer.
function layerOf(data, state, tokens) {
  const [K, Q, V, P] = NAMES.map((name) => matrix(state[name], data));
  const context = tokens.slice(0, -1);
  const keys = context.map((e) => times(K, e));
  const values = context.map((e) => times(V, e));
  return tokens.map((e) => {
    const q = times(Q, e);
    const mixed = e.map((_, i) => values.reduce((sum, v, n) => sum + v[i] * dot(keys[n], q), 0));
    return times(P, mixed).map((v, i) => v + e[i]);
  });
}

function compute(data, state) {
  const context = data.x.map((x, i) => [...x, data.y[i]]);
  const tokens = [...context, [...data.x_query, -dot(data.w0, data.x_query)]];
  const after = layerOf(data, state, tokens);
  const step = data.lr / data.x.length;
  const residuals = data.x.map((x, n) => data.y[n] - dot(data.w0, x));
  const delta = data.w0.map(
    (_, i) =>
      step *
      dot(
        residuals,
        data.x.map((x) => x[i]),
      ),
  );
  const target = tokens.map((e) => [...e.slice(0, -1), e.at(-1) - dot(delta, e.slice(0, -1))]);
  const gaps = after.flatMap((e, j) => e.map((v, i) => Math.abs(v - target[j][i])));
  const error = Math.max(...gaps);
  const [prediction, wanted] = [after, target].map((all) => -all.at(-1).at(-1));
  return { after, target, error, prediction, gd_prediction: wanted };
}

// The four matrices, a choice for each block. Returns what shows a state.
function matrixBoxes(panel, model, change) {
  const grid = make("div", { class: "icl-matrices" });
  panel.before(grid);
  const selects = {};
  const set = (name, i, value) =>
    change({ [name]: model.get("state")[name].with(i, value), hint: "" });
  for (const name of NAMES) {
    const box = make("fieldset", { class: "icl-matrix" }, make("legend", {}, ...rich(name)));
    selects[name] = BLOCKS.map((block, i) => {
      const words = `${name}, from ${block[1]} to ${block[0]}`;
      return box.appendChild(choice(OPTIONS[block], words, (value) => set(name, i, value)));
    });
    grid.append(box);
  }
  const signOf = (block) => (block === "0" ? "zero" : block.startsWith("−") ? "minus" : "plus");
  return (state) =>
    NAMES.forEach((name) =>
      selects[name].forEach((select, i) => {
        select.value = state[name][i];
        select.dataset.sign = signOf(state[name][i]);
      }),
    );
}

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["ring", "icl-gd", "y-part after one gradient step"],
    ["dot", "icl-ink", "after the layer, of an example"],
    ["dot", "icl-query", "after the layer, of the query"],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const showBoxes = matrixBoxes(panel, model, change);
  const asInTheBook = (state, name) => state[name].every((block, i) => block === SOLUTION[name][i]);
  button(panel, "Hint", () => {
    const wrong = NAMES.find((name) => !asInTheBook(model.get("state"), name));
    change({ hint: wrong ? HINTS[wrong] : "Every block is as in Proposition 1." });
  });
  button(panel, "Show the solution", () => change({ ...structuredClone(SOLUTION), hint: "" }));

  function solved(result, state) {
    if (result.error >= 1e-12) return "";
    const same = NAMES.every((name) => asInTheBook(state, name));
    const others = "with other weights than the book's: they are not unique";
    return ` Solved, ${same ? "as in Proposition 1" : others}.`;
  }

  function draw({ width, state }) {
    const result = compute(data, state);
    const n = result.after.length;
    const sizes = [...result.after, ...result.target].map((e) => Math.abs(e.at(-1)));
    const reach = Math.ceil(1.1 * Math.max(1, ...sizes));
    const ranges = { xRange: [0.5, n + 0.5], yRange: [-reach, reach] };
    const names = { xLabel: "token (the last is the query)", yLabel: "y-part" };
    const ticks = { xTicks: result.after.map((_, j) => j + 1) };
    const plot = axes(layer, { w: width - 72, h: 150, ...ranges, ...names, ...ticks });
    result.after.forEach((e, j) => {
      const wanted = result.target[j].at(-1);
      plot.point(j + 1, wanted, "icl-gd", { radius: 9, shape: "ring", mark: "target" });
      const kind = j + 1 === n ? "icl-query" : "icl-ink";
      plot.point(j + 1, e.at(-1), kind, { radius: 5, mark: "after" });
    });
    showBoxes(state);
    const [ours, step] = [result.prediction, result.gd_prediction].map((v) => number(v));
    const error = result.error === 0 ? "0" : number(result.error);
    const predictions = `The layer predicts ${ours}, the gradient step ${step}.`;
    const rest = `Largest error over all tokens: ${error}.${solved(result, state)} ${state.hint}`;
    return { height: 150 + 48, sentence: `${predictions} ${rest}` };
  }
  start();
}

export default { render, compute };

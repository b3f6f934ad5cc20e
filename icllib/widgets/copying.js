// The attention of a softmax copying layer over positions, by the scale of its logits.

function compute(data, state) {
  const n = data.y.length;
  const T = 2 * n + 1;
  const read = state.sees_query ? T : T - 1;
  const label = (t) => (t % 2 && t < 2 * n ? data.y[(t - 1) / 2] : 0);
  const next = state.shift === "next";
  const itself = (asks, at) => next && state.sees_query && at === T - 1 && asks === T - 1;
  const meets = (asks, at) => at === asks + (next ? 1 : -1) || itself(asks, at);
  const weights = Array.from({ length: T }, (_, asks) => {
    const met = Array.from({ length: read }, (_, at) => meets(asks, at));
    const grown = met.map((hit) => Math.exp(hit ? 0 : -state.scale));
    const row = met.includes(true) ? grown.map((v) => v / total(grown)) : grown.map(() => 1 / read);
    return [...row, ...new Array(T - read).fill(0)];
  });
  const copy = (row) => row.reduce((sum, w, t) => sum + w * label(t), 0);
  const copied = Array.from({ length: n + 1 }, (_, i) => copy(weights[2 * i]));
  const error = Math.max(...copied.map((v, i) => Math.abs(v - (i < n ? data.y[i] : 0))));
  return { weights, copied, error };
}

const SHIFTS = { "reads the next token": "next", "reads the token before": "before" };

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["box", "icl-bar icl-gd", "attention weight of an example's token"],
    ["box", "icl-bar icl-query", "of the query's token"],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const set = sliders(panel, change, { scale: { label: "Logit scale", min: 0, max: 60, step: 1 } });
  const turn = (words) => change({ shift: SHIFTS[words] });
  const shift = panel.appendChild(choice(Object.keys(SHIFTS), "Direction of the shift", turn));
  const flip = () => change({ sees_query: !model.get("state").sees_query });
  const sees = button(panel, "Query sees itself", flip);

  // What each weight looks like.
  function drawScale(left, top, cell) {
    text(layer, left, top + cell / 2 + 4, "weight");
    [1, 0.5, 0.1, 0.01].forEach((weight, i) => {
      const x = left + 52 + i * (cell + 34);
      square(layer, weight, [x, top], cell, "icl-gd", "scale");
      text(layer, x + cell + 4, top + cell / 2 + 4, plain(weight));
    });
  }

  function draw({ width, state }) {
    const result = compute(data, state);
    const T = result.weights.length;
    const cell = Math.min(32, (width - 60) / T);
    const left = 50 + (width - 60 - T * cell) / 2;
    const kindOf = (asks) => (asks === T - 1 ? "icl-query" : "icl-gd");
    attentionMap(layer, result.weights, { left, cell, kindOf });
    const top = 40 + T * cell + 14;
    drawScale(left - 10, top, 18);
    set.scale(state.scale);
    shift.value = Object.keys(SHIFTS).find((words) => SHIFTS[words] === state.shift);
    sees.setAttribute("aria-pressed", state.sees_query);
    const [first, query] = [result.copied[0], result.copied.at(-1)].map((v) => number(v));
    const error = result.error < 1e-15 ? "0" : number(result.error);
    const one = `The first x copies ${first}; its label is ${number(data.y[0])}.`;
    const sentence = `${one} The query copies ${query}; right is 0. Largest error ${error}.`;
    return { height: top + 30, sentence };
  }
  start();
}

export default { render, compute };

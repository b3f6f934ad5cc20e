// The attention of a softmax copying layer over positions, by the scale of its logits.

function compute(data, state) {
  const n = data.y.length;
  const T = 2 * n + 1;
  const read = state.sees_query ? T : T - 1;
  const label = (t) => (t % 2 && t < 2 * n ? data.y[(t - 1) / 2] : 0);
  const meets = (asks, at) => (state.shift === "next" ? at === asks + 1 : at === asks - 1) || (state.shift === "next" && state.sees_query && at === T - 1 && asks === T - 1);
  const weights = Array.from({ length: T }, (_, asks) => {
    const grown = Array.from({ length: read }, (_, at) => Math.exp(meets(asks, at) ? 0 : -state.scale));
    const total = grown.reduce((sum, v) => sum + v, 0);
    const hits = grown.some((v) => v === 1);
    const row = hits ? grown.map((v) => v / total) : grown.map(() => 1 / read);
    return [...row, ...new Array(T - read).fill(0)];
  });
  const copied = Array.from({ length: n + 1 }, (_, i) => weights[2 * i].reduce((sum, w, t) => sum + w * label(t), 0));
  return { weights, copied, error: Math.max(...copied.map((v, i) => Math.abs(v - (i < n ? data.y[i] : 0)))) };
}

function render({ model, el }) {
  const data = model.get("data");
  const { layer, panel, change, start } = stage(el, model, { draw });
  const setScale = slider(panel, { label: "Logit scale", min: 0, max: 60, step: 1, show: String, onInput: (scale) => change({ scale }) });
  const shifts = { "reads the next token": "next", "reads the token before": "before" };
  const shift = panel.appendChild(choice(Object.keys(shifts), "Direction of the shift", (text) => change({ shift: shifts[text] })));
  const sees = button(panel, "Query sees itself", () => change({ sees_query: !model.get("state").sees_query }));

  function draw({ width, state }) {
    const result = compute(data, state);
    const T = result.weights.length;
    const names = Array.from({ length: T }, (_, t) => (t === T - 1 ? "q" : `${t % 2 ? "y" : "x"}${Math.floor(t / 2) + 1}`));
    const cell = Math.min(34, (width - 40) / T);
    names.forEach((name, t) => {
      layer.append(make("text", { x: 36 + (t + 0.5) * cell, y: 14, class: "icl-tick", "text-anchor": "middle" }, name));
      layer.append(make("text", { x: 30, y: 20 + (t + 0.5) * cell + 4, class: "icl-tick", "text-anchor": "end" }, name));
    });
    result.weights.forEach((row, r) => row.forEach((weight, c) => {
      layer.append(make("rect", { x: 36 + c * cell, y: 20 + r * cell, width: cell, height: cell, class: "icl-frame" }));
      const side = Math.sqrt(weight) * (cell - 3);
      if (side > 0.3) layer.append(make("rect", { x: 36 + (c + 0.5) * cell - side / 2, y: 20 + (r + 0.5) * cell - side / 2, width: side, height: side, class: r === T - 1 ? "icl-bar icl-query" : "icl-bar icl-gd" }));
    }));
    setScale(state.scale);
    shift.value = Object.keys(shifts).find((text) => shifts[text] === state.shift);
    sees.setAttribute("aria-pressed", state.sees_query);
    const query = result.copied.at(-1);
    return {
      height: 26 + T * cell,
      sentence: `The first x copies ${number(result.copied[0], 3)}; its label is ${number(data.y[0], 3)}. The query copies ${number(query, 3)}; right is 0. Largest error ${result.error < 1e-15 ? "0" : number(result.error)}.`,
    };
  }
  start();
}

export default { render, compute };

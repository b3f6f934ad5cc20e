// Letters stored in one matrix under keys, by a sum or by the delta rule, and recalled.

function compute(data, state) {
  const keys = data[state.keys].slice(0, state.pairs);
  const values = data.values.slice(0, state.pairs);
  const memory = values[0].map(() => keys[0].map(() => 0));
  keys.forEach((key, i) => {
    const known = state.rule === "delta" ? times(memory, key) : values[i].map(() => 0);
    memory.forEach((row, r) => row.forEach((_, c) => (row[c] += (values[i][r] - known[r]) * key[c])));
  });
  const recalled = keys.map((key) => times(memory, key));
  const errors = recalled.map((letter, i) => {
    const gap = letter.map((v, r) => v - values[i][r]);
    return dot(gap, gap) / dot(values[i], values[i]);
  });
  return { recalled, errors, mean_error: errors.reduce((sum, e) => sum + e, 0) / errors.length };
}

function render({ model, el }) {
  const data = model.get("data");
  const { layer, panel, change, start } = stage(el, model, { draw });
  const setPairs = slider(panel, { label: "Letters stored", min: 1, max: data.values.length, step: 1, show: String, onInput: (pairs) => change({ pairs, asked: Math.min(model.get("state").asked, pairs - 1) }) });
  const setAsked = slider(panel, { label: "Letter to look at", min: 1, max: data.values.length, step: 1, show: (i) => data.letters[i - 1], onInput: (i) => change({ asked: Math.min(i, model.get("state").pairs) - 1 }) });
  const d = data.random[0].length;
  const kinds = { "random keys": "random", "orthogonal keys": "orthogonal" };
  const rules = { "rule: sum": "sum", "rule: delta": "delta" };
  const keys = panel.appendChild(choice(Object.keys(kinds), "Keys", (text) => change({ keys: kinds[text] })));
  const rule = panel.appendChild(choice(Object.keys(rules), "Rule", (text) => change({ rule: rules[text] })));

  function letter(pixels, x, y, size) {
    pixels.forEach((value, i) => {
      const shade = Math.min(1, Math.max(0, (value + 1) / 2));
      layer.append(make("rect", { x: x + (i % 5) * size, y: y + Math.floor(i / 5) * size, width: size, height: size, class: "icl-pixel", "fill-opacity": shade.toFixed(3) }));
    });
  }

  function draw({ width, state }) {
    const result = compute(data, state);
    const n = state.pairs;
    const large = 14;
    layer.append(make("text", { x: 4, y: 16, class: "icl-label" }, `stored: ${data.letters[state.asked]}`));
    layer.append(make("text", { x: 4 + 5 * large + 40, y: 16, class: "icl-label" }, "recalled"));
    letter(data.values[state.asked], 4, 26, large);
    letter(result.recalled[state.asked], 4 + 5 * large + 40, 26, large);
    const slot = (width - 8) / data.values.length;
    const size = slot / 6;
    const top = 26 + 5 * large + 24;
    for (let i = 0; i < n; i++) {
      if (i === state.asked) layer.append(make("rect", { x: 4 + i * slot - 2, y: top - 4, width: slot - size + 4, height: 10.6 * size + 16, class: "icl-ring icl-query" }));
      letter(data.values[i], 4 + i * slot, top, size);
      letter(result.recalled[i], 4 + i * slot, top + 5.6 * size, size);
    }
    const under = top + 11 * size + 22;
    const h = 90;
    const most = Math.max(1, ...result.errors);
    layer.append(make("text", { x: 4, y: under, class: "icl-label" }, "error of each recall"));
    result.errors.forEach((error, i) => {
      const bar = (error / most) * h;
      layer.append(make("rect", { x: 4 + i * slot, y: under + 8 + h - bar, width: slot - size, height: Math.max(bar, 0.5), class: "icl-bar icl-gd" }));
    });
    layer.append(make("line", { x1: 4, x2: width - 4, y1: under + 8 + h, y2: under + 8 + h, class: "icl-grid" }));
    setPairs(n);
    setAsked(state.asked + 1);
    keys.value = Object.keys(kinds).find((text) => kinds[text] === state.keys);
    rule.value = Object.keys(rules).find((text) => rules[text] === state.rule);
    const full = n > d ? ` More pairs than the ${d} dimensions of a key.` : "";
    const clean = (error) => (error < 1e-12 ? "0" : number(error));
    return {
      height: under + h + 16,
      sentence: `${n} letters in a matrix of 25 × ${d}, ${state.keys} keys, ${state.rule === "sum" ? "summed" : "delta rule"}. ${data.letters[state.asked]} comes back with an error of ${clean(result.errors[state.asked])}; mean ${clean(result.mean_error)}.${full}`,
    };
  }
  start();
}

export default { render, compute };

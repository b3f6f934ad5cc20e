// Letters stored in one matrix under keys, by a sum or by the delta rule, and recalled.

function compute(data, state) {
  const keys = data[state.keys].slice(0, state.pairs);
  const values = data.values.slice(0, state.pairs);
  const memory = values[0].map(() => keys[0].map(() => 0));
  keys.forEach((key, i) => {
    const known = state.rule === "delta" ? times(memory, key) : values[i].map(() => 0);
    memory.forEach((row, r) => {
      row.forEach((_, c) => (row[c] += (values[i][r] - known[r]) * key[c]));
    });
  });
  const recalled = keys.map((key) => times(memory, key));
  const errors = recalled.map((letter, i) => {
    const gap = letter.map((v, r) => v - values[i][r]);
    return dot(gap, gap) / dot(values[i], values[i]);
  });
  return { recalled, errors, mean_error: total(errors) / errors.length };
}

// A letter of 5 × 5 pixels; ink is `reach`, paper −reach.
function drawLetter(layer, pixels, [x, y], size, reach, mark = "") {
  pixels.forEach((value, i) => {
    const place = { x: x + (i % 5) * size, y: y + Math.floor(i / 5) * size };
    const look = { "fill-opacity": ((value / reach + 1) / 2).toFixed(3), "data-mark": mark };
    const square = { ...place, width: size, height: size, class: "icl-pixel" };
    layer.append(make("rect", { ...square, ...look }));
  });
}

// Which number each shade stands for.
function shades(layer, [x, y], w, reach) {
  const parts = 16;
  for (let i = 0; i < parts; i++) {
    const place = { x: x + (i * w) / parts, y, width: w / parts, height: 10 };
    const look = { class: "icl-pixel", "fill-opacity": ((i + 0.5) / parts).toFixed(3) };
    layer.append(make("rect", { ...place, ...look }));
  }
  layer.append(make("rect", { x, y, width: w, height: 10, class: "icl-frame" }));
  text(layer, x, y + 24, number(-reach, 1));
  text(layer, x + w, y + 24, number(reach, 1), "icl-tick", "end");
}

const KEYS = { "random keys": "random", "orthogonal keys": "orthogonal" };
const RULES = { "rule: sum": "sum", "rule: delta": "delta" };
const LARGE = 14;

function render({ model, el }) {
  const data = model.get("data");
  const entries = [["ring", "icl-query", "ring and orange bar: the letter to look at"]];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const most = data.values.length;
  const keep = (pairs) => Math.min(model.get("state").asked, pairs - 1);
  const setPairs = slider(panel, {
    label: "Letters stored",
    min: 1,
    max: most,
    step: 1,
    onInput: (pairs) => change({ pairs, asked: keep(pairs) }),
  });
  const setAsked = slider(panel, {
    label: "Letter to look at",
    min: 1,
    max: most,
    step: 1,
    show: (i) => data.letters[i - 1],
    onInput: (i) => change({ asked: Math.min(i, model.get("state").pairs) - 1 }),
  });
  const d = data.random[0].length;
  const pick = (options, label, name) => {
    const take = (words) => change({ [name]: options[words] });
    return panel.appendChild(choice(Object.keys(options), label, take));
  };
  const keys = pick(KEYS, "Keys", "keys");
  const rule = pick(RULES, "Rule", "rule");

  // Each recalled letter has shades of its own.
  const reachOf = (pixels) => Math.max(1, ...pixels.map(Math.abs));

  function drawOne(state, result) {
    const recalled = result.recalled[state.asked];
    const second = 5 * LARGE + 36;
    text(layer, 4, 16, `stored: ${data.letters[state.asked]}`, "icl-label");
    text(layer, second, 16, "recalled", "icl-label");
    drawLetter(layer, data.values[state.asked], [4, 26], LARGE, 1);
    drawLetter(layer, recalled, [second, 26], LARGE, reachOf(recalled), "asked");
    shades(layer, [4, 32 + 5 * LARGE], 5 * LARGE, 1);
    shades(layer, [second, 32 + 5 * LARGE], 5 * LARGE, reachOf(recalled));
  }

  function drawAll({ slot, top, plot, state, result }) {
    const size = slot / 6.4;
    for (let i = 0; i < state.pairs; i++) {
      const x = plot.x(i + 0.5) - 2.5 * size;
      if (i === state.asked) {
        const box = { x: x - 4, y: top - 5, width: 5 * size + 8, height: 10.8 * size + 10 };
        layer.append(make("rect", { ...box, class: "icl-ring icl-query" }));
      }
      drawLetter(layer, data.values[i], [x, top], size, 1);
      const recalled = result.recalled[i];
      drawLetter(layer, recalled, [x, top + 5.8 * size], size, reachOf(recalled));
      const kind = `icl-bar ${i === state.asked ? "icl-query" : "icl-gd"}`;
      plot.area([i + 0.2, 0], [i + 0.8, result.errors[i]], kind, "error");
    }
  }

  function draw({ width, state }) {
    const result = compute(data, state);
    const slot = (width - 72) / most;
    const top = 26 + 5 * LARGE + 58;
    const under = top + 11 * (slot / 6.4) + 20;
    const highest = roundUp(Math.max(1, ...result.errors));
    const ranges = { xRange: [0, most], yRange: [0, highest], yTicks: [0, highest / 2, highest] };
    const names = { xLabel: "letter", yLabel: "error" };
    const xTicks = result.errors.map((_, i) => i + 0.5);
    const letters = { xTicks, xShow: (t) => data.letters[Math.floor(t)] };
    const plot = axes(layer, { top: under, w: width - 72, h: 80, ...ranges, ...names, ...letters });
    drawOne(state, result);
    drawAll({ slot, top, plot, state, result });
    setPairs(state.pairs);
    setAsked(state.asked + 1);
    keys.value = Object.keys(KEYS).find((words) => KEYS[words] === state.keys);
    rule.value = Object.keys(RULES).find((words) => RULES[words] === state.rule);
    const clean = (error) => (error < 1e-12 ? "0" : number(error));
    const how = `${state.keys} keys, ${state.rule === "sum" ? "summed" : "delta rule"}`;
    const head = `${plural(state.pairs, "letter")} in a matrix of 25 × ${d}, ${how}.`;
    const [error, mean] = [result.errors[state.asked], result.mean_error].map(clean);
    const one =
      `${data.letters[state.asked]} comes back with an error of ${error} ` +
      `(of its squared length); mean ${mean}.`;
    const full = state.pairs > d ? ` More pairs than the ${d} dimensions of a key.` : "";
    return { height: under + 80 + 48, sentence: `${head} ${one}${full}` };
  }
  start();
}

export default { render, compute };

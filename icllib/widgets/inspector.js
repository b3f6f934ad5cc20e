// Every number of one attention head; a chosen number shows the numbers that it was made from.

const BLOCKS = ["tokens", "queries", "keys", "values", "scores", "weights", "mixed", "update", "out"];
const MATRIX = { queries: "W_Q", keys: "W_K", values: "W_V", update: "P" };

function forward({ tokens, W_K, W_Q, W_V, P }) {
  const context = tokens.slice(0, -1);
  const queries = tokens.map((e) => times(W_Q, e));
  const keys = context.map((e) => times(W_K, e));
  const values = context.map((e) => times(W_V, e));
  const scores = queries.map((q) => keys.map((k) => dot(q, k) / Math.sqrt(q.length)));
  const weights = scores.map((row) => {
    const highest = Math.max(...row);
    const grown = row.map((s) => Math.exp(s - highest));
    const total = grown.reduce((sum, v) => sum + v, 0);
    return grown.map((v) => v / total);
  });
  const mixed = weights.map((row) => values[0].map((_, d) => dot(row, values.map((v) => v[d]))));
  const update = mixed.map((m) => times(P, m));
  const out = tokens.map((e, t) => e.map((v, i) => v + update[t][i]));
  return { tokens, queries, keys, values, scores, weights, mixed, update, out };
}

// The cells that one cell is computed from directly.
function parentsOf([name, row, column], arrays) {
  const across = (block, r) => arrays[block][0].map((_, i) => [block, r, i]);
  const rules = {
    tokens: () => [],
    queries: () => across("tokens", row),
    keys: () => across("tokens", row),
    values: () => across("tokens", row),
    scores: () => [...across("queries", row), ...across("keys", column)],
    weights: () => across("scores", row),
    mixed: () => [...across("weights", row), ...arrays.values.map((_, i) => ["values", i, column])],
    update: () => across("mixed", row),
    out: () => [["tokens", row, column], ["update", row, column]],
  };
  return rules[name]();
}

// The terms whose sum is the cell (before a score's division by √d): the factors of each, and the cell to follow back.
function termsOf(cell, parents, arrays, data) {
  const [name, , column] = cell;
  const at = ([block, r, c]) => arrays[block][r][c];
  if (name in MATRIX) return parents.map((p, i) => ({ factors: [data[MATRIX[name]][column][i], at(p)], from: p }));
  if (name === "scores" || name === "mixed") {
    const half = parents.length / 2;
    return parents.slice(0, half).map((p, i) => ({ factors: [at(p), at(parents[half + i])], from: name === "mixed" ? parents[half + i] : p }));
  }
  return parents.map((p) => ({ factors: [at(p)], from: p }));
}

function rebuild(cell, parents, arrays, data) {
  const [name, row, column] = cell;
  if (name === "tokens") return arrays.tokens[row][column];
  const terms = termsOf(cell, parents, arrays, data).map(({ factors }) => factors.reduce((product, v) => product * v, 1));
  if (name === "weights") return Math.exp(terms[column]) / terms.reduce((sum, v) => sum + Math.exp(v), 0);
  const sum = terms.reduce((total, v) => total + v, 0);
  return name === "scores" ? sum / Math.sqrt(terms.length) : sum;
}

function compute(data, { cell }) {
  const arrays = forward(data);
  const parents = parentsOf(cell, arrays);
  return { ...arrays, value: arrays[cell[0]][cell[1]][cell[2]], rebuilt: rebuild(cell, parents, arrays, data), parents: parents.map(([b, r, c]) => [b, String(r), String(c)]) };
}

function render({ model, el }) {
  const data = model.get("data");
  const { layer, panel, change, start } = stage(el, model, { draw });
  const arrays = forward(data);
  const same = (a, b) => a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
  const chosen = () => model.get("state").cell;
  const go = (cell) => {
    const focused = layer.contains(document.activeElement);
    change({ cell });
    if (focused) layer.querySelector("[tabindex='0']").focus();
  };
  const block = panel.appendChild(choice(BLOCKS, "Block of numbers", (name) => go([name, 0, 0])));
  button(panel, "Follow the largest term back", () => {
    const terms = termsOf(chosen(), parentsOf(chosen(), arrays), arrays, data);
    const size = ({ factors }) => Math.abs(factors.reduce((product, v) => product * v, 1));
    const largest = terms.reduce((best, term) => (!best || size(term) > size(best) ? term : best), null);
    if (largest) go(largest.from);
  });
  button(panel, "To the output", () => go(["out", arrays.out.length - 1, arrays.out[0].length - 1]));

  function move(key) {
    const [name, row, column] = chosen();
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const [down, right] = steps[key];
    let [b, r, c] = [BLOCKS.indexOf(name), row + down, column + right];
    if (c < 0 && b > 0) [b, c] = [b - 1, Infinity];
    else if (c >= arrays[name][0].length && b + 1 < BLOCKS.length) [b, c] = [b + 1, 0];
    const grid = arrays[BLOCKS[b]];
    return [BLOCKS[b], Math.min(grid.length - 1, Math.max(0, r)), Math.min(grid[0].length - 1, Math.max(0, c))];
  }

  function ancestors(cell) {
    const found = new Map();
    const visit = (at) => parentsOf(at, arrays).forEach((parent) => {
      if (!found.has(parent.join())) {
        found.set(parent.join(), parent);
        visit(parent);
      }
    });
    visit(cell);
    return found;
  }

  function words(cell) {
    const [name, row, column] = cell;
    const show = (v) => number(v, 2);
    const terms = termsOf(cell, parentsOf(cell, arrays), arrays, data);
    const who = row === arrays.tokens.length - 1 && !["keys", "values"].includes(name) ? "the query's token" : `token ${row + 1}`;
    const head = `${name}, ${who}, ${["scores", "weights"].includes(name) ? `on token ${column + 1}` : `slot ${column + 1}`}`;
    if (name === "tokens") return `${head}: ${show(arrays.tokens[row][column])}. An input: nothing stands behind it.`;
    const value = show(arrays[name][row][column]);
    if (name === "weights") return `${head}: e^${show(terms[column].factors[0])} / (${terms.map(({ factors }) => `e^${show(factors[0])}`).join(" + ")}) = ${value}.`;
    const sum = terms.map(({ factors }) => factors.map(show).join(" × ")).join(" + ");
    const what = name in MATRIX ? ` (row ${column + 1} of ${MATRIX[name]} times ${name === "update" ? "mixed" : "the token"})` : "";
    return `${head}${what}: ${name === "scores" ? `(${sum}) / √${terms.length}` : sum} = ${value}.`;
  }

  function draw({ width, state }) {
    const cell = state.cell;
    const direct = new Set(parentsOf(cell, arrays).map((p) => p.join()));
    const behind = ancestors(cell);
    const [w, h, gap] = [Math.min(46, Math.floor((width - 20) / 7)), 26, 14];
    let [left, top, tallest] = [2, 22, 0];
    for (const name of BLOCKS) {
      const grid = arrays[name];
      if (left + grid[0].length * w > width) [left, top, tallest] = [2, top + tallest + 34, 0];
      layer.append(make("text", { x: left, y: top - 6, class: "icl-label" }, name));
      grid.forEach((row, r) => row.forEach((value, c) => {
        const here = [name, r, c];
        const is = same(here, cell);
        const kind = is ? "icl-chosen" : direct.has(here.join()) ? "icl-direct" : behind.has(here.join()) ? "icl-behind" : "";
        const node = make("g", { role: "button", tabindex: is ? 0 : -1, "aria-pressed": is, "aria-label": `${name}, row ${r + 1}, column ${c + 1}: ${number(value, 2)}`, class: `icl-cell ${kind}` });
        node.append(make("rect", { x: left + c * w, y: top + r * h, width: w - 2, height: h - 2, rx: 3 }));
        node.append(make("text", { x: left + (c + 0.5) * w - 1, y: top + (r + 0.5) * h + 3, "text-anchor": "middle" }, number(value, 2)));
        node.addEventListener("click", () => go(here));
        node.addEventListener("keydown", (event) => {
          if (!event.key.startsWith("Arrow")) return;
          event.preventDefault();
          go(move(event.key));
        });
        layer.append(node);
      }));
      left += grid[0].length * w + gap;
      tallest = Math.max(tallest, grid.length * h);
    }
    block.value = cell[0];
    return { height: top + tallest + 6, sentence: words(cell) };
  }
  start();
}

export default { render, compute };

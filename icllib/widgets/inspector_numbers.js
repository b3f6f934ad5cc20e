// The numbers of one attention head, what each was made from, and how to say it.

const BLOCKS = [
  "tokens",
  "queries",
  "keys",
  "values",
  "scores",
  "weights",
  "mixed",
  "update",
  "out",
];
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
    return grown.map((v) => v / total(grown));
  });
  const slots = values[0].map((_, d) => values.map((v) => v[d]));
  const mixed = weights.map((row) => times(slots, row));
  const update = mixed.map((m) => times(P, m));
  const out = tokens.map((e, t) => e.map((v, i) => v + update[t][i]));
  return { tokens, queries, keys, values, scores, weights, mixed, update, out };
}

// The cells that one cell is computed from directly.
function parentsOf([name, row, column], arrays) {
  const across = (block, r) => arrays[block][0].map((_, i) => [block, r, i]);
  const down = (block, c) => arrays[block].map((_, i) => [block, i, c]);
  const rules = {
    tokens: () => [],
    queries: () => across("tokens", row),
    keys: () => across("tokens", row),
    values: () => across("tokens", row),
    scores: () => [...across("queries", row), ...across("keys", column)],
    weights: () => across("scores", row),
    mixed: () => [...across("weights", row), ...down("values", column)],
    update: () => across("mixed", row),
    out: () => [
      ["tokens", row, column],
      ["update", row, column],
    ],
  };
  return rules[name]();
}

// All cells behind one, by their names.
function ancestorsOf(cell, arrays) {
  const found = new Set();
  const visit = (at) =>
    parentsOf(at, arrays).forEach((parent) => {
      if (found.has(parent.join())) return;
      found.add(parent.join());
      visit(parent);
    });
  visit(cell);
  return found;
}

// The terms whose sum is the cell (before a score's division by √d): the factors of each, and the
// cell to follow back.
function termsOf(cell, parents, arrays, data) {
  const [name, , column] = cell;
  const at = ([block, r, c]) => arrays[block][r][c];
  if (name in MATRIX) {
    const row = data[MATRIX[name]][column];
    return parents.map((p, i) => ({ factors: [row[i], at(p)], from: p }));
  }
  if (name !== "scores" && name !== "mixed") {
    return parents.map((p) => ({ factors: [at(p)], from: p }));
  }
  const half = parents.length / 2;
  return parents.slice(0, half).map((p, i) => {
    const other = parents[half + i];
    return { factors: [at(p), at(other)], from: name === "mixed" ? other : p };
  });
}

const productOf = ({ factors }) => factors.reduce((product, v) => product * v, 1);

function rebuild(cell, parents, arrays, data) {
  const [name, row, column] = cell;
  if (name === "tokens") return arrays.tokens[row][column];
  const terms = termsOf(cell, parents, arrays, data).map(productOf);
  if (name === "weights") return Math.exp(terms[column]) / total(terms.map(Math.exp));
  return name === "scores" ? total(terms) / Math.sqrt(terms.length) : total(terms);
}

function compute(data, { cell }) {
  const arrays = forward(data);
  const parents = parentsOf(cell, arrays);
  return {
    ...arrays,
    value: arrays[cell[0]][cell[1]][cell[2]],
    rebuilt: rebuild(cell, parents, arrays, data),
    parents: parents.map(([b, r, c]) => [b, String(r), String(c)]),
  };
}

// How the chosen number was made, in words.
function wordsFor(cell, arrays, data) {
  const [name, row, column] = cell;
  const show = (v) => number(v, 2);
  const isQuery = row === arrays.tokens.length - 1 && !["keys", "values"].includes(name);
  const who = isQuery ? "the query's token" : `token ${row + 1}`;
  const part = ["scores", "weights"].includes(name) ? "on token" : "slot";
  const head = `${name}, ${who}, ${part} ${column + 1}`;
  const value = show(arrays[name][row][column]);
  if (name === "tokens") return `${head}: ${value}. An input: nothing stands behind it.`;
  const terms = termsOf(cell, parentsOf(cell, arrays), arrays, data);
  if (name === "weights") {
    const grown = terms.map(({ factors }) => `e^${show(factors[0])}`);
    return `${head}: ${grown[column]} / (${grown.join(" + ")}) = ${value}.`;
  }
  const sum = terms.map(({ factors }) => factors.map(show).join(" × ")).join(" + ");
  const read = name === "update" ? "mixed" : "the token";
  const what = name in MATRIX ? ` (row ${column + 1} of ${MATRIX[name]} times ${read})` : "";
  const divided = name === "scores" ? `(${sum}) / √${terms.length}` : sum;
  return `${head}${what}: ${divided} = ${value}.`;
}

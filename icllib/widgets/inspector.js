// Every number of one attention head; a chosen number shows the numbers that it was made from.

// Where an arrow key leads: within a block, and over its sides to the next one.
function neighbour([name, row, column], arrow, arrays) {
  const [right, up] = ARROWS[arrow];
  let [b, r, c] = [BLOCKS.indexOf(name), row - up, column + right];
  if (c < 0 && b > 0) [b, c] = [b - 1, Infinity];
  else if (c >= arrays[name][0].length && b + 1 < BLOCKS.length) [b, c] = [b + 1, 0];
  const grid = arrays[BLOCKS[b]];
  const inside = (v, size) => Math.min(size - 1, Math.max(0, v));
  return [BLOCKS[b], inside(r, grid.length), inside(c, grid[0].length)];
}

// Every block, each matrix before the block that it makes: place of its upper left corner.
const ORDER = [
  "tokens",
  "W_Q",
  "queries",
  "W_K",
  "keys",
  "W_V",
  "values",
  "scores",
  "weights",
  "mixed",
  "P",
  "update",
  "out",
];

function layout(grids, width, [w, h]) {
  const places = {};
  let [left, top, tallest] = [2, 22, 0];
  for (const name of ORDER) {
    const [rows, columns] = [grids[name].length, grids[name][0].length];
    if (left + columns * w > width) [left, top, tallest] = [2, top + tallest + 34, 0];
    places[name] = [left, top];
    left += columns * w + 18;
    tallest = Math.max(tallest, rows * h);
  }
  return { places, height: top + tallest + 6 };
}

function cellNode(value, [x, y], [w, h], attributes) {
  const node = make("g", attributes);
  node.append(make("rect", { x, y, width: w - 4, height: h - 3, rx: 3 }));
  text(node, x + w / 2 - 2, y + h / 2 + 3, number(value, 2), "icl-cell-number", "middle");
  return node;
}

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["box", "icl-key-chosen", "chosen number"],
    ["box", "icl-key-direct", "made from these, and from this row of a matrix (dashed)"],
    ["box", "icl-key-behind", "numbers behind those"],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const arrays = forward(data);
  const chosen = () => model.get("state").cell;
  const go = (cell) => {
    const focused = layer.contains(document.activeElement);
    change({ cell });
    if (focused) layer.querySelector("[tabindex='0']").focus();
  };
  const block = panel.appendChild(choice(BLOCKS, "Block of numbers", (name) => go([name, 0, 0])));
  button(panel, "Follow the largest term back", () => {
    const terms = termsOf(chosen(), parentsOf(chosen(), arrays), arrays, data);
    const sizes = terms.map((term) => Math.abs(productOf(term)));
    if (terms.length) go(terms[sizes.indexOf(Math.max(...sizes))].from);
  });
  const final = ["out", arrays.out.length - 1, arrays.out[0].length - 1];
  button(panel, "To the output", () => go(final));

  // The numbers of one block; one of them can be reached by Tab, the others by the arrows.
  function drawBlock(name, [left, top], size, cell) {
    const direct = new Set(parentsOf(cell, arrays).map((p) => p.join()));
    const behind = ancestorsOf(cell, arrays);
    const kindOf = (here) => {
      if (here === cell.join()) return "icl-chosen";
      return direct.has(here) ? "icl-direct" : behind.has(here) ? "icl-behind" : "";
    };
    arrays[name].forEach((row, r) =>
      row.forEach((value, c) => {
        const here = [name, r, c];
        const is = here.join() === cell.join();
        const node = cellNode(value, [left + c * size[0], top + r * size[1]], size, {
          role: "button",
          tabindex: is ? 0 : -1,
          "aria-pressed": is,
          "aria-label": `${name}, row ${r + 1}, column ${c + 1}: ${number(value, 2)}`,
          class: `icl-cell ${kindOf(here.join())}`,
        });
        node.addEventListener("click", () => go(here));
        node.addEventListener("keydown", (event) => {
          if (!(event.key in ARROWS)) return;
          event.preventDefault();
          go(neighbour(here, event.key, arrays));
        });
        layer.append(node);
      }),
    );
  }

  // A matrix of weights: what the layer has learnt, not what it computes, so nothing to choose.
  function drawMatrix(name, [left, top], size, [block, , column]) {
    const rows = data[name].map((row) => row.map((v) => number(v, 2)).join(" ")).join("; ");
    const group = make("g", { role: "img", "aria-label": `${name}, by rows: ${rows}` });
    data[name].forEach((row, r) =>
      row.forEach((value, c) => {
        const used = MATRIX[block] === name && r === column ? "icl-used" : "";
        const place = [left + c * size[0], top + r * size[1]];
        group.append(cellNode(value, place, size, { class: `icl-cell icl-weight ${used}` }));
      }),
    );
    layer.append(group);
  }

  function draw({ width, state }) {
    const size = [width < 560 ? 44 : 47, 26];
    const { places, height } = layout({ ...arrays, ...data }, width, size);
    for (const name of ORDER) {
      const [left, top] = places[name];
      text(layer, left, top - 6, name, "icl-label");
      if (name in arrays) drawBlock(name, places[name], size, state.cell);
      else drawMatrix(name, places[name], size, state.cell);
    }
    block.value = state.cell[0];
    return { height, sentence: wordsFor(state.cell, arrays, data) };
  }
  start();
}

export default { render, compute };

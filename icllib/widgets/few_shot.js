// A frozen layer reads a prompt that the reader puts together; its weights are checked after every
// answer.

// CRC-32 of the weights' bytes, as zlib computes it.
function checksum(matrices) {
  const bytes = new Uint8Array(Float64Array.from(matrices.flat(2)).buffer);
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (~crc >>> 0).toString(16).padStart(8, "0");
}

function compute(data, state) {
  const { W_K, W_Q, W_V, P } = data;
  const q = times(W_Q, [...data.x[state.query], 0]);
  const votes = state.chosen.map((i) => {
    const token = [...data.x[i], labelOf(data, state, i)];
    const value = times(W_V, token);
    // minus: a prediction is minus the y-part
    return -dot(times(W_K, token), q) * times(P, value).at(-1);
  });
  return { votes, answer: total(votes), checksum: checksum([W_K, W_Q, W_V, P]) };
}

const toggle = (list, i) =>
  list.includes(i) ? list.filter((other) => other !== i) : [...list, i].sort((a, b) => a - b);

// The list of reviews: a box to tick and a label to flip for each. Returns what shows a state.
function reviewList(panel, model, change) {
  const data = model.get("data");
  const list = make("ul", { class: "icl-bank", "aria-label": "Examples for the prompt" });
  const rows = data.bank.map((i, k) => {
    const box = make("input", { type: "checkbox", id: `icl-example-${i}` });
    box.addEventListener("change", () => change({ chosen: toggle(model.get("state").chosen, i) }));
    const place = make("b", {}, `${k + 1}`);
    const label = make("label", { for: box.id }, box, place, make("span", {}, data.sentences[i]));
    const item = make("li", {}, label);
    const flip = button(item, "", () => change({ flipped: toggle(model.get("state").flipped, i) }));
    list.append(item);
    return { i, box, flip };
  });
  panel.append(list);
  oneStop(list, () => rows.map(({ box, flip }) => [box, flip]))();
  return (state) =>
    rows.forEach(({ i, box, flip }, k) => {
      box.checked = state.chosen.includes(i);
      showLabel(flip, data, state, i, `example ${k + 1}`);
    });
}

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["box", "icl-positive", "vote of an example with the label positive"],
    ["box", "icl-negative", "with the label negative"],
    ["box", "icl-bar icl-query", "answer: the sum of the votes"],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const before = compute(data, model.get("state")).checksum;
  const asked = data.queries.map((i) => data.sentences[i]);
  const ask = (text) => change({ query: data.sentences.indexOf(text) });
  const question = choice(asked, "Review to label", ask);
  const heading = make("strong", {}, "Review to label");
  panel.append(make("div", { class: "icl-question-box" }, heading, question));
  const showList = reviewList(panel, model, change);
  const others = () => data.bank.filter((i) => !model.get("state").flipped.includes(i));
  button(panel, "Flip all labels", () => change({ flipped: others() }));

  function draw({ width, state }) {
    const result = compute(data, state);
    const names = state.chosen.map((i) => `${data.bank.indexOf(i) + 1}`);
    const labels = state.chosen.map((i) => labelOf(data, state, i));
    const height = voteBars(layer, width, { names, labels, ...result });
    question.value = data.sentences[state.query];
    showList(state);
    const sign = result.answer > 0 ? "positive" : "negative";
    const word = result.answer === 0 ? "nothing: the votes cancel" : sign;
    const same = result.checksum === before ? "unchanged" : "CHANGED";
    const from = plural(state.chosen.length, "example");
    const answer = `The layer answers ${word} (${number(result.answer, 2)}) from ${from}.`;
    const sums = `Checksum of its weights: ${before} before, ${result.checksum} after: ${same}.`;
    return { height, sentence: `${answer} ${sums}` };
  }
  start();
}

export default { render, compute };

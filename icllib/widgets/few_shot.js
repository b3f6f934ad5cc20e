// A frozen layer reads a prompt that the reader puts together; its weights are checked after every answer.

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
  const label = (i) => (state.flipped.includes(i) ? -1 : 1) * data.labels[i];
  const query = [...data.x[state.query], 0];
  const q = times(W_Q, query);
  const votes = state.chosen.map((i) => {
    const token = [...data.x[i], label(i)];
    const value = times(W_V, token);
    return -dot(times(W_K, token), q) * times(P, value).at(-1); // minus: a prediction is minus the y-part
  });
  return { votes, answer: votes.reduce((sum, v) => sum + v, 0), checksum: checksum([W_K, W_Q, W_V, P]) };
}

function render({ model, el }) {
  const data = model.get("data");
  const { layer, panel, change, start } = stage(el, model, { draw });
  const before = compute(data, model.get("state")).checksum;
  const toggle = (list, i) => (list.includes(i) ? list.filter((other) => other !== i) : [...list, i].sort((a, b) => a - b));

  const question = choice(data.queries.map((i) => data.sentences[i]), "Review to label", (text) => change({ query: data.sentences.indexOf(text) }));
  panel.append(make("div", { class: "icl-question-box" }, make("strong", {}, "Review to label"), question));
  const list = make("ul", { class: "icl-bank", "aria-label": "Examples for the prompt" });
  const rows = data.bank.map((i) => {
    const box = make("input", { type: "checkbox", id: `icl-example-${i}` });
    box.addEventListener("change", () => change({ chosen: toggle(model.get("state").chosen, i) }));
    const item = make("li", {}, make("label", { for: box.id }, box, make("span", {}, data.sentences[i])));
    const flip = button(item, "", () => change({ flipped: toggle(model.get("state").flipped, i) }));
    list.append(item);
    return { i, box, flip };
  });
  panel.append(list);
  const flipAll = () => change({ flipped: data.bank.filter((i) => !model.get("state").flipped.includes(i)) });
  button(panel, "Flip all labels", flipAll);

  function draw({ width, state }) {
    const result = compute(data, state);
    const rowsShown = state.chosen.map((i, k) => ({ i, vote: result.votes[k] }));
    const reach = Math.max(0.3, ...result.votes.map(Math.abs), Math.abs(result.answer));
    const middle = width / 2;
    const bar = (y, value, height, kind) => {
      const size = (Math.abs(value) / reach) * (width / 2 - 70);
      layer.append(make("rect", { x: value < 0 ? middle - size : middle, y, width: size, height, class: `icl-bar ${kind}` }));
    };
    layer.append(make("text", { x: 4, y: 16, class: "icl-label" }, "negative"));
    layer.append(make("text", { x: width - 4, y: 16, class: "icl-label", "text-anchor": "end" }, "positive"));
    bar(24, result.answer, 22, "icl-query");
    layer.append(make("text", { x: result.answer < 0 ? middle + 8 : middle - 8, y: 40, class: "icl-label", "text-anchor": result.answer < 0 ? "start" : "end" }, `answer ${number(result.answer, 2)}`));
    rowsShown.forEach(({ i, vote }, k) => {
      bar(56 + 16 * k, vote, 10, "icl-gd");
      layer.append(make("text", { x: vote < 0 ? middle + 8 : middle - 8, y: 65 + 16 * k, class: "icl-tick", "text-anchor": vote < 0 ? "start" : "end" }, `example ${data.bank.indexOf(i) + 1}`));
    });
    const height = 64 + 16 * Math.max(1, rowsShown.length);
    layer.append(make("line", { x1: middle, x2: middle, y1: 20, y2: height - 6, class: "icl-grid" }));
    question.value = data.sentences[state.query];
    rows.forEach(({ i, box, flip }, k) => {
      const positive = data.labels[i] * (state.flipped.includes(i) ? -1 : 1) > 0;
      box.checked = state.chosen.includes(i);
      flip.textContent = positive ? "positive" : "negative";
      flip.setAttribute("aria-pressed", state.flipped.includes(i));
      flip.setAttribute("aria-label", `Label of example ${k + 1}: ${flip.textContent}. Flip it`);
    });
    const word = result.answer === 0 ? "nothing: the votes cancel" : result.answer > 0 ? "positive" : "negative";
    const same = result.checksum === before ? "unchanged" : "CHANGED";
    return { height, sentence: `The layer answers ${word} (${number(result.answer, 2)}) from ${state.chosen.length} examples. Checksum of its weights: ${before} before, ${result.checksum} after: ${same}.` };
  }
  start();
}

export default { render, compute };

// A prompt that the reader writes with sentences from the bank, and three learners that answer it.

// M a = b for a matrix that needs no pivots: (X Xᵀ + λ I).
function solved(M, b) {
  const rows = M.map((row, i) => [...row, b[i]]);
  rows.forEach((row, i) => {
    for (const below of rows.slice(i + 1)) {
      const factor = below[i] / row[i];
      row.forEach((value, j) => (below[j] -= factor * value));
    }
  });
  const found = b.map(() => 0);
  for (let i = b.length - 1; i >= 0; i--) {
    found[i] = (rows[i].at(-1) - dot(found, rows[i].slice(0, -1))) / rows[i][i];
  }
  return found;
}

function compute(data, state) {
  const x = state.chosen.map((i) => data.x[i]);
  const y = state.chosen.map((i) => labelOf(data, state, i));
  const asked = data.x[state.query];
  const alike = x.map((row) => dot(row, asked));
  const votes = alike.map((value, k) => value * y[k]);
  const gram = x.map((a, i) => x.map((b, j) => dot(a, b) + (i === j ? data.strength : 0)));
  const far = x.map((row) => total(row.map((value, j) => (value - asked[j]) ** 2)));
  const nearest = far.length ? y[far.indexOf(Math.min(...far))] : 0;
  return { votes, answer: total(votes), ridge: dot(solved(gram, y), alike), nearest };
}

const verdict = (value) => (value > 0 ? "positive" : value < 0 ? "negative" : "nothing");

// The sentences of the chosen domain, each with a box to tick and a label to flip.
function sentenceList(panel, model, change) {
  const data = model.get("data");
  const list = make("ul", { class: "icl-bank", "aria-label": "Sentences for the prompt" });
  panel.append(list);
  const without = (values, i) => values.filter((other) => other !== i);
  const turned = (values, i) => (values.includes(i) ? without(values, i) : [...values, i]);
  const row = (i) => {
    const box = make("input", { type: "checkbox", id: `icl-sentence-${i}` });
    const words = [make("b", {}, `${data.place[i]}`), make("span", {}, data.sentences[i])];
    const item = make("li", {}, make("label", { for: box.id }, box, ...words));
    box.addEventListener("change", () => {
      const state = model.get("state");
      const chosen = turned(state.chosen, i).slice(-data.most);
      change({ chosen, flipped: state.flipped.filter((j) => chosen.includes(j)) });
    });
    const flip = button(item, "", () => change({ flipped: turned(model.get("state").flipped, i) }));
    return { i, box, flip, item };
  };
  let shown = { domain: null, rows: [] };
  const inView = () => shown.rows.filter(({ item }) => !item.hidden);
  const settle = oneStop(list, () => inView().map(({ box, flip }) => [box, flip]));
  return (state) => {
    if (shown.domain !== state.domain) {
      const inside = data.domain.flatMap((d, i) => (d === state.domain ? [i] : []));
      const ordered = inside.toSorted((i, j) => data.place[i] - data.place[j]);
      shown = { domain: state.domain, rows: ordered.map(row) };
      list.replaceChildren(...shown.rows.map(({ item }) => item));
    }
    for (const { i, box, flip, item } of shown.rows) {
      item.hidden = i === state.query;
      box.checked = state.chosen.includes(i);
      showLabel(flip, data, state, i, `sentence ${data.place[i]}`);
    }
    settle();
  };
}

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["box", "icl-positive", "vote of an example with the label positive"],
    ["box", "icl-negative", "with the label negative"],
    ["box", "icl-bar icl-query", "one step: the sum of the votes"],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const short = (i) => `${data.domains[data.domain[i]]} ${data.place[i]}`;
  const names = data.sentences.map((words, i) => `${short(i)}: ${words}`);
  const ask = (words) => {
    const query = names.indexOf(words);
    const kept = (key) => model.get("state")[key].filter((i) => i !== query);
    change({ query, chosen: kept("chosen"), flipped: kept("flipped") });
  };
  const question = choice(names, "Sentence to label", ask);
  const heading = make("strong", {}, "Sentence to label");
  panel.append(make("div", { class: "icl-question-box" }, heading, question));
  const pick = (words) => change({ domain: data.domains.indexOf(words) });
  const domain = choice(data.domains, "Domain", pick);
  panel.append(make("div", { class: "icl-question-box" }, make("strong", {}, "From"), domain));
  const showList = sentenceList(panel, model, change);
  button(panel, "Flip all labels", () => {
    const { chosen, flipped } = model.get("state");
    change({ flipped: chosen.filter((i) => !flipped.includes(i)) });
  });
  button(panel, "Empty the prompt", () => change({ chosen: [], flipped: [] }));

  function draw({ width, state }) {
    const result = compute(data, state);
    const labels = state.chosen.map((i) => labelOf(data, state, i));
    const height = voteBars(layer, width, { names: state.chosen.map(short), labels, ...result });
    question.value = names[state.query];
    domain.value = data.domains[state.domain];
    showList(state);
    const from = plural(state.chosen.length, "example");
    const learners = [
      `one step ${verdict(result.answer)} (${number(result.answer, 2)})`,
      `ridge ${verdict(result.ridge)} (${number(result.ridge, 2)})`,
      `the nearest neighbour ${verdict(result.nearest)}`,
    ];
    const truth = `Its author meant ${verdict(data.labels[state.query])}.`;
    return { height, sentence: `From ${from}: ${learners.join("; ")}. ${truth}` };
  }
  start();
}

export default { render, compute };

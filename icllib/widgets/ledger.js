// The ledger: every claim with its verdict, to be filtered and opened.

const textOf = (claim) =>
  [claim.id, claim.sentence, claim.where, claim.sure, ...claim.figures.map((one) => one.text)]
    .join(" ")
    .toLowerCase();

function passes(claim, state) {
  const words = state.words.toLowerCase().split(/\s+/).filter(Boolean);
  return (
    ["", claim.verdict].includes(state.verdict) &&
    (!state.chapter || claim.chapters.includes(state.chapter)) &&
    (!state.source || claim.sources.includes(state.source)) &&
    words.every((word) => textOf(claim).includes(word))
  );
}

function compute(data, state) {
  const shown = data.claims.filter((claim) => passes(claim, state));
  const counts = data.verdicts.map((kind) => shown.filter((one) => one.verdict === kind).length);
  return { shown: shown.map((claim) => claim.id), counts };
}

const TINTS = ["icl-key-direct", "icl-key-chosen", "icl-key-against"];
const SHORT = ["holds", "in part", "not here"];

// The chapters of a claim; as links where the figure stands on a page of the book.
function chapters(claim, onPage) {
  const links = claim.chapters.map((chapter, i) => {
    const words = /\d/.test(chapter) ? `chapter ${chapter}` : chapter;
    return onPage && claim.pages[i] ? make("a", { href: claim.pages[i] }, words) : words;
  });
  return links.flatMap((link, i) => (i ? [", ", link] : [link]));
}

// A row that opens: onToggle(id) is told when the reader opens or closes it, and the state decides.
function row(claim, tint, onPage, onToggle) {
  const badge = make("span", { class: `icl-verdict ${tint}` }, claim.verdict);
  const name = make("b", {}, claim.id);
  const summary = make("summary", {}, name, badge, make("span", {}, claim.sentence));
  const figures = claim.figures.map(({ text, holds }) =>
    make("li", {}, `${holds ? "kept" : "not kept"}: ${text}`),
  );
  const source = `${claim.sources.join(", ")}: ${claim.where}. Decided in `;
  const folded = make(
    "details",
    {},
    summary,
    make("p", {}, source, ...chapters(claim, onPage), "."),
    make("ul", {}, ...figures),
    make("p", {}, make("i", {}, "How sure? "), claim.sure),
    make("p", {}, make("code", {}, claim.command)),
  );
  summary.addEventListener("click", (event) => {
    event.preventDefault();
    onToggle(claim.id);
  });
  const item = make("li", {}, folded);
  return { item, folded, drawnOpen: false };
}

function render({ model, el }) {
  const data = model.get("data");
  const entries = data.verdicts.map((kind, i) => ["box", TINTS[i], kind]);
  entries.push(["box", "icl-frame", "left out by the filters"]);
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const tintOf = (claim) => TINTS[data.verdicts.indexOf(claim.verdict)];

  const filters = { verdict: data.verdicts, chapter: data.chapters, source: data.sources };
  const set = Object.entries(filters).map(([name, values]) => {
    const any = `any ${name}`;
    const told = (value) => (name === "chapter" && /\d/.test(value) ? `chapter ${value}` : value);
    const picked = choice([any, ...values.map(told)], `Filter by ${name}`, (text) =>
      change({ [name]: values.find((value) => told(value) === text) ?? "" }),
    );
    panel.append(picked);
    return (state) => (picked.value = state[name] ? told(state[name]) : any);
  });
  const typed = make("input", { type: "text", "aria-label": "Filter by words" });
  typed.placeholder = "words";
  typed.addEventListener("input", () => change({ words: typed.value }));
  panel.append(typed);

  function onToggle(id) {
    const open = model.get("state").open;
    change({ open: open.includes(id) ? open.filter((other) => other !== id) : [...open, id] });
  }
  const onPage = Boolean(el.closest(".icl-live"));
  const rows = data.claims.map((claim) => row(claim, tintOf(claim), onPage, onToggle));
  const list = make("ul", { class: "icl-ledger", "aria-label": "Claims" });
  list.append(...rows.map(({ item }) => item));
  panel.after(list);

  // One box a claim, and its verdict in words.
  function box(claim, [x, y, w], isShown) {
    const kind = isShown ? tintOf(claim) : "icl-frame";
    layer.append(make("rect", { x, y, width: w - 4, height: 38, class: kind }));
    text(layer, x + w / 2 - 2, y + 16, claim.id, "icl-label", "middle");
    const verdict = isShown ? SHORT[data.verdicts.indexOf(claim.verdict)] : "–";
    text(layer, x + w / 2 - 2, y + 32, verdict, "icl-tick", "middle");
  }

  // A row is touched only when the state changes it: on paper all rows are open.
  function open(line, isOpen) {
    if (line.drawnOpen !== isOpen) line.folded.open = isOpen;
    line.drawnOpen = isOpen;
  }

  function draw({ width, state }) {
    const { shown, counts } = compute(data, state);
    const columns = width < 480 ? 5 : 8;
    data.claims.forEach((claim, i) => {
      const place = [(i % columns) * (width / columns), Math.floor(i / columns) * 42];
      const isShown = shown.includes(claim.id);
      box(claim, [...place, width / columns], isShown);
      rows[i].item.hidden = !isShown;
      open(rows[i], state.open.includes(claim.id));
    });
    for (const filter of set) filter(state);
    if (typed.value !== state.words) typed.value = state.words;
    const told = counts.map((count, i) => `${data.verdicts[i]}: ${count}`).join("; ");
    const sentence = `${shown.length} of ${plural(data.claims.length, "claim")} (${told}).`;
    return { height: Math.ceil(data.claims.length / columns) * 42, sentence };
  }
  start();
}

export default { render, compute };

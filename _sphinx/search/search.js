/* The search page: MiniSearch over the entries that search_entries.py writes.
   Needs no network and no server. */
(() => {
  const words = (text) => text.split(/[\s,;:.!?()[\]{}"“”‘’|/\\=+<>·]+/u).filter(Boolean);
  const normal = (word) => word.toLowerCase().replace(/^[-–*']+|[-–*']+$/g, "");
  const WEIGHT = { term: 4, notation: 3, section: 1.2, bibliography: 0.5, library: 0.1 };
  const KIND = { term: "Glossary", notation: "Notation", library: "API reference" };

  const index = new MiniSearch({
    idField: "id",
    fields: ["title", "text", "page"],
    storeFields: ["url", "page", "title", "text", "kind"],
    tokenize: words,
    processTerm: (word) => normal(word) || null,
  });
  index.addAll(SEARCH_ENTRIES.map((entry, id) => ({ id, ...entry })));

  const terms = (query) => words(query).map(normal).filter(Boolean);
  const same = (title, query) => title.split(",").some((name) => terms(name).join(" ") === query);

  function find(text) {
    const query = terms(text).join(" ");
    const options = {
      boost: { title: 4, page: 1.5 },
      prefix: (term) => term.length > 2,
      fuzzy: (term) => (term.length > 4 ? 1 : 0),
      boostDocument: (id, term, entry) =>
        WEIGHT[entry.kind] *
        (["term", "notation"].includes(entry.kind) && same(entry.title, query) ? 50 : 1),
    };
    const all = index.search(text, { ...options, combineWith: "AND" });
    return all.length ? all : index.search(text, options);
  }

  const escaped = (word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

  function marked(text, found) {
    const box = document.createDocumentFragment();
    const pattern = new RegExp(`(${found.map(escaped).join("|")})`, "giu");
    text.split(pattern).forEach((piece, place) => {
      if (!piece) return;
      const mark = place % 2 ? document.createElement("mark") : document.createTextNode("");
      mark.textContent = piece;
      box.append(mark);
    });
    return box;
  }

  function snippet(text, found) {
    const places = found
      .map((word) => text.toLowerCase().indexOf(word))
      .filter((place) => place >= 0);
    const start = Math.max(0, Math.min(...(places.length ? places : [0])) - 80);
    const from = start ? text.indexOf(" ", start) + 1 : 0;
    return (
      (from ? "… " : "") + text.slice(from, from + 220) + (from + 220 < text.length ? " …" : "")
    );
  }

  function show(result, list) {
    const found = [...new Set(result.terms)].sort((a, b) => b.length - a.length);
    const item = document.createElement("li");
    const link = document.createElement("a");
    const [page, anchor = ""] = result.url.split("#");
    const words = encodeURIComponent(found.join(" "));
    link.href = `${list.dataset.root}${page}?highlight=${words}${anchor && `#${anchor}`}`;
    link.append(marked(result.title, found));
    const where = document.createElement("span");
    where.className = "icl-where";
    where.textContent = KIND[result.kind] ?? (result.page === result.title ? "" : result.page);
    const text = document.createElement("p");
    text.append(marked(snippet(result.text, found), found));
    item.append(link, " ", where, text);
    list.append(item);
  }

  const query = new URLSearchParams(location.search).get("q")?.trim() ?? "";
  const input = document.querySelector("form.icl-search input");
  const list = document.getElementById("search-results");
  const count = document.getElementById("search-count");
  input.value = query;
  input.focus();
  if (query) {
    const results = find(query);
    count.textContent = results.length
      ? `${results.length} ${results.length === 1 ? "place" : "places"} for “${query}”`
      : `Nothing found for “${query}”. Try one word of it, or look into the glossary.`;
    results.slice(0, 40).forEach((result) => show(result, list));
  }
})();

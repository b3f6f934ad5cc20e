/* The search page: MiniSearch over the entries that search_entries.py writes.
   Needs no network and no server. */

/* A function that finds: from what a reader types to entries, best first. */
function bookSearch(entries, synonyms) {
  const WEIGHT = { term: 4, notation: 3, section: 1.2, box: 0.8, bibliography: 0.7, library: 0.1 };
  const FRAME = /^(exercises|you can now|further reading|three questions)$/i; // of every chapter
  const GREEK =
    "αalpha βbeta γgamma δdelta εepsilon ζzeta ηeta θtheta ιiota κkappa λlambda μmu νnu ξxi πpi " +
    "ρrho σsigma τtau υupsilon φphi χchi ψpsi ωomega";
  const NAMES = new Map(GREEK.split(" ").map((letter) => [letter[0], letter.slice(1)]));

  const words = (text) =>
    text
      .replace(/\^([\d*])/g, "$1") // R^2 and η^* as R2 and η*
      .replace(/_\{(\w+)\}/g, "_$1")
      .split(/[\s,;:.!?()[\]{}"“”‘’|/\\=<>·^ᵀ]+/u)
      .filter(Boolean);
  const normal = (word) =>
    word
      .normalize("NFKC")
      .toLowerCase()
      .replace(/^[-–*'+]+|[-–']+$/g, "")
      .replace(/i[sz](e[drs]?|ing|ations?)$/, "is$1");
  const latin = (text) =>
    text.normalize("NFKC").replace(/[Α-Ωα-ω]/g, (letter) => {
      const name = NAMES.get(letter.toLowerCase()) ?? letter;
      return letter === letter.toLowerCase() ? name : name[0].toUpperCase() + name.slice(1);
    });

  // All forms under which a word is found: λ_max as lambda_max, λmax, λ, max; few-shot by halves.
  const origins = new Map();
  const known = new Map();
  const forms = (raw) => {
    if (!known.has(raw)) known.set(raw, spread(raw));
    return known.get(raw);
  };
  function spread(raw) {
    const word = normal(raw);
    if (!word) return null;
    const found = new Set([word, word.replace(/[*+]+$/, "")]);
    for (const form of [...found]) {
      if (!/[_-]/.test(form)) continue;
      form.split(/[_-]/).forEach((part) => found.add(part));
      if (form.length < 12) found.add(form.replace(/[_-]/g, ""));
    }
    for (const form of [...found]) found.add(latin(form));
    for (const form of [...found]) found.add(form.normalize("NFKD").replace(/\p{M}/gu, ""));
    found.delete("");
    for (const form of found)
      if (!raw.toLowerCase().includes(form))
        origins.set(form, (origins.get(form) ?? new Set()).add(raw.toLowerCase()));
    return [...found];
  }

  const index = new MiniSearch({
    idField: "id",
    fields: ["title", "text", "page"],
    storeFields: ["url", "page", "title", "text", "kind"],
    tokenize: words,
    processTerm: forms,
    searchOptions: { processTerm: (word) => normal(word) || null },
  });
  index.addAll(entries.map((entry, id) => ({ id, ...entry })));

  // A name as it is compared: W_K, WK and w_k alike, few-shot and few shot.
  const bare = (text) =>
    words(latin(text))
      .flatMap((word) => normal(word).replace(/[_*+]/g, "").split("-"))
      .join(" ");
  const named = (entry) =>
    ["term", "notation"].includes(entry.kind)
      ? entry.title.split(",").map((name) => name.trim())
      : [];

  const isCalled = (entry, text) => named(entry).some((name) => bare(name) === bare(text));

  function weight(entry, text) {
    const own = named(entry).some((name) => latin(name) === latin(text)) ? 1.2 : 1;
    if (isCalled(entry, text)) return 50 * own * WEIGHT[entry.kind];
    return WEIGHT[entry.kind] * (FRAME.test(entry.title) ? 0.5 : 1);
  }

  // A query with another name of a thing in it; the best η* is an η.
  function others(text) {
    const query = ` ${bare(text)} `;
    const found = new Set(text.includes("*") ? [text.replaceAll("*", "")] : []);
    for (const [typed, meant] of synonyms)
      if (query.includes(` ${bare(typed)} `))
        found.add(query.replace(` ${bare(typed)} `, ` ${meant} `).trim());
    return [...found];
  }

  const stem = (word) => word.replace(/(?:ings?|ed|e?rs?|ions?|ies|es|s)$/, "");
  const options = (text) => ({
    boost: { title: 4, page: 1.5 },
    prefix: (term) => term.length > 2,
    fuzzy: (term) => (term.length > 4 ? 1 : 0),
    boostDocument: (id, term, entry) => weight(entry, text),
    combineWith: "AND",
  });

  function find(text) {
    const best = new Map();
    const add = (results, share = () => 1) => {
      for (const result of results) {
        const before = best.get(result.id);
        const score = Math.max(share(result) * result.score, before?.score ?? 0);
        best.set(result.id, {
          ...result,
          score,
          terms: [...result.terms, ...(before?.terms ?? [])],
        });
      }
    };
    add(index.search(text, options(text)));
    for (const other of others(text))
      add(index.search(other, options(other)), (entry) => (isCalled(entry, other) ? 0.1 : 0.5));
    if (!best.size)
      add(
        index.search(text, {
          ...options(text),
          processTerm: (word) =>
            (normal(word).length > 6 ? stem(normal(word)) : normal(word)) || null,
        }),
      );
    if (!best.size) add(index.search(text, { ...options(text), combineWith: "OR" }));
    return [...best.values()].sort((a, b) => b.score - a.score);
  }

  // The words of a result as the texts have them.
  find.marks = (result) => [
    ...new Set(result.terms.flatMap((term) => [term, ...(origins.get(term) ?? [])])),
  ];
  return find;
}

/* The page itself. */
(() => {
  if (typeof document === "undefined") return;
  const query = new URLSearchParams(location.search).get("q")?.trim() ?? "";
  const find = query && bookSearch(SEARCH_ENTRIES, SEARCH_SYNONYMS); // its index takes time
  const KIND = { term: "Glossary", notation: "Notation", library: "API reference" };

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
    const found = find.marks(result).sort((a, b) => b.length - a.length);
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

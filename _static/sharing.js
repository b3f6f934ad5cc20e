/* The foot of a page, and links to its parts: what a click copies, and what a report says of the
   section that is read. Without this script the links are links, and the texts can be selected. */
(() => {
  const PARTS =
    "article :is(h1, h2, h3, h4) > a.headerlink, article a.icl-number, article a.icl-figure-number";
  const RESTED = 1500; // milliseconds after which a section counts as read

  const say = (() => {
    let timer = 0;
    return (text) => {
      const line = document.querySelector(".icl-said");
      line.textContent = text;
      clearTimeout(timer);
      timer = setTimeout(() => (line.textContent = ""), 3000);
    };
  })();

  // Pages from a network without https have no clipboard but that of a selected text.
  function copySelected(text) {
    const focused = document.activeElement;
    const box = document.createElement("textarea");
    box.value = text;
    box.className = "icl-copied";
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    focused?.focus?.({ preventScroll: true });
    return done;
  }

  async function copy(text, what) {
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      done = copySelected(text);
    }
    say(done ? `${what} copied` : `${what} could not be copied`);
  }

  // The words of a heading or a number; of a formula what was typed.
  function words(node) {
    const copied = node.cloneNode(true);
    copied.querySelectorAll(".headerlink").forEach((link) => link.remove());
    for (const formula of copied.querySelectorAll(".katex")) {
      const typed = formula.querySelector("annotation")?.textContent ?? "";
      formula.replaceWith(typed.replace(/[\\{}]/g, ""));
    }
    return copied.textContent.replace(/\s+/g, " ").trim();
  }

  const address = (link) => {
    const url = new URL(link.href);
    url.search = ""; // words of a search that led here
    return url.href;
  };

  // A click on a place's own link copies its address; it stays a link.
  function links() {
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.(`${PARTS}, .icl-parts a`);
      if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) copy(address(link), "Link");
    });
  }

  function buttons() {
    for (const button of document.querySelectorAll(".icl-copy")) {
      button.hidden = false;
      const what = button.dataset.copies === "icl-bibtex" ? "BibTeX" : "Citation";
      button.addEventListener("click", () =>
        copy(document.getElementById(button.dataset.copies).textContent.trim(), what),
      );
    }
  }

  const names = [
    ["icl-figure-number", (link) => words(link)],
    ["icl-number", (link) => (link.closest(".eqno") ? `Equation ${words(link)}` : words(link))],
    ["headerlink", (link) => words(link.parentElement)],
  ];

  // All places of the page that have a link, written when the list is opened.
  function parts() {
    const fold = document.querySelector(".icl-parts");
    if (!fold) return;
    fold.hidden = false;
    fold.addEventListener("toggle", () => {
      const list = fold.querySelector("ul");
      if (!fold.open || list.children.length) return;
      for (const place of document.querySelectorAll(PARTS)) {
        const link = document.createElement("a");
        link.href = place.getAttribute("href");
        link.textContent = names.find(([name]) => place.classList.contains(name))[1](place);
        const item = document.createElement("li");
        item.append(link);
        list.append(item);
      }
    });
  }

  // The section that a reader has rested at, or has gone to by a link.
  function report() {
    const link = document.querySelector(".icl-report a");
    const headings = [...document.querySelectorAll("article section[id] > :is(h1, h2, h3, h4)")];
    if (!link || !headings.length) return;
    const url = new URL(link.href);
    const commit = document.querySelector(".icl-edition a")?.href.split("/").pop();
    let timer = 0;

    const name = (heading) => {
      const place = `Section: ${words(heading)} (#${heading.parentElement.id})`;
      let body = url.searchParams.get("body").replace(/^Section: .*$/m, () => place);
      if (commit && !/^Commit: /m.test(body))
        body = body.replace(/^Section: .*$/m, (line) => `${line}\nCommit: ${commit}`);
      url.searchParams.set("body", body);
      link.href = url.href;
    };

    const atHash = () => {
      const id = decodeURIComponent(location.hash.slice(1));
      const target = id && document.getElementById(id);
      const section = target && target.closest("section[id]:has(> :is(h1, h2, h3, h4))");
      if (section) name(section.querySelector(":scope > :is(h1, h2, h3, h4)"));
      return Boolean(section);
    };

    const sections = [...document.querySelectorAll("article > section > section")];
    const passed = (node) => node.getBoundingClientRect().top < innerHeight / 3;

    const atRest = () => {
      if (link.getBoundingClientRect().top < innerHeight) return; // at the foot nothing is read
      const section = sections.filter(passed).at(-1); // others may not have been laid out
      const above = headings.filter((each) => section?.contains(each) && passed(each));
      name(above.at(-1) ?? headings[0]);
    };

    if (!atHash()) name(headings[0]);
    addEventListener("hashchange", atHash);
    addEventListener(
      "scroll",
      () => {
        clearTimeout(timer);
        timer = setTimeout(atRest, RESTED);
      },
      { passive: true },
    );
  }

  const start = () => [links, buttons, parts, report].forEach((part) => part());
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();

/* What the pages do by themselves: cards of the glossary, questions, a good print, code that can
   be scrolled by keyboard, live figures when they are near, folds that a link leads into. */
(() => {
  const ready = (run) =>
    document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", run) : run();

  // A card beside its link: at the pointer's rest, at focus, at the first tap; the second tap
  // follows the link.
  function cards() {
    if (!HTMLElement.prototype.showPopover) return;
    let shown = null;
    let timer = 0;

    const hide = () => {
      clearTimeout(timer);
      if (shown?.matches(":popover-open")) shown.hidePopover();
      shown = null;
    };

    const show = (link) => {
      const card = document.getElementById(link.getAttribute("aria-describedby"));
      if (!card || card === shown) return;
      hide();
      card.showPopover();
      shown = card;
      const word = link.getClientRects()[0];
      const size = card.getBoundingClientRect();
      const wide = document.documentElement.clientWidth;
      const below = word.bottom + 6 + size.height < innerHeight || word.top < size.height + 6;
      card.style.left = `${Math.max(8, Math.min(word.left, wide - size.width - 8))}px`;
      card.style.top = `${below ? word.bottom + 6 : word.top - size.height - 6}px`;
    };

    const leave = () => {
      clearTimeout(timer);
      timer = setTimeout(hide, 200); // time enough to move onto the card
    };

    for (const link of document.querySelectorAll("a.icl-term")) {
      let touched = false;
      link.addEventListener("pointerenter", (event) => {
        clearTimeout(timer);
        if (event.pointerType !== "touch") timer = setTimeout(show, 150, link);
      });
      link.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && leave());
      link.addEventListener("pointerdown", (event) => {
        touched = event.pointerType === "touch" && !shown;
      });
      link.addEventListener("click", (event) => {
        if (touched) {
          touched = false;
          event.preventDefault();
          show(link);
        }
      });
      link.addEventListener("focus", () => link.matches(":focus-visible") && show(link));
      link.addEventListener("blur", hide);
    }
    for (const card of document.querySelectorAll(".icl-card")) {
      card.addEventListener("pointerenter", () => clearTimeout(timer));
      card.addEventListener("pointerleave", leave);
    }
    addEventListener("keydown", (event) => event.key === "Escape" && hide(), true);
    addEventListener("scroll", hide, { passive: true });
    addEventListener("pointerdown", (event) => {
      if (!event.target.closest("a.icl-term, .icl-card")) hide();
    });
  }

  // On paper: light colours, every fold open, the solutions at the end. Afterwards all is as it
  // was.
  function print() {
    let undo = [];

    const open = (fold) => {
      if (!fold.open) {
        fold.open = true;
        undo.push(() => (fold.open = false));
      }
    };

    const moveSolutions = () => {
      const solutions = [...document.querySelectorAll("article details.solution")];
      if (!solutions.length) return;
      const part = document.createElement("section");
      part.className = "icl-solutions";
      part.append(Object.assign(document.createElement("h2"), { textContent: "Solutions" }));
      for (const solution of solutions) {
        const place = document.createComment("");
        solution.replaceWith(place);
        part.append(solution);
        undo.unshift(() => place.replaceWith(solution));
      }
      (document.querySelector("article > section") ?? document.querySelector("article")).append(
        part,
      );
      undo.push(() => part.remove());
    };

    addEventListener("beforeprint", () => {
      const root = document.documentElement;
      const theme = root.dataset.theme;
      root.dataset.theme = "light";
      undo.push(() => (root.dataset.theme = theme));
      document.querySelectorAll("article details").forEach(open);
      moveSolutions();
    });
    addEventListener("afterprint", () => {
      undo.forEach((step) => step());
      undo = [];
    });
  }

  // What is done late, because a page is seen sooner without it, is done at once for a reader whose
  // keyboard moves the focus.
  function atFirstTab(run) {
    const once = (event) => {
      if (event.key !== "Tab") return;
      removeEventListener("keydown", once, true);
      run();
    };
    addEventListener("keydown", once, true);
  }

  // A box that scrolls can be reached by keyboard; one that does not is no stop on the way. Boxes
  // are measured when the browser lays them out, and again when a font has come.
  function scrollingBoxes() {
    const kinds = "pre, div.math, .cell_output > .output, .icl-table-box";
    const boxes = [...document.querySelectorAll(`article :is(${kinds})`)];
    const scrolls = (box) =>
      box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
    const measure = (some) => {
      const found = some.map(scrolls); // all is measured before anything is changed
      some.forEach((box, place) => {
        if (found[place]) box.tabIndex = 0;
        else box.removeAttribute("tabindex");
      });
    };
    const sizes = new ResizeObserver((entries) => measure(entries.map(({ target }) => target)));
    const look = () => {
      sizes.disconnect();
      for (const box of boxes) sizes.observe(box);
    };
    for (const box of boxes) {
      const folded = box.closest("details:not([open])");
      box.tabIndex = folded ? -1 : 0; // until it is known
    }
    look();
    document.fonts?.addEventListener("loadingdone", look);
    atFirstTab(() => measure(boxes));
  }

  // The script of a live figure is fetched when the section around it comes near the view. (Of what
  // has not been laid out a browser may not say that it is near.)
  function liveFigures() {
    const load = (figure) => {
      const { script } = figure.dataset;
      if (!script) return;
      delete figure.dataset.script;
      figure.append(Object.assign(document.createElement("script"), { src: script }));
    };
    const figures = [...document.querySelectorAll(".icl-live[data-script]")];
    const near = (entries) => {
      for (const { isIntersecting, target } of entries)
        if (isIntersecting) figures.filter((figure) => target.contains(figure)).forEach(load);
    };
    const watch = new IntersectionObserver(near, { rootMargin: "50%" });
    for (const figure of figures)
      watch.observe(figure.closest("article > section > section") ?? figure);
    atFirstTab(() => figures.forEach(load));
  }

  // A link to something inside a fold opens it.
  function openTarget() {
    const target =
      location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (
      let fold = target?.closest?.("details");
      fold;
      fold = fold.parentElement.closest("details")
    )
      fold.open = true;
  }

  // Questions: what the reader chose is kept on this machine, and stands open at the next visit.
  function questions() {
    const asked = [...document.querySelectorAll(".icl-quiz")];
    const name = (quiz) => `icl-question-${quiz.dataset.key}`;

    // A browser may forbid to keep anything; then a visit's answers end with it.
    const kept = new Map();
    const chosen = (quiz) => {
      if (!kept.has(quiz)) {
        let before = [];
        try {
          before = JSON.parse(localStorage.getItem(name(quiz)));
        } catch {}
        kept.set(quiz, Array.isArray(before) ? before : []);
      }
      return kept.get(quiz);
    };
    const keep = (quiz, choices) => {
      kept.set(quiz, choices);
      try {
        if (choices.length) localStorage.setItem(name(quiz), JSON.stringify(choices));
        else localStorage.removeItem(name(quiz));
      } catch {}
    };

    const quizzes = asked.filter((quiz) => !quiz.classList.contains("icl-predict"));
    const line = document.querySelector(".icl-score");
    const forget = document.createElement("button");
    forget.type = "button";
    forget.className = "icl-forget";
    forget.textContent = "Forget my answers on this page";
    forget.hidden = true;
    line?.after(forget);

    const tell = () => {
      const answered = quizzes.filter((quiz) => chosen(quiz).length);
      const right = answered.filter((quiz) =>
        quiz.querySelectorAll(".icl-choice")[chosen(quiz)[0]]?.classList.contains("icl-right"),
      );
      if (line)
        line.textContent = answered.length
          ? `${right.length} of ${answered.length} right at the first try. ` +
            "Your answers are kept on this machine alone."
          : "Choose an answer to see why. What you choose stays on this machine.";
      forget.hidden = !asked.some((quiz) => chosen(quiz).length);
    };

    for (const quiz of asked) {
      const choices = [...quiz.querySelectorAll(".icl-choice")];
      choices.forEach((choice, place) => {
        choice.open = chosen(quiz).includes(place);
        choice.querySelector("summary").addEventListener("click", () => {
          if (!chosen(quiz).includes(place)) keep(quiz, [...chosen(quiz), place]);
          tell();
        });
      });
    }
    forget.addEventListener("click", () => {
      for (const quiz of asked) {
        keep(quiz, []);
        for (const choice of quiz.querySelectorAll(".icl-choice")) choice.open = false;
      }
      tell();
      (line ?? asked[0]).scrollIntoView({ block: "nearest" });
      asked[0].querySelector("summary").focus({ preventScroll: true });
    });
    tell();
  }

  ready(() => {
    cards();
    questions();
    print();
    scrollingBoxes();
    liveFigures();
    openTarget();
    addEventListener("hashchange", openTarget);
  });
})();

/* What the pages do by themselves: cards of the glossary, a good print, code that can be
   scrolled by keyboard. */
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

  // A box that scrolls can be reached by keyboard; one that does not is no stop on the way.
  function scrollingBoxes() {
    const look = () => {
      for (const box of document.querySelectorAll(
        "article pre, article .icl-scroll, article div.math",
      )) {
        if (box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1)
          box.tabIndex = 0;
        else box.removeAttribute("tabindex");
      }
    };
    look();
    addEventListener("resize", look);
    document
      .querySelectorAll("article details")
      .forEach((fold) => fold.addEventListener("toggle", look));
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

  ready(() => {
    cards();
    print();
    scrollingBoxes();
    openTarget();
    addEventListener("hashchange", openTarget);
  });
})();

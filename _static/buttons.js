/* The buttons in a page's header. The theme lets them carry their script in an attribute, which the
   page's policy forbids (_sphinx/policy.py). */
(() => {
  const does = { print: () => window.print(), "full-screen": () => window.toggleFullScreen() };
  document.addEventListener("click", (event) => {
    does[event.target.closest?.("[data-press]")?.dataset.press]?.();
  });
})();

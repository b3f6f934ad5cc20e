// Gives a live figure its model on a page without a kernel: the part of the widget contract that
// the figures use. Its values stand beside it, or came with the script.
function pageModel(values) {
  const listeners = {};
  return {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      for (const listener of listeners[`change:${name}`] ?? []) listener();
    },
    on: (event, listener) => (listeners[event] ??= []).push(listener),
    save_changes() {},
  };
}

const host = document.currentScript.parentElement;
const box = host.querySelector(".icl-stage");
const picture = [...box.childNodes];
try {
  const values = host.values ?? JSON.parse(host.querySelector(".icl-values").textContent);
  figure.render({ model: pageModel(values), el: box });
  host.dataset.alive = "true";
} catch (error) {
  box.replaceChildren(...picture);
  console.error(error);
}

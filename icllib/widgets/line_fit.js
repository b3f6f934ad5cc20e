// Least squares by hand: move points, or move a line of your own, and see the squares that the loss adds up.

function fit(x, y) {
  const n = x.length;
  const [mx, my] = [x, y].map((values) => values.reduce((sum, v) => sum + v, 0) / n);
  let [sxy, sxx] = [0, 0];
  for (let i = 0; i < n; i++) {
    sxy += (x[i] - mx) * (y[i] - my);
    sxx += (x[i] - mx) ** 2;
  }
  const w = sxx > 0 ? sxy / sxx : 0;
  return { w, b: my - w * mx };
}

const lossOf = ({ w, b }, x, y) => x.reduce((sum, xi, i) => sum + (w * xi + b - y[i]) ** 2, 0) / (2 * x.length);

function compute(data, state) {
  const best = fit(state.x, state.y);
  const mine = { w: (state.right - state.left) / 4, b: (state.right + state.left) / 2 };
  const shown = state.by_hand ? mine : best;
  const residuals = state.x.map((xi, i) => shown.w * xi + shown.b - state.y[i]);
  return { w: shown.w, b: shown.b, loss: lossOf(shown, state.x, state.y), best_loss: lossOf(best, state.x, state.y), residuals };
}

function render({ model, el }) {
  const data = model.get("data");
  const clamp = (v) => Math.min(2.9, Math.max(-2.9, v));
  const { layer, handles, panel, change, start } = stage(el, model, { draw });
  const place = model.get("state").x.map((_, i) =>
    handle(handles, {
      label: `Penguin ${i + 1}`, step: 0.1, radius: 6,
      onMove: (px, py) => {
        const { x, y } = model.get("state");
        change({ x: x.with(i, clamp(px)), y: y.with(i, clamp(py)) });
      },
    }),
  );
  const ends = ["left", "right"].map((side) =>
    handle(handles, { label: `My line, ${side} end`, step: 0.1, radius: 8, onMove: (_, py) => change({ [side]: clamp(py) }) }),
  );
  const endNodes = [...handles.children].slice(-4);
  const mode = button(panel, "Move the line myself", () => change({ by_hand: !model.get("state").by_hand }));

  function draw({ width, state }) {
    const side = Math.min(width - 64, 440);
    const box = { left: 48, w: side, h: side, xRange: [-3, 3], yRange: [-3, 3] };
    const ticks = [-2, 0, 2];
    const scale = axes(layer, { ...box, xLabel: data.x_label, yLabel: data.y_label, xTicks: ticks, yTicks: ticks, yShow: (t) => String(t).replace("-", "−") });
    const result = compute(data, state);
    state.x.forEach((xi, i) => {
      const [from, to] = [scale.y(state.y[i]), scale.y(result.w * xi + result.b)];
      const size = Math.abs(to - from);
      const leftwards = xi > 0 ? -size : 0;
      layer.append(make("rect", { x: scale.x(xi) + leftwards, y: Math.min(from, to), width: size, height: size, class: "icl-square" }));
    });
    const at = (xi) => `${scale.x(xi)},${scale.y(result.w * xi + result.b)}`;
    layer.append(make("polyline", { points: `${at(-3)} ${at(3)}`, class: state.by_hand ? "icl-line icl-trained" : "icl-line icl-ink" }));
    state.x.forEach((xi, i) => place[i](scale, xi, state.y[i], `x ${number(xi, 1)}, y ${number(state.y[i], 1)}`));
    ends[0](scale, -2, state.left, `height ${number(state.left, 1)} at x = −2`);
    ends[1](scale, 2, state.right, `height ${number(state.right, 1)} at x = 2`);
    for (const node of endNodes) node.style.display = state.by_hand ? "" : "none";
    mode.setAttribute("aria-pressed", state.by_hand);
    const words = state.by_hand
      ? `Your line has loss ${number(result.loss)}; the least-squares line has ${number(result.best_loss)}.`
      : `Least-squares line: slope ${number(result.w, 2)}, height ${number(result.b, 2)}, loss ${number(result.loss)}.`;
    return { height: side + 48, sentence: words };
  }
  start();
}

export default { render, compute };

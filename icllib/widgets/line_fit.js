// Least squares by hand: move points, or move a line of your own, and see the squares that the loss
// adds up.

function fit(x, y) {
  const n = x.length;
  const [mx, my] = [total(x) / n, total(y) / n];
  let [sxy, sxx] = [0, 0];
  for (let i = 0; i < n; i++) {
    sxy += (x[i] - mx) * (y[i] - my);
    sxx += (x[i] - mx) ** 2;
  }
  const w = sxx > 0 ? sxy / sxx : 0;
  return { w, b: my - w * mx };
}

const lossOf = ({ w, b }, x, y) =>
  x.reduce((sum, xi, i) => sum + (w * xi + b - y[i]) ** 2, 0) / (2 * x.length);

function compute(data, state) {
  const best = fit(state.x, state.y);
  const mine = { w: (state.right - state.left) / 4, b: (state.right + state.left) / 2 };
  const shown = state.by_hand ? mine : best;
  return {
    w: shown.w,
    b: shown.b,
    loss: lossOf(shown, state.x, state.y),
    my_loss: lossOf(mine, state.x, state.y),
    residuals: state.x.map((xi, i) => shown.w * xi + shown.b - state.y[i]),
  };
}

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["dot", "icl-data", "penguin"],
    ["box", "icl-square", "square on a residual"],
    ["line", "icl-trained icl-solid", "your line"],
    ["ring", "icl-trained", "its handles"],
    ["line", "icl-ink", "least-squares line"],
  ];
  const { layer, handles, panel, change, start } = stage(el, model, { draw, entries });
  const reach = data.reach;
  const clamp = (v) => Math.min(reach, Math.max(-reach, v));
  const place = model.get("state").x.map((_, i) =>
    handle(handles, {
      label: `Penguin ${i + 1}`,
      step: 0.1,
      radius: 6,
      onMove: (px, py) => {
        const { x, y } = model.get("state");
        change({ x: x.with(i, clamp(px)), y: y.with(i, clamp(py)) });
      },
    }),
  );
  const ends = ["left", "right"].map((side) =>
    handle(handles, {
      label: `My line, ${side} end`,
      step: 0.1,
      radius: 8,
      kind: "icl-ring icl-trained icl-grip",
      onMove: (_, py) => change({ [side]: clamp(py) }),
    }),
  );
  const endNodes = [...handles.children].slice(-4);
  const toggle = () => change({ by_hand: !model.get("state").by_hand });
  const mode = button(panel, "Show the least-squares line", toggle);

  function draw({ width, state }) {
    const side = Math.min(width - 72, 440);
    const range = [-reach, reach];
    const names = { xLabel: data.x_label, yLabel: data.y_label };
    const left = Math.max(56, (width - side) / 2);
    const plot = axes(layer, { left, w: side, h: side, xRange: range, yRange: range, ...names });
    const result = compute(data, state);
    state.x.forEach((xi, i) => {
      const size = Math.abs(result.residuals[i]) * (xi > 0 ? -1 : 1);
      const [from, to] = [state.y[i], state.y[i] + result.residuals[i]];
      plot.area([xi, from], [xi + size, to], "icl-square", "square");
    });
    const at = (xi) => [xi, result.w * xi + result.b];
    const kind = state.by_hand ? "icl-trained icl-solid" : "icl-ink";
    plot.curve([at(-reach), at(reach)], kind, "line");
    state.x.forEach((xi, i) => {
      place[i](plot, xi, state.y[i], `x ${number(xi, 1)}, y ${number(state.y[i], 1)}`);
    });
    ends[0](plot, -2, state.left, `height ${number(state.left, 1)} at x = −2`);
    ends[1](plot, 2, state.right, `height ${number(state.right, 1)} at x = 2`);
    for (const node of endNodes) node.style.display = state.by_hand ? "" : "none";
    mode.setAttribute("aria-pressed", !state.by_hand);
    const shape = `slope ${number(result.w, 2)}, height ${number(result.b, 2)} at x = 0`;
    const [loss, mine] = [result.loss, result.my_loss].map((v) => number(v));
    const words = state.by_hand
      ? `Your line: ${shape}. Its loss is ${loss}.`
      : `Least squares: ${shape}. Its loss is ${loss}, that of your line ${mine}.`;
    return { height: side + 48, sentence: words };
  }
  start();
}

export default { render, compute };

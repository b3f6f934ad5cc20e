// Gradient descent on a two-dimensional bowl: learning rate, steps, curvature.

const START_LOSS_DECADES = 8;

function hessian({ ratio }, { angle }) {
  const [c, s, steep, flat] = [Math.cos(angle), Math.sin(angle), 1, 1 / ratio];
  return [
    [steep * c * c + flat * s * s, (steep - flat) * c * s],
    [(steep - flat) * c * s, steep * s * s + flat * c * c],
  ];
}

function compute(data, state) {
  const H = hessian(state, data);
  const apply = ([a, b]) => [H[0][0] * a + H[0][1] * b, H[1][0] * a + H[1][1] * b];
  const path = [state.start];
  for (let k = 0; k < state.steps; k++) {
    const at = path[k];
    const slope = apply(at);
    path.push([at[0] - state.lr * slope[0], at[1] - state.lr * slope[1]]);
  }
  const losses = path.map((at) => {
    const slope = apply(at);
    return (at[0] * slope[0] + at[1] * slope[1]) / 2;
  });
  return { path, losses, diverges: state.lr > 2, best_lr: 2 / (1 + 1 / state.ratio) };
}

function render({ model, el }) {
  const data = model.get("data");
  const ratios = [1, 2, 5, 10, 20, 50, 100];
  const { layer, handles, panel, change, start } = stage(el, model, { draw });
  const set = {
    lr: slider(panel, { label: "Learning rate η", min: 0, max: 2.2, step: 0.02, show: (v) => number(v, 2), onInput: (lr) => change({ lr }) }),
    steps: slider(panel, { label: "Steps K", min: 0, max: 40, step: 1, show: String, onInput: (steps) => change({ steps }) }),
    ratio: slider(panel, {
      label: "Curvature λ_max / λ_min", min: 0, max: ratios.length - 1, step: 1,
      show: (i) => String(ratios[i]), onInput: (i) => change({ ratio: ratios[i] }),
    }),
  };
  const clamp = (v) => Math.min(2, Math.max(-2, v));
  const startKnob = handle(handles, { label: "Start of the path", step: 0.1, onMove: (a, b) => change({ start: [clamp(a), clamp(b)] }) });

  function draw({ width, state }) {
    const result = compute(data, state);
    const wide = width >= 560;
    const side = wide ? (width - 130) / 2 : Math.min(width - 64, 340);
    const map = axes(layer, { w: side, h: side, xRange: [-2.2, 2.2], yRange: [-2.2, 2.2], xLabel: "w₁", yLabel: "w₂", xTicks: [-2, 0, 2], yTicks: [-2, 0, 2], yShow: (t) => String(t).replace("-", "−") });
    contours(map, state);
    const inside = result.path.filter(([a, b]) => Math.abs(a) < 40 && Math.abs(b) < 40);
    const clip = make("svg", { x: 48, y: 8, width: side, height: side, viewBox: `48 8 ${side} ${side}` });
    clip.append(make("polyline", { points: inside.map(([a, b]) => `${map.x(a)},${map.y(b)}`).join(" "), class: "icl-line icl-gd" }));
    for (const [a, b] of inside) clip.append(make("circle", { cx: map.x(a), cy: map.y(b), r: 3, class: "icl-dot icl-gd" }));
    layer.append(clip);

    const shift = wide ? { left: side + 118, top: 8 } : { left: 48, top: side + 62 };
    const height = wide ? side : 170;
    const level = (loss) => Math.min(3, Math.max(-START_LOSS_DECADES, Math.log10(Math.max(loss, 1e-300))));
    const curve = layer.appendChild(make("g", { transform: wide ? `translate(${side + 70} 0)` : `translate(0 ${side + 54})` }));
    const scale = axes(curve, { w: side, h: height, xRange: [0, 40], yRange: [-START_LOSS_DECADES, 3], xLabel: "step (k)", yLabel: "loss", xTicks: [0, 10, 20, 30, 40], yTicks: [-8, -4, 0], yShow: (t) => ({ "-8": "10⁻⁸", "-4": "10⁻⁴", 0: "1" })[t] });
    curve.append(make("polyline", { points: result.losses.map((loss, k) => `${scale.x(k)},${scale.y(level(loss))}`).join(" "), class: "icl-line icl-gd" }));
    startKnob(map, ...state.start, `w₁ ${number(state.start[0], 1)}, w₂ ${number(state.start[1], 1)}`);
    set.lr(state.lr);
    set.steps(state.steps);
    set.ratio(ratios.indexOf(state.ratio));
    const verdict = result.diverges ? "It diverges: η is above 2 / λ_max = 2." : `The best η for this bowl is ${number(result.best_lr, 2)}.`;
    return {
      height: wide ? side + 48 : side + 54 + height + 54,
      sentence: `After ${state.steps} steps with η = ${number(state.lr, 2)} the loss is ${number(result.losses.at(-1))}, from ${number(result.losses[0])} at the start. ${verdict}`,
    };
  }

  function contours(map, state) {
    const [c, s] = [Math.cos(data.angle), Math.sin(data.angle)];
    for (const loss of [0.02, 0.1, 0.3, 0.7, 1.3, 2.2]) {
      const points = [];
      for (let t = 0; t <= 64; t++) {
        const [u, v] = [Math.sqrt(2 * loss) * Math.cos((t * Math.PI) / 32), Math.sqrt(2 * loss * state.ratio) * Math.sin((t * Math.PI) / 32)];
        points.push([c * u - s * v, s * u + c * v]);
      }
      const d = points.map(([a, b], i) => {
        const outside = Math.abs(a) > 2.2 || Math.abs(b) > 2.2;
        return outside ? "" : `${i && !(Math.abs(points[i - 1][0]) > 2.2 || Math.abs(points[i - 1][1]) > 2.2) ? "L" : "M"}${map.x(a)} ${map.y(b)}`;
      });
      layer.append(make("path", { d: d.join(""), class: "icl-contour" }));
    }
  }
  start();
}

export default { render, compute };

// Gradient descent on a two-dimensional bowl: learning rate, steps, curvature; and the two
// components of its error, each of which shrinks by a factor of its own.

function hessian({ ratio }, { angle }) {
  const [c, s, steep, flat] = [Math.cos(angle), Math.sin(angle), 1, 1 / ratio];
  return [
    [steep * c * c + flat * s * s, (steep - flat) * c * s],
    [(steep - flat) * c * s, steep * s * s + flat * c * c],
  ];
}

function compute(data, state) {
  const H = hessian(state, data);
  const path = [state.start];
  for (let k = 0; k < state.steps; k++) {
    const slope = times(H, path[k]);
    path.push(path[k].map((w, i) => w - state.lr * slope[i]));
  }
  const factors = { steep: 1 - state.lr, flat: 1 - state.lr / state.ratio };
  return {
    path,
    losses: path.map((at) => dot(at, times(H, at)) / 2),
    steep: path.map((_, k) => factors.steep ** k),
    flat: path.map((_, k) => factors.flat ** k),
    diverges: state.lr > 2,
    best_lr: 2 / (1 + 1 / state.ratio),
  };
}

const RATIOS = [1, 2, 5, 10, 20, 50, 100];
const LEVELS = [0.02, 0.1, 0.3, 0.7, 1.3, 2.2];
const REACH = 2.2;
const SMALLEST = -8; // log₁₀ of the smallest loss that is drawn

const byStep = (values) => values.map((value, k) => [k, value]);

// The lines of equal loss: ellipses along the two directions.
function contours(plot, { angle }, { ratio }) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  for (const loss of LEVELS) {
    const points = Array.from({ length: 65 }, (_, t) => {
      const u = Math.sqrt(2 * loss) * Math.cos((t * Math.PI) / 32);
      const v = Math.sqrt(2 * loss * ratio) * Math.sin((t * Math.PI) / 32);
      return [c * u - s * v, s * u + c * v];
    });
    plot.curve(points, "icl-contour", "contour");
  }
}

// Where the three panels lie: side by side, or one below the other on a phone.
function places(width) {
  if (width < 560) {
    const side = Math.min(width - 72, 250);
    const small = { w: width - 72, h: 96 };
    const map = { w: side, h: side };
    const losses = { ...small, top: side + 62 };
    return { map, losses, parts: { ...small, top: side + 216 }, height: side + 360 };
  }
  const side = Math.min(330, (width - 130) / 2);
  const h = (side - 62) / 2;
  const right = { left: side + 128, w: width - side - 144, h };
  const parts = { ...right, top: h + 70 };
  return { map: { w: side, h: side }, losses: right, parts, height: side + 48 };
}

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["dot", "icl-gd", "w after each step, and its loss"],
    ["line", "icl-trained icl-solid", "steep direction, (1 − ηλ_max)ᵏ"],
    ["line", "icl-gdpp", "flat direction, (1 − ηλ_min)ᵏ"],
  ];
  const { layer, handles, panel, change, start } = stage(el, model, { draw, entries });
  const set = sliders(panel, change, {
    lr: { label: "Learning rate η", min: 0, max: 2.2, step: 0.02, show: (v) => number(v, 2) },
    steps: { label: "Steps K", min: 0, max: 40, step: 1 },
    ratio: {
      ...stops("Curvature λ_max / λ_min", RATIOS),
      onInput: (place) => change({ ratio: RATIOS[place] }),
    },
  });
  const clamp = (v) => Math.min(2, Math.max(-2, v));
  const startKnob = handle(handles, {
    label: "Start of the path",
    step: 0.1,
    onMove: (a, b) => change({ start: [clamp(a), clamp(b)] }),
  });

  function drawMap(box, state, result) {
    const range = [-REACH, REACH];
    const ticks = { xTicks: [-2, 0, 2], yTicks: [-2, 0, 2] };
    const names = { name: "map", xLabel: "w₁", yLabel: "w₂" };
    const map = axes(layer, { ...box, xRange: range, yRange: range, ...ticks, ...names });
    contours(map, data, state);
    map.curve(result.path, "icl-gd", "path");
    const inside = result.path.filter((at) => at.every((v) => Math.abs(v) <= REACH));
    for (const at of inside) map.point(...at, "icl-gd", { radius: 3, mark: "path" });
    const words = `w₁ ${number(state.start[0], 1)}, w₂ ${number(state.start[1], 1)}`;
    startKnob(map, ...state.start, words);
  }

  function drawLosses(box, result) {
    const logs = result.losses.map(Math.log10);
    const yRange = [SMALLEST, Math.max(1, Math.ceil(Math.max(...logs)))];
    const names = { name: "losses", xLabel: "step (k)", yLabel: "loss" };
    const yTicks = logTicksOf(...yRange, 3);
    const scale = { xRange: [0, 40], yRange, yTicks, yShow: power };
    const plot = axes(layer, { ...box, ...scale, ...names });
    plot.curve(byStep(logs), "icl-gd", "losses");
    const last = result.losses.at(-1);
    plot.point(logs.length - 1, logs.at(-1), "icl-gd", { mark: "last", words: number(last) });
  }

  function drawParts(box, result) {
    const size = Math.max(1, ...result.steep.concat(result.flat).map(Math.abs));
    const reach = roundUp(size);
    const scale = { xRange: [0, 40], yRange: [-reach, reach], yTicks: [-reach, 0, reach] };
    const names = { name: "parts", xLabel: "step (k)", yLabel: "left of each" };
    const plot = axes(layer, { ...box, ...scale, ...names });
    const kinds = { steep: "icl-trained icl-solid", flat: "icl-gdpp" };
    for (const [name, kind] of Object.entries(kinds)) {
      plot.curve(byStep(result[name]), kind, name);
      plot.point(result[name].length - 1, result[name].at(-1), kind.split(" ")[0], { mark: name });
    }
  }

  function draw({ width, state }) {
    const result = compute(data, state);
    const { map, losses, parts, height } = places(width);
    drawMap(map, state, result);
    drawLosses(losses, result);
    drawParts(parts, result);
    set.lr(state.lr);
    set.steps(state.steps);
    set.ratio(RATIOS.indexOf(state.ratio));
    const [first, last] = [result.losses[0], result.losses.at(-1)].map((v) => number(v));
    const left =
      `${number(result.steep.at(-1))} of the steep direction and ` +
      `${number(result.flat.at(-1))} of the flat one`;
    const verdict = result.diverges ? " It diverges." : "";
    const after = `After ${plural(state.steps, "step")} with η = ${number(state.lr, 2)}`;
    const sentence = `${after} the loss is ${last}, from ${first}. Left: ${left}.${verdict}`;
    return { height, sentence };
  }
  start();
}

export default { render, compute };

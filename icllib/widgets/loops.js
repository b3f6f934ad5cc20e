// The loss and the transfer function of a looped layer as its training goes.

function left(lambda, [lr, gamma], n) {
  let [a, b] = [1, 1];
  for (let k = 0; k < 2; k++) {
    const curve = lambda * a * a;
    [a, b] = [a * (1 - gamma * n * curve), b * (1 - lr * curve)];
  }
  return b;
}

const POINTS = 61;
const RANGE = [-1, 1.05]; // of what is left

function compute(data, state) {
  const at = (i) => (i / (POINTS - 1)) * data.most;
  const curve = (pair) => Array.from({ length: POINTS }, (_, i) => left(at(i), pair, data.n));
  return {
    trained: curve([data.lr[state.at], data.gamma[state.at]]),
    gd: curve(data.gd),
    gdpp: curve(data.gdpp),
    loss: data.losses[state.at],
  };
}

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["line", "icl-trained icl-solid", "the layer in training"],
    ["line", "icl-gd", "two tuned steps of GD"],
    ["line", "icl-gdpp", "two tuned steps of GD++"],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const last = data.steps.length - 1;
  const set = sliders(panel, change, { at: stops("Updates", data.steps) });

  function drawLosses(width, state, result) {
    const logs = data.losses.map(Math.log10);
    const levels = { gd: Math.log10(data.gd_loss), gdpp: Math.log10(data.gdpp_loss) };
    const all = [...logs, ...Object.values(levels)];
    const yRange = [Math.min(...all) - 0.05, Math.max(...all) + 0.05];
    const ranges = { xRange: [0, Math.max(1, data.steps[last])], yRange };
    const names = { name: "losses", xLabel: "updates", yLabel: "loss on the query" };
    const ticks = { yTicks: logTicksOf(...yRange), yShow: power };
    const plot = axes(layer, { w: width - 72, h: 130, ...ranges, ...names, ...ticks });
    plot.level(levels.gd, "icl-gd", "gd");
    plot.level(levels.gdpp, "icl-gdpp", "gdpp");
    plot.curve(
      logs.map((v, i) => [data.steps[i], v]),
      "icl-trained icl-solid",
      "losses",
    );
    const here = [data.steps[state.at], Math.log10(result.loss)];
    plot.point(...here, "icl-trained", { radius: 6, mark: "now" });
  }

  function drawCurves(top, width, result) {
    const ranges = { xRange: [0, data.most], yRange: RANGE, yTicks: [-1, -0.5, 0, 0.5, 1] };
    const names = { name: "curves", xLabel: "eigenvalue (λ)", yLabel: "left after two loops" };
    const plot = axes(layer, { top, w: width - 72, h: 160, ...ranges, ...names });
    const kinds = { gd: "icl-gd", gdpp: "icl-gdpp", trained: "icl-trained icl-solid" };
    for (const [name, kind] of Object.entries(kinds)) {
      plot.curve(
        result[name].map((v, i) => [(i / (POINTS - 1)) * data.most, v]),
        kind,
        name,
      );
    }
  }

  function draw({ width, state }) {
    const result = compute(data, state);
    drawLosses(width, state, result);
    drawCurves(196, width, result);
    set.at(state.at);
    const rates = `η = ${number(data.lr[state.at], 2)} and γ = ${number(data.gamma[state.at])}`;
    const head = `After ${plural(data.steps[state.at], "update")} the looped layer has ${rates}`;
    const losses = `GD ${number(data.gd_loss, 4)}, GD++ ${number(data.gdpp_loss, 4)}`;
    const sentence = `${head}. Its loss is ${number(result.loss, 4)}; ${losses}.`;
    return { height: 196 + 160 + 48, sentence };
  }
  start();
}

export default { render, compute };

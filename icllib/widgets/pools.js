// Learning by heart against learning the method, by the number of training tasks.

function compute(data, state) {
  const kind = data.kinds[state.kind];
  const result = {};
  for (const name of ["seen", "new"]) {
    result[name] = kind[name][state.size];
    result[`${name}_by_size`] = kind[name].map((losses) => losses[state.at]);
    result[`${name}_now`] = result[name][state.at];
  }
  return result;
}

const KINDS = { seen: "icl-other", new: "icl-trained" };
const LEVELS = { gd: "icl-gd", zero: "icl-ink icl-thin" };
const grouped = (n) => n.toLocaleString("en");

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["line", KINDS.seen, "loss on the pool"],
    ["line", KINDS.new, "loss on new prompts"],
    ["line", LEVELS.gd, "level: tuned GD step"],
    ["line", LEVELS.zero, "level: answering 0; line: now"],
  ];
  const { layer, panel, change, start } = stage(el, model, { draw, entries });
  const names = data.kinds.map((kind) => kind.name);
  const picked = choice(names, "What the pool fixes", (name) =>
    change({ kind: names.indexOf(name) }),
  );
  panel.append(picked);
  const sizeNow = (place) => grouped(data.kinds[model.get("state").kind].sizes[place]);
  const set = sliders(panel, change, {
    size: { ...stops("Size of the pool", data.kinds[0].sizes), show: sizeNow },
    at: stops("Updates", data.steps.map(grouped)),
  });
  const all = data.kinds.flatMap((kind) => [...kind.seen, ...kind.new].flat()).map(Math.log10);
  const yRange = [Math.min(...all) - 0.1, Math.max(...all) + 0.1];
  const shared = { yRange, yTicks: logTicksOf(...yRange), yShow: power, yLabel: "loss" };

  function levels(plot) {
    for (const name of ["gd", "zero"]) plot.level(Math.log10(data[name]), LEVELS[name], name);
  }

  function drawUpdates(width, state, result) {
    const xRange = [0, data.steps.at(-1)];
    const xTicks = [0, 0.5, 1].map((part) => part * data.steps.at(-1));
    const box = { w: width - 72, h: 140, xRange, xTicks, xShow: grouped };
    const plot = axes(layer, { ...box, ...shared, name: "updates", xLabel: "updates" });
    levels(plot);
    for (const name of ["seen", "new"]) {
      const points = result[name].map((loss, i) => [data.steps[i], Math.log10(loss)]);
      plot.curve(points, KINDS[name], name);
      plot.point(data.steps[state.at], Math.log10(result[`${name}_now`]), KINDS[name], {
        mark: `${name} now`,
      });
    }
    plot.upright(data.steps[state.at], "icl-ink icl-thin", "at");
  }

  function drawSizes(top, width, state, result) {
    const sizes = data.kinds[state.kind].sizes.map(Math.log2);
    const xTicks = sizes.filter((_, place) => place % 2 === 0);
    const box = { top, w: width - 72, h: 140, xRange: [sizes[0], sizes.at(-1)], xTicks };
    const xShow = (t) => grouped(Math.round(2 ** t));
    const plot = axes(layer, {
      ...box,
      ...shared,
      xShow,
      name: "sizes",
      xLabel: "size of the pool",
    });
    levels(plot);
    for (const name of ["seen", "new"]) {
      const points = result[`${name}_by_size`].map((loss, i) => [sizes[i], Math.log10(loss)]);
      plot.curve(points, KINDS[name], `${name} by size`);
    }
    plot.upright(sizes[state.size], "icl-ink icl-thin", "size");
  }

  function draw({ width, state }) {
    const result = compute(data, state);
    drawUpdates(width, state, result);
    drawSizes(206, width, state, result);
    picked.value = names[state.kind];
    set.size(state.size);
    set.at(state.at);
    const pool = `${grouped(data.kinds[state.kind].sizes[state.size])} ${names[state.kind]}`;
    const when = `After ${grouped(data.steps[state.at])} updates on ${pool}`;
    const [seen, fresh] = [result.seen_now, result.new_now].map((loss) => number(loss));
    const losses = `${seen} on the pool, ${fresh} on new prompts`;
    const step = `The tuned step has ${number(data.gd)}, answering 0 ${number(data.zero)}`;
    return { height: 206 + 140 + 48, sentence: `${when}: loss ${losses}. ${step}.` };
  }
  start();
}

export default { render, compute };

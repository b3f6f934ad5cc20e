// Curves through ten points that the reader places.

const RIDGE = 1e-6;

function compute(data, state) {
  const x = state.at.map((place) => data.grid[place]);
  const rows = state.at.map((place) => data.kernel[place]);
  const [s, c] = [x.map(Math.sin), x.map(Math.cos)];
  const [ss, sc, cc] = [dot(s, s) + RIDGE, dot(s, c), dot(c, c) + RIDGE];
  const [sy, cy] = [dot(s, state.y), dot(c, state.y)];
  const size = ss * cc - sc * sc;
  const [a, b] = [(cc * sy - sc * cy) / size, (ss * cy - sc * sy) / size];
  const rate = data.lr / x.length;
  return {
    layer: data.grid.map((_, j) => total(rows.map((row, i) => state.y[i] * row[j]))),
    step: data.grid.map((g) => rate * total(x.map((xi, i) => state.y[i] * Math.cos(xi - g)))),
    fit: data.grid.map((g) => a * Math.sin(g) + b * Math.cos(g)),
  };
}

const KINDS = { fit: "icl-optimum", step: "icl-gd", layer: "icl-trained" };
const REACH = 6;

function render({ model, el }) {
  const data = model.get("data");
  const entries = [
    ["dot", "icl-data", "example"],
    ["line", KINDS.layer, "trained layer"],
    ["line", KINDS.step, "step on sin and cos"],
    ["line", KINDS.fit, "least squares on them"],
  ];
  const { layer, handles, panel, change, start } = stage(el, model, { draw, entries });
  const last = data.grid.length - 1;
  const spacing = data.grid[1] - data.grid[0];
  const nearest = (x) => Math.min(last, Math.max(0, Math.round((x - data.grid[0]) / spacing)));
  const clamp = (v) => Math.min(REACH, Math.max(-REACH, v));
  const place = model.get("state").at.map((_, i) =>
    handle(handles, {
      label: `Example ${i + 1}`,
      step: spacing,
      radius: 6,
      onMove: (px, py) => {
        const { at, y } = model.get("state");
        change({ at: at.with(i, nearest(px)), y: y.with(i, clamp(py)) });
      },
    }),
  );
  const onSine = (patch) => {
    const next = { ...model.get("state"), ...patch };
    const sine = (at) => next.amplitude * Math.sin(data.grid[at] + next.phase);
    change({ ...patch, y: next.at.map(sine) });
  };
  const show = (v) => number(v, 1);
  const set = sliders(panel, change, {
    amplitude: {
      label: "Amplitude",
      min: 0,
      max: 5,
      step: 0.1,
      show,
      onInput: (amplitude) => onSine({ amplitude }),
    },
    phase: {
      label: "Phase",
      min: 0,
      max: 6.2,
      step: 0.1,
      show,
      onInput: (phase) => onSine({ phase }),
    },
  });

  function draw({ width, state }) {
    const result = compute(data, state);
    const ranges = { xRange: [data.grid[0], data.grid[last]], yRange: [-REACH, REACH] };
    const names = { xLabel: "input (x)", yLabel: "label (y)" };
    const plot = axes(layer, { w: width - 72, h: 220, ...ranges, ...names });
    for (const name of Object.keys(KINDS)) {
      plot.curve(
        result[name].map((value, j) => [data.grid[j], value]),
        KINDS[name],
        name,
      );
    }
    state.at.forEach((at, i) => {
      const x = data.grid[at];
      place[i](plot, x, state.y[i], `x ${number(x, 1)}, y ${number(state.y[i], 1)}`);
    });
    set.amplitude(state.amplitude);
    set.phase(state.phase);
    const apart = (name) =>
      Math.max(...result[name].map((value, j) => Math.abs(value - result.step[j])));
    const sentence =
      `The layer's curve and that of the step differ by ${number(apart("layer"), 2)} at most; ` +
      `least squares and the step by ${number(apart("fit"), 2)}.`;
    return { height: 220 + 48, sentence };
  }
  start();
}

export default { render, compute };

"""Where the marks of each live figure must stand, and its extreme states."""

import math

from live_figures import SOLUTION

DRAW = """([module, data, state, width]) => {
  const figure = new Function(module)();
  const el = document.createElement('div');
  el.style.width = `${width}px`;
  document.body.replaceChildren(el);
  const values = { data, state };
  const model = { get: (name) => values[name], set() {}, on() {}, save_changes() {} };
  figure.render({ model, el });
  const at = (node, ...names) => names.map((name) => Number(node.getAttribute(name)));
  const read = (node) => {
    const shape = node.tagName;
    const { mark, told } = node.dataset;
    const found = { shape, mark, told };
    if (shape === 'circle') found.points = [at(node, 'cx', 'cy')];
    const pairs = (text) => [...text.matchAll(/[-\\d.]+,[-\\d.]+/g)]
      .map((m) => m[0].split(',').map(Number));
    if (shape === 'polyline') found.points = pairs(node.getAttribute('points'));
    if (shape === 'rect') {
      const [x, y, w, h] = at(node, 'x', 'y', 'width', 'height');
      found.points = [[x, y], [x + w, y + h]];
      found.opacity = Number(node.getAttribute('fill-opacity'));
    }
    if (shape === 'path') found.points = pairs(node.getAttribute('d'));
    return found;
  };
  const marks = (root) => [...root.querySelectorAll('[data-mark]')].map(read);
  const panels = [...el.querySelectorAll('.icl-panel')].map((panel) => ({
    name: panel.dataset.name,
    box: panel.dataset.box.split(',').map(Number),
    x: panel.dataset.x.split(',').map(Number),
    y: panel.dataset.y.split(',').map(Number),
    marks: marks(panel),
    labels: [...panel.querySelectorAll('.icl-label')].map((node) => node.textContent),
  }));
  const key = el.querySelectorAll('.icl-key li').length;
  return { panels, loose: marks(el).filter((m) => m.mark), text: el.textContent, key };
}"""
WIDTHS = (283, 662)
CORNERS = [-2.9, 2.9, 2.9, -2.9, 0.0, 2.9]
EXTREME = {
    "line_fit": [
        {"x": CORNERS, "y": CORNERS[::-1], "by_hand": h, "left": -2.9, "right": 2.9}
        for h in (True, False)
    ],
    "descent": [
        {"lr": lr, "steps": 40, "ratio": ratio, "start": [2.0, -2.0]}
        for lr in (0.02, 1.0, 2.2)
        for ratio in (1, 100)
    ],
    "block_builder": [
        SOLUTION,
        {
            "W_K": ["I", "0", "W₀", "I"],
            "W_Q": ["I", "0", "−W₀", "I"],
            "W_V": ["I", "0", "W₀", "I"],
            "P": ["I", "0", "W₀", "I"],
        }
        | {"hint": ""},
    ],
    "few_shot": [
        {"chosen": c, "flipped": f, "query": 8}
        for c in ([], list(range(8)))
        for f in ([], [1, 2, 4])
    ],
    "prompt_writer": [
        {"domain": 0, "chosen": c, "flipped": f, "query": 4}
        for c in ([], [0, 1, 2, 3, 5, 6, 7])
        for f in ([], [1, 2])
    ],
    "shots": [
        {"draw": draw, "shots": n, "noise": sigma, "query": query}
        for draw in range(3)
        for n in (1, 20)
        for sigma in (0.0, 2.0)
        for query in (-3.0, 3.0)
    ],
    "memory": [
        {"pairs": 12, "keys": keys, "rule": rule, "asked": 11}
        for keys in ("random", "orthogonal")
        for rule in ("sum", "delta")
    ],
    "kernels": [
        {"sharpness": b, "lr": lr, "log_epsilon": e}
        for b, lr in ((1.0, 12.0), (60.0, 0.5))
        for e in (-4.0, 1.0)
    ],
    "copying": [
        {"scale": scale, "shift": shift, "sees_query": sees}
        for scale in (0.0, 60.0)
        for shift in ("next", "before")
        for sees in (True, False)
    ],
    "scrub": [{"run": run, "at": at} for run in (0, 1) for at in (0, 3)],
    "loops": [{"at": 0}, {"at": 1}],
    "optimum": [
        {"logs": logs, "n": n, "noise": noise}
        for logs in ([-3.0] * 5, [-3.0, 3.0, 0.0, 3.0, -3.0])
        for n in (1, 1000)
        for noise in (0.0, 3.0)
    ],
    "curves": [
        {"at": at, "y": [6.0, -6.0, 5.0], "amplitude": 5.0, "phase": 6.2}
        for at in ([0, 1, 2], [0, 10, 20])
    ],
    "pools": [
        {"kind": kind, "size": size, "at": at}
        for kind in (0, 1)
        for size in (0, 2)
        for at in (0, 3)
    ],
    "ledger": [
        {"verdict": "", "chapter": "", "source": "", "words": words, "open": ["C01", "C03"]}
        for words in ("", "xxx")
    ],
    "emergence": [
        {"run": run, "at": at, "asks": asks} for run, asks in ((0, 0), (1, 4)) for at in (0, 3)
    ],
    "spectrum": [
        {"steps": k, "lr": lr, "gamma": gamma}
        for k in (1, 3)
        for lr in (0.0, 40.0)
        for gamma in (0.0, 0.5)
    ],
    "inspector": [{"cell": ["scores", 3, 0]}],
}


def log(value):
    return math.log10(value) if value > 0 else -math.inf


def along(start, stop, values):
    """Values at equal distances as points."""
    return [
        [start + (stop - start) * i / (len(values) - 1), value] for i, value in enumerate(values)
    ]


def line_fit(figure, state, result):
    reach = figure.data["reach"]
    return {("", "line"): [[x, result["w"] * x + result["b"]] for x in (-reach, reach)]}, {}


def descent(figure, state, result):
    curves = {
        ("map", "path"): result["path"],
        ("losses", "losses"): list(enumerate(map(log, result["losses"]))),
    }
    curves |= {("parts", name): list(enumerate(result[name])) for name in ("steep", "flat")}
    last = state["steps"]
    dots = {("parts", name): [[last, result[name][-1]]] for name in ("steep", "flat")}
    return curves, dots | {("losses", "last"): [[last, log(result["losses"][-1])]]}


def block_builder(figure, state, result):
    places = {
        name: [[j + 1, token[-1]] for j, token in enumerate(result[name])]
        for name in ("after", "target")
    }
    return {}, {("", name): points for name, points in places.items()}


def shots(figure, state, result):
    x = figure.data["x"][state["draw"]][: state["shots"]]
    reach = max(3, math.ceil(max(abs(v) for row in figure.data["x"] for v in row)))
    curves = {
        ("learners", f"line {k + 2}"): [[-reach, -reach * slope], [reach, reach * slope]]
        for k, slope in enumerate(result["slopes"])
    }
    curves["learners", "line 0"] = [[-reach, result["answers"][0]], [reach, result["answers"][0]]]
    curves["answers", "truth"] = [[result["truth"], 0], [result["truth"], 6]]
    answers = [[answer, 5.5 - k] for k, answer in enumerate(result["answers"])]
    examples = [list(pair) for pair in zip(x, result["labels"], strict=True)]
    return curves, {("answers", "answer"): answers, ("learners", "example"): examples}


def kernels(figure, state, result):
    curves = {
        ("curves", name): along(-math.pi, math.pi, result[name])
        for name in ("smoother", "step", "pair")
    }
    curves["errors", "single"] = [[e, log(state["lr"] * v)] for e, v in figure.data["single"]]
    examples = [list(pair) for pair in zip(figure.data["x"], figure.data["y"], strict=True)]
    return curves, {
        ("errors", "now"): [[state["log_epsilon"], log(result["error"])]],
        ("curves", "example"): examples,
    }


def scrub(figure, state, result):
    steps, run = figure.data["steps"], figure.data["runs"][state["run"]]
    return {}, {("", "now"): [[steps[state["at"]], run["cosine"][state["at"]]]]}


def loops(figure, state, result):
    curves = {
        ("curves", name): along(0, figure.data["most"], result[name])
        for name in ("trained", "gd", "gdpp")
    }
    steps, losses = figure.data["steps"], [log(loss) for loss in figure.data["losses"]]
    curves["losses", "losses"] = [list(pair) for pair in zip(steps, losses, strict=True)]
    return curves, {("losses", "now"): [[steps[state["at"]], log(result["loss"])]]}


def optimum(figure, state, result):
    order = sorted(range(5), key=lambda i: state["logs"][i])
    names = ("best", "scalar", "white")
    dots = {
        ("multipliers", n): [[state["logs"][i], math.log2(result[n][i])] for i in order]
        for n in names
    }
    sizes = [log(n) for n in figure.data["sizes"]]
    by_n = {
        n: [list(p) for p in zip(sizes, map(log, result[f"{n}_by_n"]), strict=True)] for n in names
    }
    curves = {("losses", f"losses {n}"): points for n, points in by_n.items()}
    return curves | {("multipliers", f"line {n}"): points for (_, n), points in dots.items()}, dots


def curves(figure, state, result):
    grid = figure.data["grid"]
    return {
        ("", name): [list(pair) for pair in zip(grid, result[name], strict=True)]
        for name in ("layer", "step", "fit")
    }, {}


def pools(figure, state, result):
    steps, sizes = figure.data["steps"], figure.data["kinds"][state["kind"]]["sizes"]
    curves = {
        (panel, f"{name}{end}"): [
            [where(p), log(loss)] for p, loss in zip(places, result[key], strict=True)
        ]
        for name in ("seen", "new")
        for panel, end, where, places, key in (
            ("updates", "", float, steps, name),
            ("sizes", " by size", math.log2, sizes, f"{name}_by_size"),
        )
    }
    now = steps[state["at"]]
    return curves, {
        ("updates", f"{name} now"): [[now, log(result[f"{name}_now"])]] for name in ("seen", "new")
    }


def emergence(figure, state, result):
    now = [[figure.data["steps"][state["at"]], result["loss"]]]
    return {}, {("", "now"): now}


def spectrum(figure, state, result):
    return {("", "left"): along(0, figure.data["most"], result["left"])}, {}


WANTED = {
    f.__name__: f
    for f in (
        line_fit,
        descent,
        block_builder,
        shots,
        kernels,
        scrub,
        loops,
        optimum,
        curves,
        pools,
        emergence,
        spectrum,
    )
}

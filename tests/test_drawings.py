"""No live figure draws a value where it is not: every mark stands at its value, or is marked as
leaving the frame."""

import itertools
import math

import pytest
from test_widgets import FIGURES, SOLUTION

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


@pytest.fixture(scope="module")
def sheet(browser):
    page = browser.new_page()
    page.set_content("<!doctype html><body></body>")
    yield page
    page.close()


def drawn(sheet, figure, state, width):
    module = figure._esm.replace("export default", "return", 1)
    return sheet.evaluate(DRAW, [module, figure.data, state, width])


def pixel(panel, point):
    left, top, w, h = panel["box"]
    (x0, x1), (y0, y1) = panel["x"], panel["y"]
    return left + (point[0] - x0) / (x1 - x0) * w, top + h - (point[1] - y0) / (y1 - y0) * h


def inside(panel, place, slack=0.0):
    left, top, w, h = panel["box"]
    return (
        left - slack <= place[0] <= left + w + slack and top - slack <= place[1] <= top + h + slack
    )


def gap(point, start, stop):
    """The distance of a point to a segment."""
    (px, py), (ax, ay), (bx, by) = point, start, stop
    length = (bx - ax) ** 2 + (by - ay) ** 2
    t = (
        0
        if length == 0
        else max(0, min(1, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length))
    )
    return math.hypot(px - ax - t * (bx - ax), py - ay - t * (by - ay))


def near(point, runs):
    return min(
        (gap(point, *pair) for run in runs for pair in itertools.pairwise(run)), default=math.inf
    )


def check_curve(panel, mark, points):
    runs = [m["points"] for m in panel["marks"] if m["mark"] == mark and m["shape"] == "polyline"]
    finite = [pixel(panel, p) for p in points if math.isfinite(p[1])]
    for run in runs:
        assert all(near(vertex, [finite]) < 0.1 for vertex in run), (
            f"{mark} is drawn where it is not"
        )
    if len(finite) > 1:
        assert all(near(place, runs) < 0.1 for place in finite if inside(panel, place, -0.1)), (
            f"{mark} is not whole"
        )


def check_dots(panel, mark, points):
    found = [m for m in panel["marks"] if m["mark"] == mark and m["shape"] in ("circle", "path")]
    assert len(found) == len(points), mark
    for one, point in zip(found, points, strict=True):
        place = pixel(panel, point)
        if inside(panel, place, 1e-6):
            assert one["shape"] == "circle" and math.dist(one["points"][0], place) < 0.1, (
                f"{mark} stands elsewhere"
            )
        else:
            assert one["shape"] == "path" and one["told"], (
                f"{mark} leaves the frame and is not marked"
            )


#: Figures that draw without axes: boxes, matrices and sentences.
FRAMELESS = {"copying", "inspector", "ledger"}


@pytest.mark.browser
@pytest.mark.parametrize("name", [name for name in FIGURES if name not in FRAMELESS])
def test_every_mark_lies_in_its_frame(name, sheet):
    figure = FIGURES[name]()
    for state, width in itertools.product([figure.state, *EXTREME[name]], WIDTHS):
        panels = drawn(sheet, figure, state, width)["panels"]
        assert any(panel["marks"] for panel in panels)
        for panel in panels:
            for mark in panel["marks"]:
                places = (
                    mark["points"][-1:] if mark["shape"] == "path" else mark["points"]
                )  # an arrow's tip
                assert all(inside(panel, place, 0.1) for place in places), (state, mark)


@pytest.mark.browser
@pytest.mark.parametrize("name", WANTED)
def test_every_mark_stands_at_its_value_or_is_marked_as_leaving(name, sheet):
    figure = FIGURES[name]()
    for state in [figure.state, *EXTREME[name]]:
        curves, dots = WANTED[name](figure, state, figure.compute(state))
        panels = {panel["name"]: panel for panel in drawn(sheet, figure, state, 662)["panels"]}
        for (panel, mark), points in curves.items():
            check_curve(panels[panel], mark, points)
        for (panel, mark), points in dots.items():
            check_dots(panels[panel], mark, points)


@pytest.mark.browser
def test_what_leaves_the_frame_is_told_by_its_number(sheet):
    figure = FIGURES["shots"]()
    told = []
    for state in EXTREME["shots"]:
        panels = {panel["name"]: panel for panel in drawn(sheet, figure, state, 662)["panels"]}
        answers = [m for m in panels["answers"]["marks"] if m["mark"] == "answer"]
        for mark, answer in zip(answers, figure.compute(state)["answers"], strict=True):
            if mark["shape"] == "path":
                assert float(mark["told"].replace("−", "-")) == pytest.approx(answer, abs=0.051)
                told.append(answer)
    assert told, "no answer left the frame: the test would see nothing"


@pytest.mark.browser
def test_bars_are_as_long_as_their_numbers(sheet):
    for name, mark, key in (
        ("few_shot", "vote", "votes"),
        ("prompt_writer", "vote", "votes"),
        ("memory", "error", "errors"),
    ):
        figure = FIGURES[name]()
        for state in [figure.state, *EXTREME[name]]:
            (panel,) = drawn(sheet, figure, state, 662)["panels"]
            bars = [m["points"] for m in panel["marks"] if m["mark"] == mark]
            values = figure.compute(state)[key]
            assert len(bars) == len(values)
            for (first, last), value in zip(bars, values, strict=True):
                at = [(0, 0), (value, 0)] if mark == "vote" else [(0, 0), (0, value)]
                axis = 0 if mark == "vote" else 1
                wanted = sorted(pixel(panel, point)[axis] for point in at)
                assert sorted((first[axis], last[axis])) == pytest.approx(wanted, abs=0.1)


@pytest.mark.browser
def test_shades_and_squares_are_as_strong_as_their_numbers(sheet):
    figure = FIGURES["memory"]()
    for state in [figure.state, *EXTREME["memory"]]:
        pixels = [
            m["opacity"] for m in drawn(sheet, figure, state, 662)["loose"] if m["mark"] == "asked"
        ]
        letter = figure.compute(state)["recalled"][state["asked"]]
        reach = max(1.0, *map(abs, letter))
        assert pixels == pytest.approx([(value / reach + 1) / 2 for value in letter], abs=6e-4)
    figure = FIGURES["copying"]()
    for state in [figure.state, *EXTREME["copying"]]:
        squares = [
            m["points"] for m in drawn(sheet, figure, state, 283)["loose"] if m["mark"] == "weight"
        ]
        weights = [weight for row in figure.compute(state)["weights"] for weight in row]
        sides = [last[0] - first[0] for first, last in squares]
        cell = min(32, (283 - 60) / 9)
        assert [(side / cell) ** 2 for side in sides] == pytest.approx(weights, abs=1e-6)
    figure = FIGURES["emergence"]()
    for state in [figure.state, *EXTREME["emergence"]]:
        squares = [
            m["points"] for m in drawn(sheet, figure, state, 283)["loose"] if m["mark"] == "weight"
        ]
        rows = figure.data["runs"][state["run"]]["maps"][state["at"]]
        weights = [weight for row in rows for weight in [*row, 0]]
        areas = [((last[0] - first[0]) / 24) ** 2 for first, last in squares]
        assert areas == pytest.approx(weights, abs=1e-6)


@pytest.mark.browser
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_a_key_and_every_axis_a_name(name, sheet):
    figure = FIGURES[name]()
    seen = drawn(sheet, figure, figure.state, 283)
    assert seen["key"] >= 1 and not any(
        word in seen["text"] for word in ("NaN", "undefined", "Infinity")
    )
    for panel in seen["panels"]:
        assert any(label.strip() for label in panel["labels"])

"""No live figure draws a value where it is not: every mark stands at its value, or is marked as
leaving the frame."""

import itertools
import math

import pytest
from drawn_marks import DRAW, EXTREME, WANTED, WIDTHS
from live_figures import FIGURES


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

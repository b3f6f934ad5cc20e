"""The look of the figures: one colour and line style a learner, whatever matplotlibrc says."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

from matplotlib import style
from matplotlib.axes import Axes

__all__ = ["COLORS", "LEARNERS", "LOOK", "Look", "css_tokens"]

#: Colour tokens: name → (light, dark). The hues are Okabe and Ito's, lightened for the dark where
# contrast needs it.
COLORS: dict[str, tuple[str, str]] = {
    "ink": ("#1f2328", "#e8e6e3"),
    "muted": ("#57606a", "#aab2bd"),
    "grid": ("#d5d9de", "#3d444d"),
    "surface": ("#ffffff", "#14181e"),
    "data": ("#4d5560", "#b9c0c9"),
    "query": ("#b36b00", "#f0a830"),
    "gd": ("#0072b2", "#5ab4f0"),
    "gdpp": ("#00795a", "#2fc39a"),
    "trained": ("#c04a00", "#ff8a4c"),
    "optimum": ("#000000", "#ffffff"),
    "other": ("#8a4f7d", "#d79cc9"),
}

#: Colour and line style of each learner, the same in every chapter: keyword arguments for
# `Axes.plot`.
LEARNERS: dict[str, dict[str, object]] = {
    "gd": {"color": COLORS["gd"][0], "linestyle": "-"},
    "gdpp": {"color": COLORS["gdpp"][0], "linestyle": "--"},
    "trained": {"color": COLORS["trained"][0], "linestyle": "-", "marker": "o", "markersize": 4},
    "optimum": {"color": COLORS["optimum"][0], "linestyle": ":", "linewidth": 2},
    "other": {"color": COLORS["other"][0], "linestyle": "-."},
}

_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "icllib",
    "font.size": 10.5,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 10.5,
    "axes.edgecolor": COLORS["muted"][0],
    "axes.labelcolor": COLORS["ink"][0],
    "axes.titlecolor": COLORS["ink"][0],
    "text.color": COLORS["ink"][0],
    "xtick.color": COLORS["muted"][0],
    "ytick.color": COLORS["muted"][0],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": COLORS["grid"][0],
    "grid.linewidth": 0.7,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}

_NOW: ContextVar[object] = ContextVar("look", default=None)


class Look:
    """Settings of matplotlib that hold for a figure, on top of matplotlib's own defaults.

    A reader's matplotlibrc and the style in force change nothing, and are as they were afterwards.
    matplotlib reads most settings when something is drawn, so the axes bring the look with them.

    Attributes:
        axes: the class of axes on which every call draws in this look, for `Figure.add_subplot`.
    """

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._settings = settings
        drawing = {
            name: self.on()(method)
            for name, method in inspect.getmembers(Axes, inspect.isfunction)
            if not name.startswith(("_", "get_")) and name != "cla"  # an old name of clear
        }
        self.axes: type[Axes] = type("LookAxes", (Axes,), drawing)

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Inside, or in a function that this decorates, the look holds."""
        if _NOW.get() is self:
            yield
            return
        before = _NOW.set(self)
        try:
            with style.context(["default", dict(self._settings)]):
                yield
        finally:
            _NOW.reset(before)


#: The look of the book.
LOOK = Look(_STYLE)


def css_tokens() -> str:
    """The style sheet that defines every colour token for the light page, the dark page, and a page
    that follows the reader's system."""

    def block(selector: str, shade: int) -> str:
        rules = "".join(f"--icl-{name}:{pair[shade]};" for name, pair in COLORS.items())
        return f"{selector}{{{rules}}}"

    return "\n".join(
        [
            block(":root", 0),
            "@media (prefers-color-scheme: dark){" + block(":root:not([data-theme])", 1) + "}",
            block('html[data-theme="dark"], body[data-jp-theme-light="false"]', 1),
        ]
    )

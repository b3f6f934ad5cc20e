"""One look for a figure and all that is drawn on it, whatever matplotlib's settings are."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

from matplotlib import style
from matplotlib.axes import Axes

__all__ = ["Look"]

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

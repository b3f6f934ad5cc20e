"""Figures that turn with the page between light and dark, with captions and text alternatives.

A figure is drawn once with matplotlib. Its SVG names colours by CSS variables, so that the same
picture turns with the page between light and dark; its text stays text, in the font of the page.
"""

from __future__ import annotations

import html
import io
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from torch import Tensor

from icllib.errors import InputError
from icllib.look import COLORS, LEARNERS, LOOK, css_tokens
from icllib.svg import inlined

__all__ = [
    "COLORS",
    "LEARNERS",
    "Picture",
    "canvas",
    "css_tokens",
    "draw_heatmap",
    "draw_matrix",
    "label_line",
    "picture",
    "show",
    "to_svg",
]

# matplotlib leaves out the fill of black things, which is the default of text: ink takes its place.
_INLINE = (
    f"fill:var(--icl-ink,{COLORS['ink'][0]});stroke-linejoin:round;font-family:system-ui,sans-serif"
)

_PHONE = 330  # px: the width of a drawing on a screen of 360, as the style sheet has it


def canvas(width: float = 5.0, height: float = 3.2, **axes: object) -> tuple[Figure, Axes]:
    """An empty figure with one axes in the look of the book; what is drawn on it is in that look,
    too.

    Args:
        width, height: size in inches; 5 inches stay readable on a 360 px screen.
        **axes: properties of the axes (`xlabel`, `ylabel`, `title`, `xscale`, …).
    """
    with LOOK.on():
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.add_subplot(axes_class=LOOK.axes, **axes)


def label_line(ax: Axes, x: float, y: float, text: str, color: str, **offset: object) -> None:
    """Write `text` beside a line at (x, y), in its colour: a direct label in place of a legend."""
    options = {"xytext": (4, 4), "textcoords": "offset points", "fontsize": 10.5} | offset
    ax.annotate(text, (x, y), color=color, **options)


@LOOK.on()
def draw_matrix(
    matrix: Tensor, title: str, split: int | None = None, entries: Mapping[float, str] | None = None
) -> Figure:
    """A matrix as a grid of numbers: positive entries in blue, negative ones in vermilion, zeros
    left empty.

    Args:
        matrix: (rows, columns).
        title: its name.
        split: rows and columns of the x-part, which are marked and named; none unless given.
        entries: value → text, for entries that have a name, such as {0.125: "η/N"}.
    """
    rows, columns = matrix.shape
    figure, ax = canvas(2.6, 2.6, title=title, aspect="equal")
    names = {round(value, 12): text for value, text in (entries or {}).items()}
    for row, column in itertools.product(range(rows), range(columns)):
        value = float(matrix.detach()[row, column])
        if value != 0:
            color = COLORS["gd" if value > 0 else "trained"][0]
            text = names.get(round(value, 12), f"{value:.2g}".replace("-", "−"))
            ax.add_patch(
                Rectangle((column, row), 1, 1, facecolor=color, alpha=0.25, edgecolor="none")
            )
            ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=10)
    for edge in {0, split or 0, columns}:
        ax.axvline(edge, color=COLORS["muted"][0], linewidth=1.2)
        ax.axhline(edge, color=COLORS["muted"][0], linewidth=1.2)
    ax.set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[])
    if split is not None:
        ax.set_xticks([split / 2, (split + columns) / 2], ["x", "y"])
        ax.set_yticks([split / 2, (split + rows) / 2], ["x", "y"])
    ax.grid(False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return figure


@LOOK.on()
def draw_heatmap(
    matrix: Tensor, title: str, split: int | None = None, largest: float | None = None
) -> Figure:
    """A matrix as a grid of colours: positive entries blue, negative ones vermilion, the stronger
    the larger; below it the scale of colours.

    Args:
        matrix: (rows, columns).
        title: its name.
        split: rows and columns of the x-part, behind which a line is drawn; none unless given.
        largest: the size that gets the full colour; that of the largest entry unless given.

    Raises:
        InputError: an entry is larger than `largest`: its colour would say less than it is.
    """
    rows, columns = matrix.shape
    figure, ax = canvas(2.6, 2.9, title=title, aspect="equal")
    values = matrix.detach().double()
    most = float(values.abs().max())
    scale = most if largest is None else largest
    if most > scale * (1 + 1e-9):
        raise InputError(
            f"largest = {scale}, expected at least the size of the largest entry, {most:.4g}"
        )

    for row, column in itertools.product(range(rows), range(columns)):
        _shade(ax, (column, row, 1, 1), float(values[row, column]) / scale if scale else 0.0)
    edge = {"color": COLORS["muted"][0], "linewidth": 1}
    for across, down in ((0, 0), (split or 0, split or 0), (columns, rows)):
        ax.plot([across, across], [0, rows], **edge)
        ax.plot([0, columns], [down, down], **edge)
    _draw_scale(ax, rows, columns, scale)
    ax.set(xlim=(0, columns), ylim=(1.26 * rows, 0), xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return figure


def _shade(ax: Axes, box: tuple[float, float, float, float], strength: float) -> None:
    """Fill a box (x, y, width, height) as strongly as a number from −1 to 1 says."""
    if abs(strength) > 0.03:  # fainter ones cannot be seen
        color, alpha = COLORS["gd" if strength > 0 else "trained"][0], round(abs(strength), 2)
        look = {"facecolor": color, "alpha": alpha, "edgecolor": "none", "clip_on": False}
        ax.add_patch(Rectangle(box[:2], *box[2:], **look))


def _draw_scale(ax: Axes, rows: int, columns: int, scale: float) -> None:
    """The colours from −scale to scale, below a heat map."""
    parts = 20
    for part in range(parts):
        box = (part * columns / parts, 1.06 * rows, columns / parts, 0.05 * rows)
        _shade(ax, box, (2 * part + 1) / parts - 1)
    for place, value, align in ((0, -scale, "left"), (0.5, 0, "center"), (1, scale, "right")):
        text = f"{value:.2g}".replace("-", "−")
        ax.text(place * columns, 1.14 * rows, text, ha=align, va="top")


def to_svg(figure: Figure, alt: str) -> str:
    """The figure as inline SVG: colours as CSS variables (light values as fallback), text as text.

    Args:
        figure: drawn with `canvas`.
        alt: the text alternative; it states what the figure shows.

    Raises:
        InputError: `alt` is empty.
    """
    if not alt.strip():
        raise InputError(
            "alt is empty: every figure needs a text alternative that states its finding"
        )
    buffer = io.StringIO()
    with LOOK.on():
        _enlarge(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    inks = {light: f"var(--icl-{name}, {light})" for name, (light, _) in COLORS.items()}
    width = 72 * figure.get_figwidth()  # pt
    style = f"max-width:{1.4 * width:.0f}px;flex:1 1 {width:.0f}px;{_INLINE}"
    return inlined(buffer.getvalue(), inks, role="img", **{"aria-label": alt, "style": style})


def _enlarge(figure: Figure) -> None:
    """Make small text as large as it must be.

    That is 10 px on a screen of 360, where a drawing is at least `_PHONE` px wide.
    """
    least = 10 * max(1.0, 72 * figure.get_figwidth() / _PHONE)
    for text in figure.findobj(Text):
        text.set_fontsize(max(least, text.get_fontsize()))


@dataclass(frozen=True)
class Picture:
    """One or more panels with a caption, as a page shows them; side by side where there is room."""

    panels: tuple[str, ...]
    caption: str
    alt: str
    name: str = ""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        style = f"<style>{css_tokens()}</style>"
        name = f' data-name="{html.escape(self.name)}"' if self.name else ""
        page = (
            f'{style}<figure class="icl-figure"{name}>'
            f'<div class="icl-panels">{"".join(self.panels)}</div>'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )
        return {"text/html": page, "text/plain": self.alt}

    def __str__(self) -> str:
        """What a terminal shows in its place."""
        return self.alt


def picture(
    *panels: tuple[Figure, str] | Figure, caption: str, alt: str = "", name: str = ""
) -> Picture:
    """Panels under one caption, not shown yet.

    Args:
        *panels: a figure, or a pair (figure, its own text alternative) where there are several.
        caption: what to see; formulas between dollars, and letters with an index such as W_K, are
            set by the book.
        alt: the text alternative of a single figure.
        name: by which the text can cite it: {fig}`name` becomes "figure 7.3".

    Raises:
        InputError: a panel has no text alternative.
    """
    pairs = [panel if isinstance(panel, tuple) else (panel, alt) for panel in panels]
    svgs = tuple(to_svg(figure, text) for figure, text in pairs)
    return Picture(svgs, caption, " ".join(text for _, text in pairs), name)


def show(*panels: tuple[Figure, str] | Figure, caption: str, alt: str = "", name: str = "") -> None:
    """Show panels under one caption, wherever the call stands in its cell; as `picture` does."""
    display(picture(*panels, caption=caption, alt=alt, name=name))

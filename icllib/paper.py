"""Figures 1 to 16 of von Oswald et al. (2023), each measured on the book's stored models, drawn
small, and judged."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icllib import paper_laws, paper_layers, paper_models, paper_tasks
from icllib.errors import InputError, UnstableWarning
from icllib.exhibits import Curve, Exhibit, Heat, Panel
from icllib.plots import COLORS, LEARNERS, canvas, draw_heatmap, label_line, show
from icllib.store import FOLDER
from icllib.tables import Table, table
from icllib.threads import threads_for

__all__ = ["FIGURES", "PaperFigure", "exhibit", "measure", "numbers", "overview"]


@dataclass(frozen=True)
class PaperFigure:
    """A figure of the paper, and what it takes to have it here.

    Attributes:
        number, about: as in the paper, and in a few words.
        chapters: where the book treats it.
        experiments: names for `python -m icllib run`.
        measure: folder of results → what was found.
        full_size: names for the same in the paper's size, where ours is smaller.
    """

    number: int
    about: str
    chapters: str
    experiments: tuple[str, ...]
    measure: Callable[[Path], Exhibit]
    full_size: tuple[str, ...] = ()

    @property
    def commands(self) -> str:
        """What trains its models again, and then in the paper's size."""
        lines = [f"python -m icllib run {name}" for name in self.experiments]
        return "\n".join(
            lines + [f"python -m icllib run {name} --device cuda" for name in self.full_size]
        )


#: number → figure, all sixteen.
#:
#: :meta hide-value:
FIGURES: dict[int, PaperFigure] = {
    figure.number: figure
    for figure in (
        PaperFigure(
            1, "one layer applied fifty times", "10", ("one-layer",), paper_layers.repeated
        ),
        PaperFigure(
            2,
            "one layer beside one step",
            "10",
            ("one-layer", "one-layer-nx5", "one-layer-nx20"),
            paper_layers.one_layer,
        ),
        PaperFigure(
            3,
            "two loops, five layers",
            "7, 11",
            ("looped-2", "deep-5", "deep-5-path", "rivals-paper"),
            paper_layers.deep,
        ),
        PaperFigure(4, "sine curves", "14", ("curves-1", "curves-paper"), paper_tasks.sines),
        PaperFigure(
            5,
            "separate tokens",
            "8, 15",
            ("separate-paper", "separate-paper-linear"),
            paper_tasks.separate,
        ),
        PaperFigure(
            6,
            "other laws of inputs",
            "10, 11",
            ("one-layer", "looped-2", "deep-5", "rivals-paper"),
            paper_laws.other_laws,
        ),
        PaperFigure(
            7,
            "ten loops",
            "11",
            ("looped-10", "rivals-long"),
            paper_layers.many_loops,
            ("paper-looped-10",),
        ),
        PaperFigure(
            8,
            "twelve blocks with small networks",
            "13",
            ("blocks-12", "linear-blocks-4", "rivals-paper", "rivals-long"),
            paper_models.blocks,
            ("paper-blocks-12",),
        ),
        PaperFigure(
            9,
            "weights of one layer and of three loops",
            "10, 11",
            ("one-layer", "looped-3"),
            paper_laws.weights,
        ),
        PaperFigure(10, "damping", "10", ("one-layer",), paper_laws.damping),
        PaperFigure(
            11, "weights of two softmax heads", "9, 13", ("softmax-2",), paper_models.heads
        ),
        PaperFigure(
            12,
            "one softmax head and two",
            "9, 13",
            ("softmax-1", "softmax-2"),
            paper_models.softmax,
        ),
        PaperFigure(
            13,
            "what the bend of GD++ does",
            "7, 11",
            ("looped-2", "looped-2-n25", "looped-2-n50", "looped-2-n100"),
            paper_laws.bends,
        ),
        PaperFigure(
            14, "LayerNorm", "9, 13", ("norm-1", "norm-2", "rivals-paper"), paper_models.norms
        ),
        PaperFigure(
            15,
            "plateaus, two heads, and 8,192 prompts",
            "13, 15",
            ("plateau-1", "plateau-2", "pool-8192-block"),
            paper_tasks.plateaus,
        ),
        PaperFigure(
            16,
            "only so many prompts",
            "13",
            ("pool-128", "pool-512", "pool-2048", "pool-8192"),
            paper_tasks.pools,
            ("paper-pool-128", "paper-pool-512", "paper-pool-2048", "paper-pool-8192"),
        ),
    )
}


def measure(number: int, folder: Path = FOLDER) -> Exhibit:
    """What the stored results show for a figure of the paper.

    Raises:
        InputError: there is no such figure.
        MissingResultError, StaleResultError: a result that it needs is not there, or not current.
    """
    if number not in FIGURES:
        raise InputError(f"number = {number!r}, expected one of 1 to {len(FIGURES)}")
    with warnings.catch_warnings(), threads_for(0):
        warnings.simplefilter("ignore", UnstableWarning)
        return FIGURES[number].measure(folder)


def overview(found: Mapping[int, Exhibit]) -> Table:
    """All figures, their verdicts, and how many of their bounds are kept."""
    kept = {n: [row.holds for row in one.rows if row.holds is not None] for n, one in found.items()}
    return table(
        {
            "figure": list(found),
            "about": [FIGURES[number].about for number in found],
            "verdict": [one.verdict for one in found.values()],
            "bounds kept": [f"{sum(each)} of {len(each)}" for each in kept.values()],
            "size": ["smaller" if FIGURES[n].full_size else "full" for n in found],
        },
        caption="The sixteen figures of the paper, with our models.",
        index="figure",
    )


def numbers(found: Exhibit, number: int) -> Table:
    """The numbers of a figure: ours, the authors', the bounds, and the verdict."""
    return table(
        found.columns(),
        caption=f"Figure {number} of the paper, {FIGURES[number].about}: {found.verdict}.",
        digits=4,
    )


def exhibit(found: Exhibit, number: int, caption: str, alts: Sequence[str]) -> None:
    """Show a figure's small picture, its numbers, and the commands that train its models again.

    Args:
        found: what `measure` gives.
        number: of the figure.
        caption: what to see.
        alts: what each panel finds, one a panel.

    Raises:
        InputError: another number of texts than panels.
    """
    if len(alts) != len(found.panels):
        raise InputError(f"alts has {len(alts)} texts, expected {len(found.panels)}: one a panel")
    drawn = [_draw(panel) for panel in found.panels]
    show(*zip(drawn, alts, strict=True), caption=caption)
    display(numbers(found, number))
    print(FIGURES[number].commands)


def _draw(panel: Panel | Heat) -> Figure:
    if isinstance(panel, Heat):
        return draw_heatmap(panel.matrix.float(), panel.title, split=panel.split)
    figure, ax = canvas(
        2.8, 2.5, xlabel=panel.x, ylabel=panel.y, title=panel.title, yscale=panel.scale
    )
    for place, curve in enumerate(panel.curves):
        x, y = torch.as_tensor(list(curve.x)).double(), torch.as_tensor(list(curve.y)).double()
        if curve.look == "points":
            ax.plot(x, y, "o", color=COLORS["data"][0])
            continue
        look = LEARNERS[curve.look] | {"linewidth": 1.3}
        look |= {"marker": ""} if len(x) > 12 else {"markersize": 3}
        look |= {"drawstyle": "steps-post"} if panel.steps else {}
        ax.plot(x, y.where(y.isfinite(), torch.nan), **look)
        if panel.labelled and curve.name:
            _label(ax, curve, x, y, place)
    if panel.limits is not None:
        ax.set(ylim=panel.limits)
    return figure


def _label(ax: Axes, curve: Curve, x: torch.Tensor, y: torch.Tensor, place: int) -> None:
    """Write a curve's name above its highest point, a little to the right."""
    at = int(y.nan_to_num(-torch.inf, posinf=-torch.inf).argmax())
    right = at > len(x) * 0.6
    options = {"ha": "right" if right else "left", "xytext": (-3 if right else 4, 2)}
    label_line(ax, float(x[at]), float(y[at]), curve.name, LEARNERS[curve.look]["color"], **options)

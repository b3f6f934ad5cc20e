"""Loss by depth, and the algorithm that a looped layer runs as its training goes (chapter 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from icllib.errors import InputError, ShapeError, check_count, check_number
from icllib.plots import COLORS, LEARNERS, canvas, label_line, to_svg
from icllib.widgets.base import LiveFigure, vector

__all__ = ["Depth"]


class Depth(LiveFigure):
    """Two linked drawings: the loss of several learners by depth, and what two loops of a layer in training leave of
    each eigendirection, by the η and γ read off its weights.

    Args:
        losses: learner → (depth → loss), depths from 1; "GD" among them.
        steps: updates before each reading, R numbers.
        rates, bends: η and γ read off at each, R numbers each.
        trained_losses: at each, R numbers.
        gd: η of tuned gradient descent, two steps.
        gdpp: η and γ of tuned GD++, two steps.
        n_context: N.
        most: the largest eigenvalue to show, of (1/N) Σ x xᵀ.

    Raises:
        InputError: "GD" is missing, or a number is not finite.
        ShapeError: the readings differ in length.
    """

    name = "depth"
    caption = (
        "Above, loss by depth: move the depth, or choose a learner. Below, what two loops leave of a direction by its eigenvalue: "
        "move through training, and watch the trained curve pass the parabola of gradient descent (blue) and settle on the flat curve of GD++ (green)."
    )

    def __init__(
        self,
        losses: Mapping[str, Mapping[int, float]],
        steps: Sequence[int],
        rates: Sequence[float],
        bends: Sequence[float],
        trained_losses: Sequence[float],
        gd: float,
        gdpp: tuple[float, float],
        n_context: int,
        most: float,
    ) -> None:
        if "GD" not in losses:
            raise InputError(f"losses has {', '.join(losses) or 'nothing'}, expected GD as well")
        for name, value in (("gd", gd), ("gdpp[0]", gdpp[0]), ("gdpp[1]", gdpp[1]), ("most", most)):
            check_number(name, value)
        check_count("n_context", n_context)
        if not len(steps) == len(rates) == len(bends) == len(trained_losses):
            raise ShapeError(
                "steps, rates, bends and trained_losses differ in length, expected one entry a reading each"
            )
        data = {
            "losses": {name: {str(k): float(v) for k, v in by.items()} for name, by in losses.items()},
            "steps": list(steps),
            "lr": [round(v, 5) for v in vector("rates", rates)],
            "gamma": [round(v, 6) for v in vector("bends", bends)],
            "trained": [round(v, 5) for v in vector("trained_losses", trained_losses)],
            "gd": [float(gd), 0.0],
            "gdpp": [float(gdpp[0]), float(gdpp[1])],
            "n": n_context,
            "most": float(most),
        }
        super().__init__(data=data, state={"depth": 2, "learner": next(iter(losses)), "at": len(list(steps)) - 1})

    def compute(self, state: dict) -> dict:
        """The chosen learner's loss at this depth and how it compares with GD's; the transfer function of two loops."""
        by = self.data["losses"]
        chosen = by[state["learner"]].get(str(state["depth"]))
        gd = by["GD"].get(str(state["depth"]))
        grid = torch.linspace(0, 1, 61, dtype=torch.float64) * self.data["most"]
        pairs = {"trained": (self.data["lr"][state["at"]], self.data["gamma"][state["at"]])}
        pairs |= {"gd": self.data["gd"], "gdpp": self.data["gdpp"]}
        return {
            "loss": -1.0 if chosen is None else chosen,
            "ratio": -1.0 if chosen is None or gd is None else chosen / gd,
            **{name: self._left(grid, *pair).tolist() for name, pair in pairs.items()},
        }

    def _left(self, eigenvalues: torch.Tensor, lr: float, gamma: float) -> torch.Tensor:
        a = b = torch.ones_like(eigenvalues)
        for _ in range(2):
            curve = eigenvalues * a**2
            a, b = a * (1 - gamma * self.data["n"] * curve), b * (1 - lr * curve)
        return b

    def picture(self) -> str:
        figure, ax = canvas(5, 3.2, xlabel="depth (K)", ylabel="loss on the query", title="Loss by depth", yscale="log")
        styles = {"GD": "gd", "GD++": "gdpp"}
        for name, by in self.data["losses"].items():
            trained = "layer" in name
            look = LEARNERS["trained" if trained else styles.get(name, "other")]
            ax.plot([int(k) for k in by], list(by.values()), **look)
            depth = max(by, key=int)
            label_line(ax, int(depth), by[depth], name, look["color"], xytext=(5, -3))
        ax.axvline(2, color=COLORS["muted"][0], linewidth=0.8)
        ax.set(xlim=(0.8, 8.2), xticks=[1, 2, 3, 4, 5])
        best = min(self.data["losses"], key=lambda name: min(self.data["losses"][name].values()))
        return to_svg(figure, f"Loss by depth for {', '.join(self.data['losses'])}. The lowest of all is {best}.")

"""The algorithm that a looped layer runs, as its training goes (chapter 11)."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from icllib.errors import InputError, ShapeError, check_count, check_number
from icllib.plots import COLORS, LEARNERS, canvas, label_line, to_svg
from icllib.widgets.base import LiveFigure, vector

__all__ = ["Loops"]


class Loops(LiveFigure):
    """A layer that is applied twice, in training: its loss, and what its two loops leave of each
    eigendirection, by the η and γ read off its weights; beside it tuned gradient descent and GD++
    of two steps.

    Args:
        steps: updates before each reading, R numbers.
        rates, bends: η and γ read off at each, R numbers each.
        losses: the layer's loss at each, R numbers.
        gd: η of tuned gradient descent, and its loss.
        gdpp: η and γ of tuned GD++, and its loss.
        n_context: N.
        most: the largest eigenvalue to show, of (1/N) Σ x xᵀ.

    Raises:
        InputError: a number is not finite, or a loss is not above 0.
        ShapeError: the readings differ in length.
    """

    name = "loops"
    caption = (
        "Above, the loss in training; below, what two loops of the layer leave of a direction, "
        "by its eigenvalue. Go back to the beginning: which comes first, η or γ? Then find the "
        "update at which the trained curve is nearest to that of gradient descent, and go on: "
        "where does it settle?"
    )

    def __init__(
        self,
        steps: Sequence[int],
        rates: Sequence[float],
        bends: Sequence[float],
        losses: Sequence[float],
        gd: tuple[float, float],
        gdpp: tuple[float, float, float],
        n_context: int,
        most: float,
    ) -> None:
        for name, values in (("gd", gd), ("gdpp", gdpp), ("most", (most,)), ("losses", losses)):
            for value in values:
                check_number(name, value)
        if min(gd[-1], gdpp[-1], *losses, 1.0) <= 0:
            raise InputError(
                "losses, gd or gdpp has a loss that is not above 0, which no "
                "logarithmic axis can show"
            )
        check_count("n_context", n_context)
        if not len(steps) == len(rates) == len(bends) == len(losses):
            raise ShapeError(
                "steps, rates, bends and losses differ in length, expected one entry a reading each"
            )
        data = {
            "steps": list(steps),
            "lr": [round(v, 5) for v in vector("rates", rates)],
            "gamma": [round(v, 6) for v in vector("bends", bends)],
            "losses": [round(v, 6) for v in vector("losses", losses)],
            "gd": [float(gd[0]), 0.0],
            "gd_loss": float(gd[1]),
            "gdpp": [float(gdpp[0]), float(gdpp[1])],
            "gdpp_loss": float(gdpp[2]),
            "n": n_context,
            "most": float(most),
        }
        super().__init__(data=data, state={"at": len(list(steps)) - 1})

    def compute(self, state: dict) -> dict:
        """The loss at a reading, and the transfer functions of the layer's two loops, of GD and of
        GD++."""
        grid = torch.linspace(0, 1, 61, dtype=torch.float64) * self.data["most"]
        pairs = {"trained": (self.data["lr"][state["at"]], self.data["gamma"][state["at"]])}
        pairs |= {"gd": self.data["gd"], "gdpp": self.data["gdpp"]}
        curves = {name: self._left(grid, *pair).tolist() for name, pair in pairs.items()}
        return curves | {"loss": self.data["losses"][state["at"]]}

    def _left(self, eigenvalues: torch.Tensor, lr: float, gamma: float) -> torch.Tensor:
        a = b = torch.ones_like(eigenvalues)
        for _ in range(2):
            curve = eigenvalues * a**2
            a, b = a * (1 - gamma * self.data["n"] * curve), b * (1 - lr * curve)
        return b

    def answers(self) -> list[str]:
        steps, readings = self.data["steps"], range(len(self.data["steps"]))

        def half(name: str) -> int:
            values = self.data[name]
            return next(
                (steps[at] for at in readings if abs(values[at]) >= abs(values[-1]) / 2), steps[-1]
            )

        def apart(at: int) -> float:
            result = self.compute({"at": at})
            return sum((a - b) ** 2 for a, b in zip(result["trained"], result["gd"], strict=True))

        nearest = min(readings, key=apart)
        return [
            f"η has reached half of its last value by update {half('lr')}, γ by update "
            f"{half('gamma')}.",
            f"It is nearest to gradient descent's parabola after {steps[nearest]} updates, at the "
            f"loss {self.data['losses'][nearest]:.4f} (tuned gradient descent: "
            f"{self.data['gd_loss']:.4f}), and ends at {self.data['losses'][-1]:.4f}, near the "
            f"flat curve of GD++ ({self.data['gdpp_loss']:.4f}).",
        ]

    def picture(self) -> str:
        steps, losses = self.data["steps"], self.data["losses"]
        figure, ax = canvas(
            5,
            3.2,
            xlabel="updates",
            ylabel="loss on the query",
            title="Two loops learn",
            yscale="log",
        )
        ax.plot(steps, losses, color=COLORS["trained"][0])
        for name, words in (("gd", "GD, two steps"), ("gdpp", "GD++, two steps")):
            ax.axhline(self.data[f"{name}_loss"], **LEARNERS[name])
            label_line(ax, steps[-1], self.data[f"{name}_loss"], words, COLORS[name][0], ha="right")
        return to_svg(
            figure,
            f"Loss of a looped layer in training: from {losses[0]:.3f} it falls to "
            f"{losses[-1]:.4f}. Two tuned steps of gradient descent have "
            f"{self.data['gd_loss']:.4f}, of GD++ {self.data['gdpp_loss']:.4f}.",
        )

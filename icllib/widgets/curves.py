"""Curves through ten points that the reader places (chapter 14)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import ShapeError, check_count, check_number, check_tensors
from icllib.plots import COLORS, LEARNERS, canvas, to_svg
from icllib.widgets.base import LiveFigure

__all__ = ["Curves"]

_RIDGE = 1e-6


class Curves(LiveFigure):
    """Place the examples of a prompt; a trained layer, the step on sin and cos, and least squares
    on these draw their answers to every query.

    Args:
        grid: G inputs in ascending order, at equal distances.
        kernel: what the layer adds to the answer at input j for each unit of the label at input i,
            (G, G).
        lr: η of the step.
        places: of the examples on the grid.

    Raises:
        ShapeError: sizes that disagree.
        InputError: a place that is not on the grid, or an η that is not finite.
    """

    name = "curves"
    caption = (
        "Ten examples on a sine curve, and what three learners make of them. Change amplitude and "
        "phase: do all three follow? Then move a single example far off the curve, by dragging or "
        "with the Tab and arrow keys: who believes it, and where? Gather all examples on one "
        "side: what do the curves do on the other?"
    )

    def __init__(
        self,
        grid: Float[Tensor, "G"],
        kernel: Float[Tensor, "G G"],
        lr: float,
        places: Sequence[int],
    ) -> None:
        size = check_tensors({"grid": (grid, ("G",)), "kernel": (kernel, ("G", "G"))})["G"]
        for number, place in enumerate(places):
            if check_count(f"places[{number}]", place, minimum=0) >= size:
                raise ShapeError(f"places[{number}] = {place}, expected a place on {size} inputs")
        check_number("lr", lr)
        data = {
            "grid": [round(x, 6) for x in grid.tolist()],
            "kernel": [[round(k, 5) for k in row] for row in kernel.tolist()],
            "lr": float(lr),
        }
        state = {"at": list(places), "y": [], "amplitude": 2.0, "phase": 0.5}
        state["y"] = [round(2.0 * math.sin(data["grid"][place] + 0.5), 6) for place in state["at"]]
        super().__init__(data=data, state=state)

    def compute(self, state: dict) -> dict:
        """The three learners' answers at every input of the grid."""
        grid = torch.tensor(self.data["grid"], dtype=torch.float64)
        y = torch.tensor(state["y"], dtype=torch.float64)
        x, features = grid[state["at"]], torch.stack([grid.sin(), grid.cos()], 1)
        own = features[state["at"]]
        moment = own.T @ own + _RIDGE * torch.eye(2, dtype=torch.float64)
        weights = torch.linalg.solve(moment, own.T @ y)
        kernel = torch.tensor(self.data["kernel"], dtype=torch.float64)[state["at"]]
        return {
            "layer": (y @ kernel).tolist(),
            "step": (self.data["lr"] / len(y) * (y @ torch.cos(x[:, None] - grid))).tolist(),
            "fit": (features @ weights).tolist(),
        }

    def answers(self) -> list[str]:
        return [
            "All three follow, for each is linear in the labels and knows which curves to expect. "
            "Least squares goes through the points; the layer and the step come near.",
            "All three believe it a little, and everywhere at once: what can be answered is a sine "
            "curve, so that a wrong label shifts amplitude and phase of the whole. None is robust. "
            "At the moved input itself the step shifts by η/N of the distance, and least squares "
            "by a fifth on average, for it fits two numbers to ten points.",
            "On the other side the curves go on as sines: the features know what to expect there. "
            "The step and the layer get the size wrong, for they divide by the spread of inputs "
            "that they were made for.",
        ]

    def picture(self) -> str:
        result, grid = self.compute(self.state), self.data["grid"]
        figure, ax = canvas(
            5, 3.2, xlabel="input (x)", ylabel="label (y)", title="Curves from ten examples"
        )
        for name, look in (("fit", "optimum"), ("step", "gd"), ("layer", "trained")):
            ax.plot(grid, result[name], **(LEARNERS[look] | {"marker": ""}))
        points = [grid[place] for place in self.state["at"]]
        ax.plot(points, self.state["y"], "o", color=COLORS["data"][0])
        gap = max(abs(a - b) for a, b in zip(result["layer"], result["step"], strict=True))
        return to_svg(
            figure,
            "Ten points on a sine curve, and three curves near them: of the trained layer, of the "
            f"step on sine and cosine, which differ by {gap:.2f} at most, and of least squares, "
            "which goes through the points.",
        )

"""Scrubbing through the training of a model with separate tokens: who reads whom, and the loss
(chapter 15)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import check_number, check_tensors
from icllib.plots import COLORS, LEARNERS, canvas, label_line, to_svg
from icllib.widgets.base import LiveFigure

__all__ = ["Emergence"]


class Emergence(LiveFigure):
    """The first layer's attention at every measured update, and the loss beside two levels.

    Args:
        steps: updates before each measurement, R numbers.
        maps: attention weights of one head, (R, S, T, T − 1): the last token, the query's, is not
            read.
        losses: (R, S).
        step: the loss of one tuned step of gradient descent.
        zero: that of answering 0.

    Raises:
        ShapeError: sizes that disagree.
        InputError: a level that is not above 0.
    """

    name = "emergence"
    caption = (
        "Above, who reads whom in the first layer; below, the loss. Move through training: what "
        "does the map look like on the plateau, and what at the drop? Then change the seed: "
        "does an x look for its y, or a y for its x? Choose the query's token, q: whom does it "
        "read, and does it matter?"
    )

    def __init__(
        self,
        steps: Sequence[int],
        maps: Float[Tensor, "R S T T-1"],
        losses: Float[Tensor, "R S"],
        step: float,
        zero: float,
    ) -> None:
        sizes = check_tensors(
            {"maps": (maps, ("R", "S", "T", "read")), "losses": (losses, ("R", "S"))},
            {"R": len(steps)},
        )
        check_tensors({"maps": (maps, ("R", "S", "T", "T-1"))}, {"T-1": sizes["T"] - 1})
        check_number("step", step, above=0)
        check_number("zero", zero, above=0)
        runs = [
            {
                "seed": seed,
                "maps": [[_rounded(row, 3) for row in one] for one in maps[:, seed]],
                "loss": _rounded(losses[:, seed], 5),
            }
            for seed in range(sizes["S"])
        ]
        data = {"steps": list(steps), "runs": runs, "step": float(step), "zero": float(zero)}
        super().__init__(data=data, state={"run": 0, "at": 0, "asks": 0})

    def compute(self, state: dict) -> dict:
        """How much the halves of an example read each other, on average; the token that the chosen
        one reads most, and its weight; the loss."""
        run = self.data["runs"][state["run"]]
        weights = torch.tensor(run["maps"][state["at"]], dtype=torch.float64)
        first = torch.arange(0, len(weights) - 1, 2)
        row = weights[state["asks"]]
        return {
            "next": float(weights[first, first + 1].mean()),
            "previous": float(weights[first + 1, first].mean()),
            "most": int(row.argmax()),
            "weight": float(row.max()),
            "loss": run["loss"][state["at"]],
        }

    def answers(self) -> list[str]:
        last = len(self.data["steps"]) - 1
        ends = [
            self.compute({"run": place, "at": last, "asks": 0})
            for place in range(len(self.data["runs"]))
        ]
        told = ", ".join(
            f"seed {place}: x→y {end['next']:.2f}, y→x {end['previous']:.2f}"
            for place, end in enumerate(ends)
        )
        return [
            "On the plateau every token reads all the others alike. At the drop two lines of "
            "squares grow beside the diagonal: tokens begin to find the other half of their "
            "example.",
            f"Either will do, for both put an example into one token. At the end: {told}.",
            "The query's token has no other half, and keeps reading nearly everybody alike. What "
            "it gathers is written where the second layer does not look: without it the loss is "
            "the same, as the section on ablation shows.",
        ]

    def picture(self) -> str:
        figure, ax = canvas(
            5, 3.0, xlabel="updates", ylabel="loss", title="A plateau, and then a drop"
        )
        for run in self.data["runs"]:
            ax.plot(self.data["steps"], run["loss"], **(LEARNERS["trained"] | {"marker": ""}))
        ax.axhline(self.data["zero"], color=COLORS["muted"][0], linewidth=0.8)
        ax.axhline(self.data["step"], **LEARNERS["gd"])
        end = self.data["steps"][-1]
        label_line(ax, end, self.data["step"], "one step", COLORS["gd"][0], xytext=(-52, -14))
        last = [run["loss"][-1] for run in self.data["runs"]]
        return to_svg(
            figure,
            f"Loss by update for {len(last)} seeds: first {self.data['zero']:.2f}, that of "
            f"answering 0; at the end between {min(last):.3f} and {max(last):.3f}, where one step "
            f"has {self.data['step']:.3f}.",
        )


def _rounded(values: Tensor, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]

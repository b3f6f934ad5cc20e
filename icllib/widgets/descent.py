"""Gradient descent on a bowl (chapter 2)."""

from __future__ import annotations

import math

import torch

from icllib.errors import InputError, check_choice, check_count, check_number
from icllib.plots import COLORS, LEARNERS, canvas, to_svg
from icllib.widgets.base import LiveFigure

__all__ = ["Descent"]

_RATIOS = (1, 2, 5, 10, 20, 50, 100)


class Descent(LiveFigure):
    """The path of gradient descent on ½ wᵀH w, where H has the eigenvalues 1 and 1/ratio.

    Args:
        lr: η, 0 to 2.2; above 2 the path diverges.
        steps: K, 0 to 40.
        ratio: λ_max / λ_min, one of 1, 2, 5, 10, 20, 50, 100.

    Raises:
        InputError: a value outside these ranges.
    """

    name = "descent"
    caption = (
        "Raise the learning rate slowly, and watch which of the two directions holds the path "
        "up. Where does it begin to bounce, and where does it leave? Then raise the curvature "
        "ratio, and look for the rate that is best after 40 steps. The start can be dragged, or "
        "moved with the arrow keys."
    )

    def __init__(self, lr: float = 0.6, steps: int = 15, ratio: int = 10) -> None:
        check_number("lr", lr, minimum=0.0)
        check_count("steps", steps, minimum=0)
        check_choice("ratio", ratio, _RATIOS)
        if lr > 2.2 or steps > 40:
            raise InputError(f"lr = {lr}, steps = {steps}, expected at most 2.2 and 40")
        state = {"lr": lr, "steps": steps, "ratio": ratio, "start": [0.0, 1.9]}
        super().__init__(data={"angle": math.pi / 5}, state=state)

    def compute(self, state: dict) -> dict:
        """The path (K + 1 points), the loss at each, what is left of each direction, whether it
        diverges, the best η."""
        angle = torch.tensor(self.data["angle"], dtype=torch.float64)
        turn = torch.stack(
            [torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])]
        )
        hessian = (
            turn @ torch.diag(torch.tensor([1.0, 1 / state["ratio"]], dtype=torch.float64)) @ turn.T
        )
        path = [torch.tensor(state["start"], dtype=torch.float64)]
        for _ in range(state["steps"]):
            path.append(path[-1] - state["lr"] * hessian @ path[-1])
        return {
            "path": [w.tolist() for w in path],
            "losses": [float(w @ hessian @ w / 2) for w in path],
            "steep": [(1 - state["lr"]) ** k for k in range(state["steps"] + 1)],
            "flat": [(1 - state["lr"] / state["ratio"]) ** k for k in range(state["steps"] + 1)],
            "diverges": state["lr"] > 2,
            "best_lr": 2 / (1 + 1 / state["ratio"]),
        }

    def answers(self) -> list[str]:
        best = self.compute(self.state)["best_lr"]
        return [
            "Small rates are held up by the flat direction: its factor 1 − ηλ_min is close to 1. "
            "Above η = 1 / λ_max = 1 the steep factor is negative, so the path bounces from wall "
            "to wall; above 2 / λ_max = 2 it is below −1, and the path leaves.",
            "After many steps the larger of the two factors decides. The best rate makes them "
            "equal but for the sign, 1 − ηλ_min = ηλ_max − 1, so η = 2 / (λ_min + λ_max): for a "
            f"ratio of {self.state['ratio']} that is {best:.2f}. The larger the ratio, the closer "
            "to 2, and the closer both factors to 1.",
        ]

    def picture(self) -> str:
        result = self.compute(self.state)
        w1, w2 = zip(*result["path"], strict=True)
        figure, ax = canvas(4, 3.8, xlabel="w₁", ylabel="w₂", aspect="equal")
        around = torch.linspace(0, 2 * math.pi, 129)
        angle = self.data["angle"]
        for loss in (0.02, 0.1, 0.3, 0.7, 1.3, 2.2):
            u, v = (
                math.sqrt(2 * loss) * around.cos(),
                math.sqrt(2 * loss * self.state["ratio"]) * around.sin(),
            )
            a, b = (
                math.cos(angle) * u - math.sin(angle) * v,
                math.sin(angle) * u + math.cos(angle) * v,
            )
            ax.plot(a, b, color=COLORS["muted"][0], linewidth=0.7)
        ax.plot(w1, w2, marker="o", markersize=4, **LEARNERS["gd"])
        ax.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2))
        return to_svg(
            figure,
            f"The path of {self.state['steps']} gradient steps with learning rate "
            f"{self.state['lr']} in a long valley: down the wall at first, then slowly along the "
            f"floor. The loss falls from {result['losses'][0]:.2f} to {result['losses'][-1]:.3f}.",
        )

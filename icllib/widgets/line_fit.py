"""Least squares by hand (chapter 1)."""

from __future__ import annotations

import math

import torch

from icllib.plots import COLORS, canvas, to_svg
from icllib.widgets.base import LiveFigure, vector

__all__ = ["LineFit"]

_MINE = {"color": COLORS["trained"][0]}


class LineFit(LiveFigure):
    """A line and points to drag, and the squares whose mean area is twice the loss; it begins with
    the reader's own line, level at 0, and shows the least-squares line on demand.

    Args:
        x, y: the points, (n,) each, in standard deviations (the axes run from −3 to 3, or as far
            as the points need).
        x_label, y_label: names of the axes.

    Raises:
        ShapeError: x and y have different lengths.
        InputError: values that are not finite.
    """

    name = "line_fit"
    caption = (
        "Each square stands on a residual; the loss is half their mean area. Move the two ends "
        "of the line, by dragging or with the Tab and arrow keys, and get the loss as low as you "
        "can. Then show the least-squares line. Then move a single penguin far away: how much "
        "can one square pull?"
    )

    def __init__(self, x: object, y: object, x_label: str = "x", y_label: str = "y") -> None:
        points = vector("x", x)
        heights = vector("y", y, len(points))
        data = {
            "x_label": x_label,
            "y_label": y_label,
            "reach": max(3, math.ceil(max(map(abs, points + heights)))),
        }
        state = {"x": points, "y": heights, "by_hand": True, "left": 0.0, "right": 0.0}
        super().__init__(data=data, state=state)

    def compute(self, state: dict) -> dict:
        """Slope w, height b, loss and residuals of the line that is shown, and the loss of the
        reader's own line."""
        x, y = (torch.tensor(state[name], dtype=torch.float64) for name in ("x", "y"))
        spread = (x - x.mean()).square().sum()
        slope = (
            ((x - x.mean()) * (y - y.mean())).sum() / spread
            if spread > 0
            else torch.zeros((), dtype=torch.float64)
        )
        mine = ((state["right"] - state["left"]) / 4, (state["right"] + state["left"]) / 2)
        w, b = mine if state["by_hand"] else (slope, y.mean() - slope * x.mean())
        residuals = w * x + b - y
        return {
            "w": float(w),
            "b": float(b),
            "loss": float(residuals.square().mean() / 2),
            "my_loss": float((mine[0] * x + mine[1] - y).square().mean() / 2),
            "residuals": residuals.tolist(),
        }

    def answers(self) -> list[str]:
        level, best = (self.compute(self.state | {"by_hand": by_hand}) for by_hand in (True, False))
        return [
            f"The level line has the loss {level['loss']:.3f}. No line gets below "
            f"{best['loss']:.3f}, the least-squares line's, of slope {best['w']:.2f}: that is "
            "what “least squares” means.",
            "A square grows with the distance squared: a penguin twice as far away pulls with "
            "four times the area. So the line turns towards a single distant point, most of all "
            "one far to the left or right.",
        ]

    def picture(self) -> str:
        result, reach = self.compute(self.state), self.data["reach"]
        figure, ax = canvas(
            4, 3.8, xlabel=self.data["x_label"], ylabel=self.data["y_label"], aspect="equal"
        )
        for x, y, residual in zip(
            self.state["x"], self.state["y"], result["residuals"], strict=True
        ):
            side = -abs(residual) if x > 0 else abs(residual)
            corner = [(x, y), (x + side, y), (x + side, y + residual), (x, y + residual)]
            ax.fill(*zip(*corner, strict=True), color=COLORS["gd"][0], alpha=0.15)
        ax.plot(self.state["x"], self.state["y"], "o", color=COLORS["data"][0])
        ax.plot(
            [-reach, reach],
            [result["b"] - reach * result["w"], result["b"] + reach * result["w"]],
            **_MINE,
        )
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
        return to_svg(
            figure,
            f"{len(self.state['x'])} points and a level line at their middle. A square stands on "
            f"each residual; half the mean area of the squares, the loss, is {result['loss']:.3f}.",
        )

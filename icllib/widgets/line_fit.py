"""Least squares by hand (chapter 1)."""

from __future__ import annotations

import torch

from icllib.plots import COLORS, canvas, to_svg
from icllib.widgets.base import LiveFigure, vector

__all__ = ["LineFit"]


class LineFit(LiveFigure):
    """Points to drag, the least-squares line, and the squares whose mean area is twice the loss.

    Args:
        x, y: the points, (n,) each, in standard deviations (the axes run from −3 to 3).
        x_label, y_label: names of the axes.

    Raises:
        ShapeError: x and y have different lengths.
        InputError: values that are not finite.
    """

    name = "line_fit"
    caption = (
        "Each square stands on a residual; the loss is half their mean area. Drag a point, or focus it with the Tab key "
        "and use the arrow keys. Then press “Move the line myself” and try to beat least squares."
    )

    def __init__(self, x: object, y: object, x_label: str = "x", y_label: str = "y") -> None:
        points = vector("x", x)
        state = {"x": points, "y": vector("y", y, len(points)), "by_hand": False, "left": 0.0, "right": 0.0}
        super().__init__(data={"x_label": x_label, "y_label": y_label}, state=state)

    def compute(self, state: dict) -> dict:
        """Slope w, height b, loss, the least-squares loss, and the residuals of the line that is shown."""
        x, y = (torch.tensor(state[name], dtype=torch.float64) for name in ("x", "y"))
        spread = (x - x.mean()).square().sum()
        slope = ((x - x.mean()) * (y - y.mean())).sum() / spread if spread > 0 else torch.zeros((), dtype=torch.float64)
        best = (slope, y.mean() - slope * x.mean())
        left, right = state["left"], state["right"]
        w, b = ((right - left) / 4, (right + left) / 2) if state["by_hand"] else best
        residuals = w * x + b - y
        best_loss = (best[0] * x + best[1] - y).square().mean() / 2
        return {
            "w": float(w),
            "b": float(b),
            "loss": float(residuals.square().mean() / 2),
            "best_loss": float(best_loss),
            "residuals": residuals.tolist(),
        }

    def picture(self) -> str:
        result = self.compute(self.state)
        figure, ax = canvas(4, 3.8, xlabel=self.data["x_label"], ylabel=self.data["y_label"], aspect="equal")
        for x, y, residual in zip(self.state["x"], self.state["y"], result["residuals"], strict=True):
            side = -abs(residual) if x > 0 else abs(residual)
            corner = [(x, y), (x + side, y), (x + side, y + residual), (x, y + residual)]
            ax.fill(*zip(*corner, strict=True), color=COLORS["gd"][0], alpha=0.15)
        ax.plot(self.state["x"], self.state["y"], "o", color=COLORS["data"][0])
        ax.plot([-3, 3], [result["b"] - 3 * result["w"], result["b"] + 3 * result["w"]], color=COLORS["ink"][0])
        ax.set(xlim=(-3, 3), ylim=(-3, 3))
        return to_svg(
            figure,
            f"{len(self.state['x'])} points with their least-squares line of slope {result['w']:.2f}. A square stands on "
            f"each residual; half the mean area of the squares, the loss, is {result['loss']:.3f}.",
        )

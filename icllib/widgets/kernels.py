"""Softmax attention as a kernel smoother, a gradient step on features, and the softmax pair (chapter 9)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import ShapeError, check_number, check_tensors
from icllib.plots import COLORS, LEARNERS, canvas, to_svg
from icllib.widgets.base import LiveFigure

__all__ = ["Kernels"]

_GRID = 61


class Kernels(LiveFigure):
    """Three answers to a curve: the softmax's weighted mean, one gradient step on cosine features, and a softmax pair.

    Inputs become the features φ(x) = (cos kx, sin kx)/√F for k = 1 … F, so that ⟨φ(x), φ(x')⟩ is large for close inputs.

    Args:
        x: inputs between −π and π, (N,).
        y: their labels, (N,).
        float32_errors: log₁₀ ε → the pair's error against its step in single precision, for the right panel.

    Raises:
        ShapeError: sizes that disagree, or no point.
        InputError: numbers that are not finite.
    """

    name = "kernels"
    caption = (
        "Purple: the softmax's weighted mean of the labels. Blue: one gradient step on features, a weighted sum. Orange dashes: two "
        "softmax heads with opposite signs. Lower ε, and watch the pair meet its step; the panel shows the error, and where single precision gives up."
    )

    def __init__(self, x: Float[Tensor, "N"], y: Float[Tensor, "N"], float32_errors: dict[float, float]) -> None:
        if check_tensors({"x": (x, ("N",)), "y": (y, ("N",))})["N"] == 0:
            raise ShapeError("x is empty, expected at least one point")
        for epsilon, error in float32_errors.items():
            check_number("float32_errors", epsilon)
            check_number("float32_errors", error, minimum=0.0)
        data = {
            "x": x.tolist(),
            "y": y.tolist(),
            "features": 6,
            "float32": [[float(e), float(v)] for e, v in float32_errors.items()],
        }
        super().__init__(data=data, state={"sharpness": 12.0, "lr": 4.0, "log_epsilon": 0.0})

    def _features(self, x: Tensor) -> Tensor:
        k = torch.arange(1, self.data["features"] + 1, dtype=torch.float64)
        return torch.cat([(x[:, None] * k).cos(), (x[:, None] * k).sin()], dim=1) / self.data["features"] ** 0.5

    def compute(self, state: dict) -> dict:
        """The three curves on a grid from −π to π, and the pair's largest distance to its step on centred data."""
        x, y = (torch.tensor(self.data[name], dtype=torch.float64) for name in ("x", "y"))
        grid = torch.linspace(-torch.pi, torch.pi, _GRID, dtype=torch.float64)
        scores = self._features(grid) @ self._features(x).T  # (grid, N)
        n, epsilon = len(x), 10.0 ** state["log_epsilon"]
        smoother = (state["sharpness"] * scores).softmax(1) @ y
        step = state["lr"] / n * scores @ y
        weights = (epsilon * scores).softmax(1) - (-epsilon * scores).softmax(1)
        pair = state["lr"] / (2 * epsilon) * weights @ y
        centred = state["lr"] / n * (scores - scores.mean(1, keepdim=True)) @ y
        return {
            "smoother": smoother.tolist(),
            "step": step.tolist(),
            "pair": pair.tolist(),
            "error": float((pair - centred).abs().max()),
        }

    def picture(self) -> str:
        result = self.compute(self.state)
        figure, ax = canvas(5, 3.2, xlabel="input (x)", ylabel="label (y)", title="Three answers to a curve")
        grid = torch.linspace(-torch.pi, torch.pi, _GRID)
        ax.plot(grid, result["smoother"], **LEARNERS["other"])
        ax.plot(grid, result["step"], **LEARNERS["gd"])
        ax.plot(grid, result["pair"], color=COLORS["query"][0], linestyle="--")
        ax.plot(self.data["x"], self.data["y"], "o", color=COLORS["data"][0], markersize=5)
        return to_svg(
            figure,
            "Points on a curve and three answers: the softmax's weighted mean, one gradient step on features, and a pair of softmax heads, "
            f"which with ε = {10.0 ** self.state['log_epsilon']:.2g} misses its step by {result['error']:.3f}.",
        )

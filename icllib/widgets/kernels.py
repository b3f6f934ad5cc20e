"""Softmax attention as a kernel smoother, a gradient step on features, and the softmax pair
(chapter 9)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import ShapeError, check_tensors
from icllib.plots import COLORS, LEARNERS, canvas, to_svg
from icllib.widgets.base import LiveFigure

__all__ = ["Kernels"]

_GRID = 61
_FEATURES = 6
_LOG_EPSILONS = [-6 + k / 4 for k in range(29)]


class Kernels(LiveFigure):
    """Three answers to a curve: the softmax's weighted mean, one gradient step on cosine features,
    and a softmax pair.

    Inputs become the features φ(x) = (cos kx, sin kx)/√F for k = 1 … F, so that ⟨φ(x), φ(x')⟩ is
    large for close inputs.

    Args:
        x: inputs between −π and π, (N,).
        y: their labels, (N,).

    Raises:
        ShapeError: sizes that disagree, or no point.
        InputError: numbers that are not finite.
    """

    name = "kernels"
    caption = (
        "The softmax answers with a weighted mean of the labels, the gradient step with a "
        "weighted sum; two softmax heads with opposite signs make up the pair. Raise the "
        "sharpness. Lower ε, and watch the pair meet its step: when does single precision give "
        "up? Then find an η at which the step fits as well as the softmax: where does it "
        "overshoot?"
    )

    def __init__(self, x: Float[Tensor, "N"], y: Float[Tensor, "N"]) -> None:
        if check_tensors({"x": (x, ("N",)), "y": (y, ("N",))})["N"] == 0:
            raise ShapeError("x is empty, expected at least one point")
        points = (x.double(), y.double())
        single = [[log, _error(*points, 10.0**log, torch.float32)] for log in _LOG_EPSILONS]
        data = {"x": x.tolist(), "y": y.tolist(), "features": _FEATURES, "single": single}
        super().__init__(data=data, state={"sharpness": 12.0, "lr": 4.0, "log_epsilon": 0.0})

    def compute(self, state: dict) -> dict:
        """The three curves on a grid from −π to π, and the pair's largest distance to its step on
        centred data."""
        x, y = (torch.tensor(self.data[name], dtype=torch.float64) for name in ("x", "y"))
        scores = _scores(x)
        epsilon = 10.0 ** state["log_epsilon"]
        return {
            "smoother": ((state["sharpness"] * scores).softmax(1) @ y).tolist(),
            "step": (state["lr"] / len(y) * scores @ y).tolist(),
            "pair": (state["lr"] * _pair(x, y, epsilon, torch.float64)).tolist(),
            "error": state["lr"] * _error(x, y, epsilon, torch.float64),
        }

    def answers(self) -> list[str]:
        log, least = min(self.data["single"], key=lambda pair: pair[1])
        return [
            "With a sharp softmax the nearest point has almost all the weight: the smoother "
            "becomes a staircase of labels.",
            "The error falls with ε², for the even terms of both heads cancel. Then rounding "
            "takes over, which grows as 1/ε: in single precision the error is least, "
            f"{self.state['lr'] * least:.0e}, near ε = {10.0**log:.2g}.",
            "A large η lifts the step to the labels where points are few, and beyond them where "
            "points are many and their votes add up. A weighted mean cannot overshoot: it stays "
            "between the smallest and the largest label.",
        ]

    def picture(self) -> str:
        result = self.compute(self.state)
        figure, ax = canvas(
            5, 3.2, xlabel="input (x)", ylabel="label (y)", title="Three answers to a curve"
        )
        grid = torch.linspace(-torch.pi, torch.pi, _GRID)
        ax.plot(grid, result["smoother"], **LEARNERS["other"])
        ax.plot(grid, result["step"], **LEARNERS["gd"])
        ax.plot(grid, result["pair"], color=COLORS["query"][0], linestyle="--")
        ax.plot(self.data["x"], self.data["y"], "o", color=COLORS["data"][0], markersize=5)
        return to_svg(
            figure,
            "Points on a curve and three answers: the softmax's weighted mean, one gradient step "
            "on features, and a pair of softmax heads, which with ε = "
            f"{10.0 ** self.state['log_epsilon']:.2g} misses its step by {result['error']:.3f}.",
        )


def _features(x: Tensor) -> Tensor:
    k = torch.arange(1, _FEATURES + 1, dtype=torch.float64)
    return torch.cat([(x[:, None] * k).cos(), (x[:, None] * k).sin()], dim=1) / _FEATURES**0.5


def _scores(x: Tensor) -> Tensor:
    """⟨φ(x'), φ(x_i)⟩ for x' on the grid from −π to π, (grid, N)."""
    grid = torch.linspace(-torch.pi, torch.pi, _GRID, dtype=torch.float64)
    return _features(grid) @ _features(x).T


def _pair(x: Tensor, y: Tensor, epsilon: float, dtype: torch.dtype) -> Tensor:
    """The pair's answers on the grid at η = 1, computed in `dtype`, (grid,)."""
    scores = _scores(x).to(dtype)
    return (
        ((epsilon * scores).softmax(1) - (-epsilon * scores).softmax(1))
        @ y.to(dtype)
        / (2 * epsilon)
    )


def _error(x: Tensor, y: Tensor, epsilon: float, dtype: torch.dtype) -> float:
    """The pair's largest distance at η = 1 to its step on centred data."""
    scores = _scores(x)
    centred = (scores - scores.mean(1, keepdim=True)) @ y / len(y)
    return float((_pair(x, y, epsilon, dtype).double() - centred).abs().max())

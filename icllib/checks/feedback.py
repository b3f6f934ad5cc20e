"""What a check says, and how it finds out: the right answer first, then the wrong ones that people often give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from icllib.tasks import LinearTask, Prompts

__all__ = ["TOLERANCE", "Feedback", "call", "compare", "grade", "problem"]

TOLERANCE = 1e-6  # wide enough for answers in single precision; another formula is off by more


@dataclass(frozen=True)
class Feedback:
    """What a check says.

    Attributes:
        verdict: "right", "not yet" or "not answered".
        message: why, in a sentence.
    """

    verdict: str
    message: str

    def __bool__(self) -> bool:
        return self.verdict == "right"

    def __repr__(self) -> str:
        mark = {"right": "✓ Right", "not yet": "✗ Not yet", "not answered": "… Not answered"}[self.verdict]
        return f"{mark}: {self.message}"

    def must_hold(self) -> Feedback:
        """Itself, when right; the book's own solutions call this, so that a wrong one stops the build.

        Raises:
            AssertionError: the answer is not right.
        """
        assert self.verdict == "right", str(self)
        return self


def compare(given: object, expected: Tensor, right: str, mistakes: Mapping[str, Tensor]) -> Feedback:
    """Feedback on a number or tensor: equal to `expected`, or to one of the well-known mistakes (hint → value)."""
    if given is None or given is ...:
        return Feedback("not answered", "replace the ... by your answer and run the cell again.")
    try:
        answer = torch.as_tensor(given).detach().double()
    except (TypeError, ValueError, RuntimeError):
        return Feedback("not yet", f"the answer is a {type(given).__name__}, expected a number or a tensor.")
    expected = expected.double()
    if answer.shape != expected.shape:
        shapes = f"the answer has shape {tuple(answer.shape)}, expected {tuple(expected.shape)}"
        turned = answer.dim() == 2 and answer.T.shape == expected.shape
        return Feedback("not yet", shapes + (": it is transposed." if turned else "."))
    if not torch.isfinite(answer).all():
        return Feedback("not yet", "the answer holds NaN or infinity. Is something divided by zero?")
    if _close(answer, expected):
        return Feedback("right", right)
    for hint, wrong in mistakes.items():
        if wrong.shape == answer.shape and _close(answer, wrong.double()):
            return Feedback("not yet", hint)
    return Feedback("not yet", _how_far(answer, expected))


def _close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE)


def _how_far(answer: Tensor, expected: Tensor) -> str:
    factor = float((answer * expected).sum() / expected.square().sum().clamp_min(1e-300))
    if factor != 0 and _close(answer, factor * expected):
        return f"the answer is {factor:.4g} times the right one: a factor is missing or too much."
    gap = float((answer - expected).abs().max())
    return f"the largest difference to the right answer is {gap:.3g}."


def call(function: object, *arguments: object) -> object:
    """The function's value, or Feedback on what went wrong when it was called."""
    if function is None or function is ...:
        return None
    if not callable(function):
        return Feedback("not yet", f"the answer is a {type(function).__name__}, expected a function.")
    try:
        return function(*arguments)
    except Exception as error:
        return Feedback("not yet", f"your function raised {type(error).__name__}: {error}")


def grade(function: object, arguments: tuple, expected: Tensor, right: str, mistakes: Mapping[str, Tensor]) -> Feedback:
    answer = call(function, *arguments)
    return answer if isinstance(answer, Feedback) else compare(answer, expected, right, mistakes)


def problem(n: int = 8, dim_x: int = 3, dim_y: int = 1, seed: int = 0) -> Prompts:
    task = LinearTask(dim_x=dim_x, dim_y=dim_y, n_context=n, x_dist="normal", noise_std=0.3)
    return task.sample(1, torch.Generator().manual_seed(seed), dtype=torch.float64)

"""Checks for the exercises of the introduction."""

from __future__ import annotations

from icllib.checks.answers import read
from icllib.checks.feedback import Feedback, checked, compare

__all__ = ["flip_effect"]


@checked
def flip_effect(answer: float, prediction: float) -> Feedback:
    """What the layer answers when every label in the prompt is flipped: minus its answer before."""
    before = read(prediction, "the prediction").shaped(name="the prediction").value
    mistakes = {
        "that is the answer before the flip. Every label is now its opposite.": before,
        "the votes do not vanish: each of them turns round.": 0 * before,
    }
    right = "the answer is linear in the labels, so it changes its sign and nothing else."
    return compare(answer, -before, right, mistakes, digits=2)

"""Checks for the exercises of the introduction."""

from __future__ import annotations

import torch

from icllib.checks.feedback import Feedback, compare

__all__ = ["flip_effect"]


def flip_effect(answer: float, prediction: float) -> Feedback:
    """What the layer answers when every label in the prompt is flipped: minus its answer before."""
    return compare(
        answer,
        torch.tensor(-prediction),
        "the answer is linear in the labels, so it changes its sign and nothing else.",
        {"that is the answer before the flip. Every label is now its opposite.": torch.tensor(prediction)},
    )

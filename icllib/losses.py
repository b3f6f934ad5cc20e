"""Many losses in a few numbers: their mean, and what one rare prompt cannot move."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from icllib.errors import InputError, check_number, check_tensors

__all__ = ["LossSummary", "summarise"]

_Z = 1.96  # 95 % of a normal law lie within so many standard deviations


@dataclass(frozen=True)
class LossSummary:
    """Where the losses of a batch of prompts lie.

    Attributes:
        mean: of all losses.
        interval: half the width of the mean's 95 % interval, 1.96 standard errors. One huge loss
            can make it meaningless; then look at the numbers below.
        median: of all losses.
        median_interval: (low, high), the median's 95 % interval, from the ranks n/2 ± 0.98 √n of
            the sorted losses: right for any law.
        trimmed: mean of all but the largest losses. Only the top is trimmed, for a loss has a
            floor, 0, and no ceiling.
        worst: the largest loss.
    """

    mean: float
    interval: float
    median: float
    median_interval: tuple[float, float]
    trimmed: float
    worst: float


def summarise(losses: Float[Tensor, "batch"], trim: float = 0.01) -> LossSummary:
    """The mean of losses, with its interval, their median and trimmed mean.

    Args:
        losses: one number a prompt, two or more.
        trim: the fraction of the losses, the largest, that `LossSummary.trimmed` leaves out;
            rounded down to whole prompts.

    Raises:
        ShapeError: losses are no vector.
        InputError: fewer than two losses, one that is NaN or infinite, or a trim outside [0, 1).
    """
    trim = check_number("trim", trim, minimum=0.0)
    if trim >= 1:
        raise InputError(f"trim = {trim!r}, expected a fraction below 1")
    n = check_tensors({"losses": (losses, ("batch",))})["batch"]
    if n < 2:
        raise InputError(f"losses has {n} numbers, expected two or more: one has no spread")
    ranked = losses.detach().double().sort().values
    reach = _Z * n**0.5 / 2
    low, high = max(0, int(n / 2 - reach)), min(n - 1, int(n / 2 + reach))
    return LossSummary(
        mean=float(ranked.mean()),
        interval=float(_Z * ranked.std() / n**0.5),
        median=float((ranked[(n - 1) // 2] + ranked[n // 2]) / 2),
        median_interval=(float(ranked[low]), float(ranked[high])),
        trimmed=float(ranked[: n - int(trim * n)].mean()),
        worst=float(ranked[-1]),
    )

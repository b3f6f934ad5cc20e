"""What the checks of assignments share: mistakes that stay apart whatever the numbers of a variant
are, and the size of what an answer holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from icllib.checks.answers import AnswerError, read

__all__ = ["Largest", "drawn", "losses", "matrices", "solved", "told_apart"]


def drawn(*shape: int, seed: int = 0) -> Tensor:
    """Numbers from N(0, 1), float64."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def told_apart(right: Tensor, mistakes: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The mistakes without those that give the right answer; hints of one value are joined.

    Args:
        right: the right answer.
        mistakes: hint → the value that the mistake gives.
    """
    found: list[tuple[str, Tensor]] = []
    for hint, value in mistakes.items():
        if _same(value, right):
            continue
        twin = next((n for n, (_, known) in enumerate(found) if _same(value, known)), None)
        if twin is None:
            found.append((hint, value))
        else:
            found[twin] = (f"{found[twin][0]} Or: {hint}", value)
    return dict(found)


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a.double(), b.double(), rtol=1e-6, atol=1e-12)


def matrices(given: object, names: tuple[str, ...], dim: int) -> tuple[list[Tensor], float]:
    """Four or five matrices for tokens of this width, with heads of any width of their own, and how
    exact they are.

    Raises:
        AnswerError: it is something else.
    """
    if given is None or given is ...:
        read(given)
    if not isinstance(given, tuple | list) or len(given) != len(names):
        told = ", ".join(names)
        raise AnswerError("not yet", f"your function should return {len(names)} matrices: {told}.")
    parts = dict(zip(names, (read(m, n) for m, n in zip(given, names, strict=True)), strict=True))
    d, v = (len(parts[n].value) if parts[n].value.dim() == 2 else 0 for n in ("W_K", "W_V"))
    shapes = {"R": (dim, dim), "W_K": (d, dim), "W_Q": (d, dim), "W_V": (v, dim), "P": (dim, v)}
    shaped = [part.shaped(*shapes[name], name=name) for name, part in parts.items()]
    return [part.value for part in shaped], max(part.tolerance for part in shaped)


class Largest(TorchDispatchMode):
    """Sees the size of the largest tensor that is made.

    Attributes:
        size: how many numbers it holds.
    """

    size = 0

    def __torch_dispatch__(
        self, function: Callable, types: tuple, arguments: tuple = (), options: dict | None = None
    ) -> object:
        """Run the operation, and look at what it made."""
        made = function(*arguments, **(options or {}))
        if isinstance(made, Tensor):
            self.size = max(self.size, made.numel())
        return made


def solved(x: Tensor, y: Tensor, decay: float, start: float = 0.0) -> Tensor:
    """The W of least 1/(2N) Σ ‖W x − y‖² + (decay/2) ‖W − W_0‖²; all entries of W_0 are `start`,
    x (N, N_x), y (N, N_y)."""
    n, dim_x = x.shape
    penalty = n * decay * torch.eye(dim_x, dtype=x.dtype)
    return torch.linalg.solve(x.T @ x + penalty, x.T @ y + n * decay * start).T


def losses(path: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
    """The mean of (W x − y)² for each W of a path."""
    return torch.stack([(x @ w.T - y).square().mean() for w in path])

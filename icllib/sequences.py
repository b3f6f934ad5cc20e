"""Sequences without labels: every state is the next one's input (chapter 15)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from icllib.errors import check_count, check_generator
from icllib.tasks import Prompts

__all__ = ["RotationTask"]


@dataclass(frozen=True)
class RotationTask:
    """s_{t+1} = W s_t with an orthogonal W, new in every sequence; s_0 is a unit vector.

    A sequence is a prompt whose examples are its pairs of neighbours: x_i = s_{i−1}, y_i = s_i, so
    that y_i = x_{i+1}; the query is s_N, its answer s_{N+1}.

    Attributes:
        dim: of a state; N_x = N_y.
        n_context: N, the pairs before the query.

    Raises:
        InputError: a size below 1.

    Source: von Oswald et al. (2023b), section 3; Sander et al. (2024), section 2.
    """

    dim: int = 5
    n_context: int = 20

    def __post_init__(self) -> None:
        for name in ("dim", "n_context"):
            object.__setattr__(self, name, check_count(name, getattr(self, name)))

    @property
    def dim_x(self) -> int:
        """N_x, the dimension of a state."""
        return self.dim

    @property
    def dim_y(self) -> int:
        """N_y, the same."""
        return self.dim

    def sample(
        self, batch: int, generator: torch.Generator, dtype: torch.dtype | None = None
    ) -> Prompts:
        """Draw sequences; W is uniform over the orthogonal matrices, s_0 over the sphere.

        Raises:
            InputError: `batch` is below 1, or `generator` is no torch.Generator.
        """
        batch, generator = check_count("batch", batch), check_generator(generator)
        options = {"generator": generator, "dtype": dtype, "device": generator.device}
        Q, R = torch.linalg.qr(torch.randn(batch, self.dim, self.dim, **options))
        W = Q * R.diagonal(dim1=1, dim2=2).sign()[:, None]  # else Q is not uniform
        state = torch.randn(batch, self.dim, **options)
        states = [state / state.norm(dim=1, keepdim=True)]
        for _ in range(self.n_context + 1):
            states.append(torch.einsum("bij,bj->bi", W, states[-1]))
        s = torch.stack(states, dim=1)
        return Prompts(s[:, :-2], s[:, 1:-1], s[:, -2], s[:, -1], W)

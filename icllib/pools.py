"""Training on only so many tasks: prompts out of a fixed pool."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property

import torch

from icllib.errors import InputError, check_choice, check_count, check_generator
from icllib.tasks import LinearTask, Prompts, with_change

__all__ = ["PoolTask"]


@dataclass(frozen=True)
class PoolTask:
    """A `LinearTask` of which only a pool is ever seen.

    Attributes:
        source: what the pool is drawn from; all of its prompts are new.
        size: how many members the pool has.
        fixed: what a member is. "prompt": a whole prompt, x, W* and query, so that its answer can
            be learned by heart. "W*": a linear function, of which every prompt shows new x.
        seed: of the pool.

    Raises:
        InputError: a size below 1, an unknown `fixed`, or a source that is no `LinearTask`.

    Source: von Oswald et al. (2023), figure 16, for prompts; Raventós et al. (2023) for W*.
    """

    source: LinearTask
    size: int
    fixed: str = "prompt"
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", check_count("size", self.size))
        object.__setattr__(self, "seed", check_count("seed", self.seed, minimum=0))
        check_choice("fixed", self.fixed, ("prompt", "W*"))
        if not isinstance(self.source, LinearTask):
            kind = type(self.source).__name__
            raise InputError(f"source is a {kind}, expected a LinearTask to draw the pool from")

    @property
    def dim_x(self) -> int:
        """N_x, the input dimension."""
        return self.source.dim_x

    @property
    def dim_y(self) -> int:
        """N_y, the output dimension."""
        return self.source.dim_y

    @property
    def n_context(self) -> int:
        """N, the number of labelled examples in each prompt."""
        return self.source.n_context

    @cached_property
    def members(self) -> Prompts:
        """The whole pool, in double precision."""
        generator = torch.Generator().manual_seed(self.seed)
        return self.source.sample(self.size, generator, torch.float64)

    def sample(
        self, batch: int, generator: torch.Generator, dtype: torch.dtype | None = None
    ) -> Prompts:
        """Draw from the pool, with replacement; as `LinearTask.sample`."""
        batch, generator = check_count("batch", batch), check_generator(generator)
        dtype = dtype or torch.get_default_dtype()
        at = torch.randint(self.size, (batch,), generator=generator, device=generator.device).cpu()
        pool = self.members
        if self.fixed == "prompt":
            chosen = Prompts(*(getattr(pool, field.name)[at] for field in fields(pool)))
            return chosen.to(generator.device, dtype)
        drawn = self.source.sample(batch, generator, dtype)
        weights = pool.weights[at].to(drawn.x)
        return replace(with_change(drawn, weights - drawn.weights), weights=weights)

"""Distributions of learning problems that no line solves: sine curves and parabolas."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import InputError, check_count, check_generator, check_number
from icllib.tasks import Prompts

__all__ = ["ParabolaTask", "SineTask", "on_waves"]


@dataclass(frozen=True)
class _Curves:
    """Curves of one input, y = f(x), with a new f in every prompt and x ~ U(−reach, reach).

    Attributes:
        n_context: N, labelled examples a prompt.
        reach: of the inputs.
    """

    n_context: int = 10
    reach: float = 5.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_context", check_count("n_context", self.n_context))
        check_number("reach", self.reach, minimum=0.0)

    @property
    def dim_x(self) -> int:
        """N_x = 1."""
        return 1

    @property
    def dim_y(self) -> int:
        """N_y = 1."""
        return 1

    def sample(
        self, batch: int, generator: torch.Generator, dtype: torch.dtype | None = None
    ) -> Prompts:
        """Draw `batch` prompts, on the generator's device; as `LinearTask.sample`."""
        batch = check_count("batch", batch)
        options = {
            "generator": check_generator(generator),
            "device": generator.device,
            "dtype": dtype or torch.get_default_dtype(),
        }
        x = self.reach * (2 * torch.rand(batch, self.n_context + 1, 1, **options) - 1)
        y = self._curve(x, options)
        return Prompts(x[:, :-1], y[:, :-1], x[:, -1], y[:, -1])

    def _curve(self, x: Tensor, options: dict) -> Float[Tensor, "batch N+1 1"]:
        raise NotImplementedError


@dataclass(frozen=True)
class SineTask(_Curves):
    """y = a sin(x + ϕ), with a ~ U(least, most) and ϕ ~ U(0, turn).

    Attributes:
        least, most: of the amplitude a.
        turn: largest phase; 2π is the whole circle.
        tied: draw amplitude and phase from one random number, so that each tells the other.

    Raises:
        InputError: a size below 1, a number that is not finite, or a least amplitude above the
            most.

    Source: Finn et al. (2017); von Oswald et al. (2023), section 4. The paper's code draws
    amplitude and phase from the same key, as with `tied`.
    """

    least: float = 0.1
    most: float = 5.0
    turn: float = 2 * math.pi
    tied: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("least", "most", "turn"):
            check_number(name, getattr(self, name), minimum=0.0)
        if self.least > self.most:
            raise InputError(f"least = {self.least}, expected at most `most` = {self.most}")

    def _curve(self, x: Tensor, options: dict) -> Float[Tensor, "batch N+1 1"]:
        drawn = torch.rand(2, len(x), 1, 1, **options)
        amplitude = self.least + (self.most - self.least) * drawn[0]
        return amplitude * torch.sin(x + self.turn * drawn[0 if self.tied else 1])


@dataclass(frozen=True)
class ParabolaTask(_Curves):
    """y = c_0 + c_1 u + c_2 u² with u = x/reach and three numbers c ~ N(0, 1)."""

    def _curve(self, x: Tensor, options: dict) -> Float[Tensor, "batch N+1 1"]:
        c, u = torch.randn(3, len(x), 1, 1, **options), x / self.reach
        return c[0] + c[1] * u + c[2] * u**2


def on_waves(prompts: Prompts) -> Prompts:
    """The same prompts with sin x and cos x in place of x, coordinate by coordinate: features on
    which every sine curve of period 2π is a line."""
    x, x_query = (torch.cat([x.sin(), x.cos()], -1) for x in (prompts.x, prompts.x_query))
    return replace(prompts, x=x, x_query=x_query)

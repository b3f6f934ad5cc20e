"""Distributions of learning problems: a small data set, a question, and the hidden answer."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import (
    InputError,
    ShapeError,
    check_choice,
    check_count,
    check_generator,
    check_number,
    check_tensors,
)

__all__ = ["BalancedTask", "LinearTask", "Prompts", "Task"]

_CHUNK = 512  # prompts whose inputs are coloured at a time


@dataclass(frozen=True)
class Prompts:
    """A batch of prompts: N labelled examples, a query, and the query's hidden answer.

    Attributes:
        x: inputs of the examples, (batch, N, N_x).
        y: their labels, (batch, N, N_y).
        x_query: the query, (batch, N_x).
        y_query: its hidden answer, (batch, N_y).
        weights: the true W*, (batch, N_y, N_x), or None where there is none.

    Raises:
        ShapeError: a wrong rank, or sizes that disagree.
        InputError: values that are not finite, or dtypes or devices that differ.
    """

    x: Float[Tensor, "batch N N_x"]
    y: Float[Tensor, "batch N N_y"]
    x_query: Float[Tensor, "batch N_x"]
    y_query: Float[Tensor, "batch N_y"]
    weights: Float[Tensor, "batch N_y N_x"] | None = None

    def __post_init__(self) -> None:
        tensors = {
            "x": (self.x, ("batch", "N", "N_x")),
            "y": (self.y, ("batch", "N", "N_y")),
            "x_query": (self.x_query, ("batch", "N_x")),
            "y_query": (self.y_query, ("batch", "N_y")),
        }
        if self.weights is not None:
            tensors["weights"] = (self.weights, ("batch", "N_y", "N_x"))
        for axis, size in check_tensors(tensors).items():
            if size == 0:
                raise ShapeError(
                    f"x has shape {tuple(self.x.shape)} and y {tuple(self.y.shape)}: "
                    f"{axis} = 0, expected 1"
                )

    @property
    def batch(self) -> int:
        """Number of prompts."""
        return self.x.shape[0]

    @property
    def n_context(self) -> int:
        """N, the number of labelled examples in each prompt."""
        return self.x.shape[1]

    @property
    def dim_x(self) -> int:
        """N_x, the input dimension."""
        return self.x.shape[2]

    @property
    def dim_y(self) -> int:
        """N_y, the output dimension."""
        return self.y.shape[2]

    def to(self, *args: object, **options: object) -> Prompts:
        """The same prompts in another dtype or on another device, as `torch.Tensor.to`."""
        tensors = (getattr(self, field.name) for field in fields(self))
        return Prompts(*(None if t is None else t.to(*args, **options) for t in tensors))

    def __eq__(self, other: object) -> bool:
        """The same numbers, in the same dtype and on the same device."""
        if not isinstance(other, Prompts):
            return NotImplemented
        pairs = [(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)]
        return all(a is b or (a is not None and b is not None and _same(a, b)) for a, b in pairs)

    def __hash__(self) -> int:
        return hash((self.x.shape, self.y.shape, self.x.dtype))


def _same(a: Tensor, b: Tensor) -> bool:
    return (a.dtype, a.device) == (b.dtype, b.device) and torch.equal(a, b)


def with_change(prompts: Prompts, change: Float[Tensor, "batch N_y N_x"]) -> Prompts:
    """The same inputs and noise where W* has become W* + change."""
    return replace(
        prompts,
        y=prompts.y + torch.einsum("boi,bni->bno", change, prompts.x),
        y_query=prompts.y_query + torch.einsum("boi,bi->bo", change, prompts.x_query),
        weights=prompts.weights + change,
    )


def single_or_double(tensor: Tensor) -> Tensor:
    """In single precision where it had less: linear algebra knows no half precision."""
    return tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()


class Task(Protocol):
    """A distribution of learning problems: whatever can draw prompts."""

    def sample(
        self, batch: int, generator: torch.Generator, dtype: torch.dtype | None = None
    ) -> Prompts:
        """Draw `batch` prompts; the same seed gives the same prompts."""
        ...


@dataclass(frozen=True)
class LinearTask:
    """Linear problems: y = W* x + noise, with a W* of its own in every prompt, W* ~ N(0, w_scale²).

    Attributes:
        dim_x, dim_y: N_x and N_y.
        n_context: N, labelled examples a prompt.
        x_dist: law of every coordinate of x, independent of the others: "uniform" on (-x_scale,
            x_scale), "normal" with standard deviation x_scale, or "rademacher": ±x_scale with equal
            chance.
        x_scale: the scale of the inputs. The paper's ``input_range=1`` is x_scale = 0.5 here.
        w_scale: standard deviation of the entries of W*.
        noise_std: standard deviation of the noise on every label, the query's answer included.
        covariance: Λ, (N_x, N_x), symmetric and positive definite. With it, x ~ N(0, Λ) whatever
            x_dist says.

    Raises:
        ShapeError: the covariance is not (N_x, N_x).
        InputError: a size below 1, a negative scale, an unknown x_dist, a covariance that is not
            symmetric and positive definite, or a covariance together with an x_scale.

    Source: von Oswald et al. (2023), section 3 and appendix A.
    """

    dim_x: int = 10
    dim_y: int = 1
    n_context: int = 10
    x_dist: str = "uniform"
    x_scale: float = 1.0
    w_scale: float = 1.0
    noise_std: float = 0.0
    covariance: Float[Tensor, "N_x N_x"] | None = None

    def __post_init__(self) -> None:
        for name in ("dim_x", "dim_y", "n_context"):
            object.__setattr__(self, name, check_count(name, getattr(self, name)))
        for name in ("x_scale", "w_scale", "noise_std"):
            number = check_number(name, getattr(self, name), minimum=0.0)
            object.__setattr__(self, name, float(number) if isinstance(number, Tensor) else number)
        check_choice("x_dist", self.x_dist, ("uniform", "normal", "rademacher"))
        if self.covariance is not None:
            self._check_covariance(self.covariance)
            object.__setattr__(self, "covariance", self.covariance.detach().clone())

    def _numbers(self) -> tuple[object, ...]:
        """All that makes a task what it is, in Python's own numbers."""
        others = (getattr(self, field.name) for field in fields(self) if field.name != "covariance")
        rows = () if self.covariance is None else map(tuple, self.covariance.tolist())
        return *others, *rows

    def __eq__(self, other: object) -> bool:
        return self._numbers() == other._numbers() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._numbers())

    def _check_covariance(self, covariance: Tensor) -> None:
        check_tensors({"covariance": (covariance, ("N_x", "N_x"))}, {"N_x": self.dim_x})
        if not torch.allclose(covariance, covariance.T):
            raise InputError("covariance is not symmetric, expected Λ = Λᵀ")
        smallest = float(torch.linalg.eigvalsh(single_or_double(covariance))[0])
        if smallest <= 0:
            raise InputError(
                f"covariance has the eigenvalue {smallest:.3g}, expected all of them above 0"
            )
        if self.x_scale != 1.0:
            raise InputError(
                f"x_scale = {self.x_scale} beside a covariance, "
                "expected the scale inside the covariance"
            )

    def sample(
        self, batch: int, generator: torch.Generator, dtype: torch.dtype | None = None
    ) -> Prompts:
        """Draw `batch` prompts, on the generator's device.

        Args:
            batch: how many prompts.
            generator: the source of every draw; the same seed gives the same prompts.
            dtype: torch's default dtype unless given.

        Raises:
            InputError: `batch` is below 1, or `generator` is no torch.Generator.
        """
        batch = check_count("batch", batch)
        options = {
            "generator": check_generator(generator),
            "device": generator.device,
            "dtype": dtype or torch.get_default_dtype(),
        }
        weights = self.w_scale * torch.randn(batch, self.dim_y, self.dim_x, **options)
        x = self._inputs(batch, options)
        y = torch.einsum("boi,bni->bno", weights, x)
        if self.noise_std > 0:
            y = y + self.noise_std * torch.randn(y.shape, **options)
        return Prompts(x[:, :-1], y[:, :-1], x[:, -1], y[:, -1], weights)

    def _inputs(self, batch: int, options: dict[str, object]) -> Float[Tensor, "batch N+1 N_x"]:
        shape = (batch, self.n_context + 1, self.dim_x)
        if self.covariance is not None:
            factor = torch.linalg.cholesky(single_or_double(self.covariance))
            factor = factor.to(options["device"], options["dtype"])
            x = torch.randn(shape, **options)
            for part in x.split(_CHUNK):  # in place: the inputs are the largest array there is
                part.copy_(part @ factor.T)
            return x
        if self.x_dist == "normal":
            return torch.randn(shape, **options).mul_(self.x_scale)
        uniform = torch.empty(shape, device=options["device"], dtype=options["dtype"])
        uniform.uniform_(-self.x_scale, self.x_scale, generator=options["generator"])
        if self.x_dist == "uniform":
            return uniform
        return torch.where(uniform < 0, -self.x_scale, self.x_scale).to(uniform)


@dataclass(frozen=True, eq=False)  # equal and hashed as a LinearTask is
class BalancedTask(LinearTask):
    """A `LinearTask` with a covariance in which W* ~ N(0, w_scale² Λ⁻¹): small directions of x have
    large weights.

    So every eigendirection of Λ contributes alike to the labels, and in the coordinates Λ^{−1/2} x
    all directions are alike. The assumption of Ahn et al. (2023) for several layers.

    Raises:
        InputError: no covariance, or as `LinearTask`.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.covariance is None:
            raise InputError(
                "covariance is None, expected Λ: without it W* would be that of a LinearTask"
            )

    def sample(
        self, batch: int, generator: torch.Generator, dtype: torch.dtype | None = None
    ) -> Prompts:
        """As `LinearTask.sample`."""
        drawn = super().sample(batch, generator, dtype)
        factor = torch.linalg.cholesky(torch.linalg.inv(self.covariance.double())).to(drawn.x)
        change = drawn.weights @ (
            factor.T - torch.eye(self.dim_x).to(factor)
        )  # from W* to W* Λ^{−1/2}, turned
        return with_change(drawn, change)

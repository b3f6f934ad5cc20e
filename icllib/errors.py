"""Errors that name the argument, what was given and what was expected."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar

import torch
from torch import Tensor

__all__ = [
    "InputError",
    "ShapeError",
    "StoppedWarning",
    "UnstableWarning",
    "WallWarning",
    "check_choice",
    "check_count",
    "check_number",
    "check_per_step",
    "check_tensors",
    "shapes_only",
    "warn_if_growing",
]

_LOOKS_AT_VALUES: ContextVar[bool] = ContextVar("looks_at_values", default=True)


class InputError(ValueError):
    """An argument has a value that the function cannot work with."""


class ShapeError(InputError):
    """A tensor has a shape that does not fit: a wrong rank, or a size that disagrees with another argument."""


class StoppedWarning(UserWarning):
    """The loss of a seed is no longer finite: that seed stops, with its last finite weights."""


class UnstableWarning(UserWarning):
    """An iteration grows where it should shrink: its result is finite, but no answer."""


class WallWarning(UserWarning):
    """A search ended at the edge of its range: what it found is the best only of what it looked at."""


def check_count(name: str, value: object, minimum: int = 1) -> None:
    """Raise InputError unless `value` is an integer of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise InputError(f"{name} = {value!r}, expected an integer of at least {minimum}")


def check_number(name: str, value: object, minimum: float | None = None) -> None:
    """Raise InputError unless `value` is a finite real number (of at least `minimum`), or a tensor that holds just one."""
    if isinstance(value, Tensor) and value.dim() == 0 and value.is_floating_point():
        value = float(value.detach())
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or (minimum is not None and value < minimum):
        bound = "" if minimum is None else f" of at least {minimum}"
        raise InputError(f"{name} = {value!r}, expected a finite number{bound}")


def check_per_step(name: str, value: float | Sequence[float], steps: int) -> list[float]:
    """One number a step, from a number for all steps or a sequence with one a step.

    Raises:
        InputError: a sequence of another length, or something that is not a finite number.
    """
    values = list(value) if isinstance(value, Sequence) else [value] * steps
    if len(values) != steps:
        raise InputError(f"{name} has {len(values)} numbers, expected one a step: {steps}")
    for position, number in enumerate(values):
        check_number(f"{name}[{position}]" if isinstance(value, Sequence) else name, number)
    return values


def warn_if_growing(what: str, first: Tensor, last: Tensor, cure: str) -> None:
    """Warn when `last` is larger than `first` for most prompts of a batch; both (batch, …), compared by their norms."""
    before, after = (tensor.detach().flatten(1).norm(dim=1) for tensor in (first, last))
    growing = after > before * (1 + 1e-9)
    if 2 * int(growing.sum()) > len(growing):
        factor = float((after / before)[growing].median())
        warnings.warn(
            f"{what} grow in {int(growing.sum())} of {len(growing)} prompts (by {factor:.3g} in the middle one): {cure}",
            UnstableWarning,
            stacklevel=3,
        )


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise InputError unless `value` is one of `choices`."""
    if value not in choices:
        raise InputError(f"{name} = {value!r}, expected one of {', '.join(map(repr, choices))}")


def check_tensors(
    tensors: Mapping[str, tuple[object, tuple[str, ...]]], sizes: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Check several tensors against named axes that they share; return the size of every axis.

    Args:
        tensors: argument name → (tensor, names of its axes), e.g. ``{"x": (x, ("batch", "N", "N_x"))}``.
        sizes: axes whose size is known beforehand.

    Raises:
        ShapeError: a wrong rank, or an axis whose size differs from the known one or from an earlier tensor's.
        InputError: no tensor of real floating-point numbers, NaN or infinity, or dtypes or devices that differ.
    """
    found = {axis: (size, "the call") for axis, size in (sizes or {}).items()}
    first: tuple[str, Tensor] | None = None
    for name, (tensor, axes) in tensors.items():
        if not isinstance(tensor, Tensor):
            raise InputError(f"{name} is a {type(tensor).__name__}, expected a torch.Tensor")
        if not tensor.is_floating_point():
            raise InputError(f"{name} has dtype {tensor.dtype}, expected floating point such as torch.float64")
        if tensor.dim() != len(axes):
            raise ShapeError(f"{name} has shape {tuple(tensor.shape)}, expected {len(axes)} axes ({', '.join(axes)})")
        for axis, size in zip(axes, tensor.shape, strict=True):
            known, source = found.setdefault(axis, (size, name))
            if size != known:
                raise ShapeError(
                    f"{name} has shape {tuple(tensor.shape)}, expected ({', '.join(axes)}) with {axis} = {known} "
                    f"as in {source}"
                )
        if first is None:
            first = (name, tensor)
        for what in ("dtype", "device"):
            given, expected = getattr(tensor, what), getattr(first[1], what)
            if given != expected:
                raise InputError(f"{name} has {what} {given}, expected {expected} as in {first[0]}")
    for name, (tensor, _) in tensors.items():
        _check_finite(name, tensor)
    return {axis: size for axis, (size, _) in found.items()}


@contextlib.contextmanager
def shapes_only() -> Iterator[None]:
    """Inside, `check_tensors` looks at shapes, dtypes and devices, and no longer at values.

    For code that calls a model thousands of times, or for many sets of weights at once (`torch.func.vmap`), where single
    values cannot be looked at.
    """
    before = _LOOKS_AT_VALUES.set(False)
    try:
        yield
    finally:
        _LOOKS_AT_VALUES.reset(before)


def _check_finite(name: str, tensor: Tensor) -> None:
    if not _LOOKS_AT_VALUES.get():
        return
    # One number tells in most cases; a finite tensor whose sum overflows gets the closer look.
    if not math.isfinite(float(tensor.detach().sum())) and not bool(torch.isfinite(tensor).all()):
        bad = int((~torch.isfinite(tensor)).sum())
        raise InputError(f"{name} holds {bad} values that are NaN or infinite, expected finite numbers")

"""Errors that name the argument, what was given and what was expected."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from numbers import Integral, Real

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
    "check_generator",
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
    """A tensor's shape does not fit: a wrong rank, or a size that another argument contradicts."""


class StoppedWarning(UserWarning):
    """The loss of a seed is no longer finite: that seed stops, with its last finite weights."""


class UnstableWarning(UserWarning):
    """An iteration grows where it should shrink: its result is no answer."""


class WallWarning(UserWarning):
    """A search ended at the edge of its range: it found the best only of what it looked at."""


def check_count(name: str, value: object, minimum: int = 1) -> int:
    """The integer as Python's own: NumPy's, and arrays and tensors without axes, are integers too.

    Raises:
        InputError: no integer, or one below `minimum`.
    """
    number = _held(value)
    if isinstance(number, bool) or not isinstance(number, Integral) or number < minimum:
        raise InputError(f"{name} = {value!r}, expected an integer of at least {minimum}")
    return int(number)


def check_number(
    name: str, value: object, minimum: float | None = None, *, above: float | None = None
) -> float | Tensor:
    """The number as Python's own; a tensor without axes as it is, so that gradients flow.

    Raises:
        InputError: no real number, NaN or infinity, a number below `minimum`, or one that is not
            `above` another.
    """
    number = _held(value)
    if isinstance(number, Tensor) and number.dim() == 0:
        return number  # inside vmap or a compiler, where nobody can look
    is_number = isinstance(number, Real) and not isinstance(number, bool) and _is_finite(number)
    is_low = is_number and (
        (minimum is not None and number < minimum) or (above is not None and number <= above)
    )
    if not is_number or is_low:
        bound = "" if minimum is None else f" of at least {minimum}"
        bound += "" if above is None else f" above {above}"
        raise InputError(f"{name} = {value!r}, expected a finite number{bound}")
    if isinstance(value, Tensor):
        return value
    return number if type(number) is int else float(number)


def _held(value: object) -> object:
    """What a NumPy scalar, or an array or tensor without axes, holds; anything else as it is."""
    if getattr(value, "shape", None) != () or not hasattr(value, "item"):
        return value
    if isinstance(value, Tensor):
        return _looked_at(value, Tensor.item, value)
    return value.item()


def _is_finite(number: Real) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer or fraction beyond the largest float
        return False


def check_per_step(name: str, value: float | Sequence[float], steps: int) -> list[float | Tensor]:
    """One number a step, from a number for all steps or a sequence with one a step.

    Raises:
        InputError: a sequence of another length, or something that is not a finite number.
    """
    is_one_each = isinstance(value, Sequence) or getattr(value, "shape", ()) != ()
    values = list(value) if is_one_each else [value] * steps
    if len(values) != steps:
        raise InputError(f"{name} has {len(values)} numbers, expected one a step: {steps}")
    return [
        check_number(f"{name}[{position}]" if is_one_each else name, number)
        for position, number in enumerate(values)
    ]


def warn_if_growing(what: str, first: Tensor, last: Tensor, cure: str) -> None:
    """Warn when an iteration does not do what it is for.

    That is: `last` is larger than `first` for most prompts of a batch, or NaN or infinite for one.
    Both are (batch, …), and compared by their norms.
    """
    before, after = (tensor.detach().double().flatten(1).norm(dim=1) for tensor in (first, last))
    after = after.nan_to_num(nan=math.inf, posinf=math.inf)
    growing, broken = after > before * (1 + 1e-9), after.isinf()
    count, lost = _looked_at((growing, broken), lambda pair: [int(t.sum()) for t in pair], (0, 0))
    if 2 * count > len(growing):
        factor = float((after / before)[growing].median())
        said = f"grow in {count} of {len(growing)} prompts (by {factor:.3g} in the middle one)"
    elif lost:
        said = f"become NaN or infinite in {lost} of {len(growing)} prompts"
    else:
        return
    warnings.warn(f"{what} {said}: {cure}", UnstableWarning, stacklevel=3)


def check_choice(name: str, value: object, choices: tuple[str | int, ...]) -> None:
    """Raise InputError unless `value` is one of `choices`, names or integers."""
    if not isinstance(value, str | int) or isinstance(value, bool) or value not in choices:
        raise InputError(f"{name} = {value!r}, expected one of {', '.join(map(repr, choices))}")


def check_generator(generator: object) -> torch.Generator:
    """`generator`, the source of every draw; InputError unless it is a torch.Generator."""
    if not isinstance(generator, torch.Generator):
        raise InputError(
            f"generator is a {type(generator).__name__}, expected a seeded torch.Generator"
        )
    return generator


def check_tensors(
    tensors: Mapping[str, tuple[object, tuple[str, ...]]], sizes: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Check several tensors against named axes that they share; return the size of every axis.

    Args:
        tensors: argument name → (tensor, names of its axes), e.g. ``{"x": (x, ("batch", "N",
            "N_x"))}``.
        sizes: axes whose size is known beforehand.

    Raises:
        ShapeError: a wrong rank, or an axis whose size differs from the known one or from an
            earlier tensor's.
        InputError: no tensor of real floating-point numbers, NaN or infinity, or dtypes or devices
            that differ.
    """
    found = {axis: (size, "the call") for axis, size in (sizes or {}).items()}
    first: tuple[str, Tensor] | None = None
    for name, (tensor, axes) in tensors.items():
        if not isinstance(tensor, Tensor):
            raise InputError(f"{name} is a {type(tensor).__name__}, expected a torch.Tensor")
        if not tensor.is_floating_point():
            raise InputError(
                f"{name} has dtype {tensor.dtype}, expected floating point such as torch.float64"
            )
        if tensor.dim() != len(axes):
            raise ShapeError(
                f"{name} has shape {tuple(tensor.shape)}, "
                f"expected {len(axes)} axes ({', '.join(axes)})"
            )
        for axis, size in zip(axes, tensor.shape, strict=True):
            known, source = found.setdefault(axis, (size, name))
            if size != known:
                raise ShapeError(
                    f"{name} has shape {tuple(tensor.shape)}, "
                    f"expected ({', '.join(axes)}) with {axis} = {known} "
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

    For code that calls a model thousands of times. Where values cannot be looked at (vmap, export,
    compile, the meta device) it is so anyway.
    """
    before = _LOOKS_AT_VALUES.set(False)
    try:
        yield
    finally:
        _LOOKS_AT_VALUES.reset(before)


def _looked_at(thing: object, look: Callable, otherwise: object) -> object:
    """``look(thing)`` where values can be looked at, else `otherwise`."""
    if torch.compiler.is_compiling():
        return otherwise
    try:
        return look(thing)
    except RuntimeError:  # torch's word for "there is no value here": vmap, export, the meta device
        return otherwise


def _check_finite(name: str, tensor: Tensor) -> None:
    def bad_values(tensor: Tensor) -> int:
        # One number tells in most cases; a finite tensor whose sum overflows gets the closer look.
        if math.isfinite(float(tensor.detach().sum())):
            return 0
        return int((~torch.isfinite(tensor)).sum())

    if torch.compiler.is_compiling() or not _LOOKS_AT_VALUES.get():
        return
    if bad := _looked_at(tensor, bad_values, 0):
        raise InputError(
            f"{name} holds {bad} values that are NaN or infinite, expected finite numbers"
        )

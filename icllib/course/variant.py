"""The numbers of a variant: other values for what the definitions of an assignment depend on.

The header of a source names them with their defaults, ``variant: {factor: 1}``; text and cells hold
``{{ factor }}`` where the number goes; `build` takes others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from icllib.course.key import FormError

__all__ = ["chosen", "filled", "named", "numbers", "shifted"]

_PLACE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_SEED = re.compile(r"\bseed\s*=\s*(\d+)")


def numbers(pairs: Iterable[str]) -> dict[str, float]:
    """name=value, … of a command line, whole numbers as such.

    Raises:
        FormError: one has no name, no number, or comes twice.
    """
    found: dict[str, float] = {}
    for pair in pairs:
        name, equals, text = (part.strip() for part in pair.partition("="))
        if not equals or not name.isidentifier():
            raise FormError(f"--variant {pair!r}, expected name=number")
        if name in found:
            raise FormError(f"--variant {name} is given twice, expected one number")
        try:
            found[name] = int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
        except ValueError:
            raise FormError(f"--variant {name} = {text!r}, expected a number") from None
    return found


def chosen(
    defaults: object, others: Mapping[str, float], used: set[str], place: object
) -> dict[str, float]:
    """All numbers of a source: those of its header, or others in their place.

    Args:
        defaults: what its header says.
        others: name → number.
        used: the names that its cells hold.
        place: its path, for messages.

    Raises:
        FormError: a name is unknown or never used, or a value is no finite number.
    """
    if not isinstance(defaults, dict):
        raise FormError(f"{place}: variant = {defaults!r}, expected names with numbers")
    there = ", ".join(f"{name} = {value}" for name, value in defaults.items()) or "none"
    for name in others:
        if name not in defaults:
            raise FormError(f"{place}: variant {name!r}, expected one of: {there}")
    found = defaults | dict(others)
    for name, value in found.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            raise FormError(f"{place}: variant {name} = {value!r}, expected a finite number")
    if used != set(defaults):
        odd = ", ".join(sorted(used ^ set(defaults)))
        raise FormError(f"{place}: {odd}: a variant's names stand in header and cells")
    return found


def named(text: str) -> set[str]:
    """The names in a text that numbers take the place of."""
    return set(_PLACE.findall(text))


def filled(text: str, values: Mapping[str, float]) -> str:
    """The text with the numbers in it, as Python writes them."""
    return _PLACE.sub(lambda match: repr(values[match[1]]), text)


def shifted(code: str, by: int) -> str:
    """A hidden check with `by` added to its seed.

    Raises:
        FormError: it has none.
    """
    if by and not _SEED.search(code):
        raise FormError(f"the hidden check {code!r} has no seed=… that could be another")
    return _SEED.sub(lambda match: f"seed={int(match[1]) + by}", code) if by else code

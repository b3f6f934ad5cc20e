"""How far two colours stand out from each other (WCAG 2.2, definition of the contrast ratio)."""

from __future__ import annotations


def luminance(rgb: tuple[float, ...]) -> float:
    """The relative luminance of a colour: red, green and blue from 0 to 1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """From 1, no contrast, to 21, black on white."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)

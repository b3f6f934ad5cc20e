"""Numbers that are compared with each other, as a table: on a page, in a notebook, as plain text in
a terminal.

Why not pandas: the book would carry 60 MB for it and jinja2, and its Styler writes no `scope`,
nothing for a terminal, and another random id into every build.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real

from torch import Tensor

from icllib.errors import InputError, check_choice, check_count

__all__ = ["Table", "table"]

_DIGITS = 3
_NOTHING = "–"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SMALL, _LARGE = -5, 7  # exponents from which a number is written as a power of ten
_KEY = {"html": "Bold: the best of its column.", "text": "* the best of its column"}


@dataclass(frozen=True)
class _Cell:
    text: str
    is_best: bool = False


@dataclass(frozen=True, repr=False)
class Table:
    """A table: Jupyter and the site show it as HTML, `print` as plain text.

    Attributes:
        caption: what it shows.
        header: one name a column; the first column names the rows.
        rows: their cells, as text.
        numeric: for each column, whether it holds numbers, and so stands on the right.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[_Cell, ...], ...]
    numeric: tuple[bool, ...]

    @property
    def _has_best(self) -> bool:
        return any(cell.is_best for row in self.rows for cell in row)

    def _repr_html_(self) -> str:
        """A table with caption and header cells, in a box that scrolls and takes the focus."""
        key = f" {_KEY['html']}" if self._has_best else ""
        head = "".join(
            self._html_cell("th", place, _Cell(name), "col")
            for place, name in enumerate(self.header)
        )
        body = "".join(
            "<tr>"
            + self._html_cell("th", 0, row[0], "row")
            + "".join(self._html_cell("td", place, cell) for place, cell in enumerate(row) if place)
            + "</tr>\n"
            for row in self.rows
        )
        return (
            '<div class="icl-table-box" role="group" tabindex="0" style="overflow-x: auto"'
            f' aria-label="{html.escape(_plain(self.caption))}">\n<table class="icl-table">\n'
            f"<caption><span>{_marked(self.caption)}{key}</span></caption>\n"
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>"
        )

    def _html_cell(self, tag: str, place: int, cell: _Cell, scope: str = "") -> str:
        where = f' scope="{scope}"' if scope else ""
        side, name = ("right", "icl-number") if self.numeric[place] else ("left", "icl-words")
        text = _marked(cell.text)
        if cell.is_best:
            text = f"<strong>{text}</strong>"
        return f'<{tag}{where} class="{name}" style="text-align: {side}">{text}</{tag}>'

    def __repr__(self) -> str:
        """Caption, header, a rule, rows; numbers on the right, the best with an asterisk."""
        marks = [any(row[place].is_best for row in self.rows) for place in range(len(self.header))]
        lines = [[_plain(name) + " " * mark for name, mark in zip(self.header, marks, strict=True)]]
        for row in self.rows:
            cells = zip(row, marks, strict=True)
            lines.append(
                [_plain(cell.text) + ("*" if cell.is_best else " ") * mark for cell, mark in cells]
            )
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.header))]
        lines.insert(1, ["─" * width for width in widths])
        shown = ["  ".join(map(self._pad, line, widths, self.numeric)).rstrip() for line in lines]
        return "\n".join(
            [_plain(self.caption), *shown, *([_KEY["text"]] if self._has_best else [])]
        )

    @staticmethod
    def _pad(text: str, width: int, is_number: bool) -> str:
        return text.rjust(width) if is_number else text.ljust(width)


def table(
    columns: Mapping[str, Sequence | Tensor],
    caption: str,
    *,
    digits: int | Mapping[str, int] = _DIGITS,
    best: Mapping[str, str] | None = None,
    index: str | None = None,
) -> Table:
    """Put columns side by side.

    A cell is a word, a number, a pair (value, half of its interval), shown as `0.207 ± 0.003`, or
    None; None and NaN are shown as a dash. Names, words and the caption may hold `<sub>`, `<sup>`
    and `<i>`.

    Args:
        columns: name (with its unit) → cells from top to bottom.
        caption: what the table shows.
        digits: significant digits of floating-point numbers, for all columns or by name (3 where a
            name is missing). No digit before the point is rounded away; integers are shown whole.
        best: name → "min" or "max", for the columns whose best number is marked. Numbers that look
            the same share the mark.
        index: the column that names the rows; the first one by default. Its numbers are shown as
            short as they are.

    Raises:
        InputError: no columns, columns of different lengths, a name that is no column's, or a cell
            of another kind.
    """
    cells = {name: _cells(name, column) for name, column in columns.items()}
    _check_lengths(cells)
    index = next(iter(cells)) if index is None else index
    by_name, best = (
        digits if isinstance(digits, Mapping) else dict.fromkeys(cells, digits),
        best or {},
    )
    for argument, names in (("index", [index]), ("digits", by_name), ("best", best)):
        for name in names:
            if name not in cells:
                raise InputError(
                    f"{argument} = {name!r}, "
                    f"expected one of the columns {', '.join(map(repr, cells))}"
                )
    for name, count in by_name.items():
        check_count(f"digits[{name!r}]" if isinstance(digits, Mapping) else "digits", count)
    for name, goal in best.items():
        check_choice(f"best[{name!r}]", goal, ("min", "max"))
    order = [index, *(name for name in cells if name != index)]
    free = index if not isinstance(digits, Mapping) or index not in digits else None
    shown = [
        _column(
            name, cells[name], None if name == free else by_name.get(name, _DIGITS), best.get(name)
        )
        for name in order
    ]
    numeric = tuple(
        any(not isinstance(cell, str) and cell is not None for cell in cells[name])
        for name in order
    )
    return Table(caption, tuple(order), tuple(zip(*shown, strict=True)), numeric)


def _cells(name: str, column: Sequence | Tensor) -> list:
    """The cells of a column as words, plain numbers, pairs of them, and None."""
    if isinstance(column, str) or not hasattr(column, "__len__"):
        raise InputError(
            f"columns[{name!r}] is a {type(column).__name__}, expected a sequence of cells"
        )
    return [_untied(cell) for cell in (column.tolist() if hasattr(column, "tolist") else column)]


def _untied(cell: object) -> object:
    if isinstance(cell, list | tuple):
        return tuple(map(_untied, cell))
    return cell.item() if isinstance(cell, Tensor) and cell.dim() == 0 else cell


def _check_lengths(cells: Mapping[str, list]) -> None:
    if not cells or not all(cells.values()):
        raise InputError("columns is empty, or one of them is, expected at least one row of cells")
    first, *rest = cells
    for name in rest:
        if len(cells[name]) != len(cells[first]):
            raise InputError(
                f"columns[{name!r}] has {len(cells[name])} cells, "
                f"expected {len(cells[first])} as in {first!r}"
            )


def _column(name: str, cells: list, digits: int | None, goal: str | None) -> list[_Cell]:
    """The cells of a column as text, its best one marked."""
    texts = [_text(f"columns[{name!r}][{row}]", cell, digits) for row, cell in enumerate(cells)]
    numbers = {
        text: _value(cell)
        for text, cell in zip(texts, cells, strict=True)
        if not math.isnan(_value(cell))
    }
    best = (min if goal == "min" else max)(numbers, key=numbers.get) if goal and numbers else None
    return [_Cell(text, text == best) for text in texts]


def _value(cell: object) -> float:
    number = cell[0] if isinstance(cell, tuple) else cell
    return math.nan if number is None or isinstance(number, str) else float(number)


def _text(where: str, cell: object, digits: int | None) -> str:
    if cell is None or isinstance(cell, str):
        return _NOTHING if cell is None else cell
    if isinstance(cell, tuple) and len(cell) == 2 and all(isinstance(part, Real) for part in cell):
        return _pair(*map(float, cell), digits or _DIGITS)
    if isinstance(cell, bool) or not isinstance(cell, Real):
        raise InputError(
            f"{where} is a {type(cell).__name__}, "
            "expected a word, a number, a pair (value, half of its interval) or None"
        )
    if isinstance(cell, Integral):
        return _signed(f"{int(cell):,}")
    return _number(float(cell), digits)


def _number(value: float, digits: int | None) -> str:
    """A number with so many significant digits; None: as few as tell it."""
    if math.isnan(value):
        return _NOTHING
    if math.isinf(value) or value == 0:
        return _signed(f"{value:g}".replace("inf", "∞")) if value else "0"
    if digits is None:
        mantissa, _, power = f"{value:,.6g}".partition("e")
        return _signed(mantissa) + (f" × {_power(int(power))}" if power else "")
    exponent = _exponent(value, digits)
    if _SMALL < exponent < _LARGE:
        return _signed(f"{value:,.{max(0, digits - 1 - exponent)}f}")
    return f"{_signed(f'{value / 10.0**exponent:.{digits - 1}f}')} × {_power(exponent)}"


def _pair(value: float, half: float, digits: int) -> str:
    """Value ± half of its interval, with as many decimals as the half needs to show a digit."""
    if not (math.isfinite(value) and math.isfinite(half)):
        return _number(value, digits)
    exponent = _exponent(value, digits)
    scale = 0 if _SMALL < exponent < _LARGE else exponent
    value, half = value / 10.0**scale, half / 10.0**scale
    decimals = max(0, digits - 1 - exponent + scale, -_exponent(half, 1))
    text = f"{_signed(f'{value:,.{decimals}f}')} ± {half:,.{decimals}f}"
    return text if scale == 0 else f"({text}) × {_power(scale)}"


def _exponent(value: float, digits: int) -> int:
    """The power of ten of a number that has been rounded to so many digits; 0 for zero."""
    return int(f"{value:.{digits - 1}e}".split("e")[1])


def _power(exponent: int) -> str:
    return "10" + str(exponent).translate(_SUPERSCRIPTS)


def _signed(text: str) -> str:
    return text.replace("-", "−")


def _marked(text: str) -> str:
    """Text as HTML, with the few tags that are allowed in it."""
    return re.sub(r"&lt;(/?(?:sub|sup|i))&gt;", r"<\1>", html.escape(text, quote=False))


def _plain(text: str) -> str:
    """Text without its tags: an index after `_`, a power after `^`."""
    return re.sub(r"</?(?:sub|sup|i)>", "", text.replace("<sub>", "_").replace("<sup>", "^"))

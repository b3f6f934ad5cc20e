"""Tables that a spreadsheet opens: read in the form in which they come, and written so that no cell
of a stranger's is run."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from icllib.errors import InputError
from icllib.files import write_atomically

__all__ = ["quoted", "read_rows", "write_rows"]

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?%?")


def quoted(cell: str) -> str:
    """The text with an apostrophe in front, where a spreadsheet would take it for a formula."""
    text = "".join(c if c.isprintable() or c == "\n" else " " for c in str(cell))
    start = text.lstrip()[:1]
    is_formula = start in ("=", "+", "-", "@", "|", "%") or str(cell)[:1] in ("\t", "\r", "\n")
    return f"'{text}" if is_formula and not _NUMBER.fullmatch(text.strip()) else text


def read_rows(path: Path) -> tuple[list[str], list[list[str]], type[csv.Dialect]]:
    """The header, the other rows, and the form of a CSV, in UTF-8 with or without a mark,
    in UTF-16 with one, or as an ordinary Excel writes it (Windows-1252).

    Raises:
        InputError: it is no such table.
    """
    text = _decoded(path.read_bytes())
    if "\0" in text:
        raise InputError(f"{path} is no table in text: export it as a CSV again")
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    dialect = type("Found", (csv.excel,), {"delimiter": mark})
    rows = list(csv.reader(io.StringIO(text, newline=""), dialect))
    if not rows or len(rows[0]) < 2:
        raise InputError(f"{path} has {first[:60]!r} as its first line, expected names of columns")
    return rows[0], rows[1:], dialect


def _decoded(data: bytes) -> str:
    is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for form in ("utf-16" if is_wide else "utf-8-sig", "cp1252"):
        try:
            return data.decode(form)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def write_rows(
    path: Path, header: list[str], rows: list[list[str]], dialect: type[csv.Dialect]
) -> None:
    """Write a CSV whole or not at all, marked as UTF-8."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, dialect)
    writer.writerows([header, *rows])
    write_atomically(path, buffer.getvalue().encode("utf-8-sig", "replace"))

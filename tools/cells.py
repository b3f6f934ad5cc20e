"""The code cells of a chapter: where they stand in its file, and whether they are in form.

In form: no line over 79 columns, laid out as ruff lays out code, at most 25 lines in a cell that
is shown, and no string there with more than three values filled in: what is compared stands in a
table.
"""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jupytext.myst import myst_to_notebook

COLUMNS = 79
LINES = 25
FIELDS = 3
HIDING = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
# A page imports where it first needs a thing, ends cells with a value, uses a name again, and
# leaves `strict` out of zip.
ALLOWED = "B018,B905,E402,F811"
RUFF = [sys.executable, "-m", "ruff"]


@dataclass(frozen=True)
class Cell:
    """One code cell: the place of its first line in the file (from 0), and whether it is shown."""

    start: int
    code: str
    is_shown: bool


class OutOfPlaceError(ValueError):
    """A cell's code does not stand in its page as it is written; begins with the line."""


def cells_of(text: str) -> list[Cell]:
    """All code cells of a page in MyST.

    Raises:
        OutOfPlaceError: a cell is indented.
    """
    notebook = myst_to_notebook(text, add_source_map=True)
    lines, found = text.splitlines(), []
    for cell, start in zip(notebook.cells, notebook.metadata["source_map"], strict=True):
        code = cell.source.splitlines()
        if cell.cell_type == "code" and code:
            # The cell's options stand before its code.
            places = range(start, len(lines))
            at = next((k for k in places if lines[k : k + len(code)] == code), None)
            if at is None:
                raise OutOfPlaceError(
                    f"{start + 1}: the code of a cell is indented; let it begin in the first column"
                )
            found.append(Cell(at, cell.source, not HIDING & set(cell.metadata.get("tags", []))))
    return found


def only_code(text: str) -> str:
    """The page with every line emptied that is no code, so that a line keeps its number."""
    lines = [""] * len(text.splitlines())
    for cell in cells_of(text):
        code = cell.code.splitlines()
        lines[cell.start : cell.start + len(code)] = code
    return "\n".join(lines) + "\n"


def formatted(cells: list[Cell]) -> list[str]:
    """The code of each cell as ruff lays it out; a cell that is no Python stays as it is."""
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name) / f"{number}.py" for number in range(len(cells))]
        for path, cell in zip(paths, cells, strict=True):
            path.write_text(cell.code + "\n", encoding="utf-8")
        command = [
            *RUFF,
            "format",
            "--quiet",
            "--isolated",
            "--no-cache",
            f"--line-length={COLUMNS}",
            name,
        ]
        subprocess.run(command, stderr=subprocess.DEVNULL)
        return [path.read_text(encoding="utf-8").rstrip("\n") for path in paths]


def mended(text: str) -> str:
    """The page with its cells laid out anew; one with a cell out of place stays as it is."""
    try:
        lines, cells = text.splitlines(), cells_of(text)
    except OutOfPlaceError:
        return text  # which `complaints` names
    for cell, code in reversed(list(zip(cells, formatted(cells), strict=True))):
        lines[cell.start : cell.start + len(cell.code.splitlines())] = code.splitlines()
    return "\n".join(lines) + "\n"


def complaints(path: Path) -> Iterator[str]:
    """What is out of form in a page, each with file and line."""
    text = path.read_text(encoding="utf-8")
    try:
        cells = cells_of(text)
    except OutOfPlaceError as error:
        yield f"{path}:{error}"
        return
    yield from _ruff(path, text)
    for cell, code in zip(cells, formatted(cells), strict=True):
        if code != cell.code:
            line = cell.start + 1 + _first_difference(cell.code, code)
            yield f"{path}:{line}: `make format` lays this out otherwise"
        if cell.is_shown:
            yield from _too_much(path, cell)


def _first_difference(one: str, other: str) -> int:
    pairs = itertools.zip_longest(one.splitlines(), other.splitlines())
    differing = (number for number, (now, then) in enumerate(pairs) if now != then)
    return next(differing, len(other.splitlines()))  # a blank line at the end


def _ruff(path: Path, text: str) -> Iterator[str]:
    """Ruff's complaints about the code, on the lines of the page."""
    name = str(path.with_suffix(".py"))
    line_length = f"line-length = {COLUMNS}"
    command = [
        *RUFF,
        "check",
        "--quiet",
        "--no-cache",
        "--output-format=concise",
        "--config",
        line_length,
    ]
    command += ["--extend-select=E501", f"--extend-ignore={ALLOWED}", "--stdin-filename", name, "-"]
    result = subprocess.run(
        command, input=only_code(text), capture_output=True, text=True, encoding="utf-8"
    )
    for line in result.stdout.splitlines():
        yield line.replace(Path(name).name, path.name, 1)
    if result.returncode > 1:
        yield f"{path}: ruff stopped: {result.stderr.strip()}"


def _too_much(path: Path, cell: Cell) -> Iterator[str]:
    count = len(cell.code.splitlines())
    if count > LINES:
        yield f"{path}:{cell.start + 1}: a cell of {count} lines is shown, expected at most {LINES}"
    try:
        tree = ast.parse(re.sub(r"^[%!].*", "", cell.code, flags=re.M))
    except SyntaxError:
        return  # ruff has said so
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            fields = sum(isinstance(part, ast.FormattedValue) for part in node.values)
            if fields > FIELDS:
                where = f"{path}:{cell.start + node.lineno}"
                yield f"{where}: a string with {fields} values filled in, expected at most {FIELDS}"

"""What is built of a source: notebooks, a grader's package, an archive for Gradescope; always the
same bytes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from icllib.course.key import FormError, Key, parse_key, read_key
from icllib.course.source import Cell, Source
from icllib.files import write_atomically

__all__ = ["grader_key", "gradescope", "solution_notebook", "student_notebook", "write_archive"]

_PACKAGE = Path(__file__).resolve().parent.parent
_NEEDED = "torch numpy jaxtyping nbformat jupytext ipython safetensors joblib"


def student_notebook(source: Source) -> dict:
    """The notebook that students get: stubs, public checks, and the points so far at its end."""
    hidden = ("solution", "hidden", "rubric")
    cells = [_as_cell(c, n) for n, c in enumerate(source.cells) if c.kind not in hidden]
    cells.insert(1, _fetching_cell(source))
    return _notebook([*cells, *_points_cells(source.key)], source.key)


def solution_notebook(source: Source) -> dict:
    """The same with solutions in place of stubs, their explanations and the rubrics."""
    solutions, cells = source.solutions(), []
    for number, cell in enumerate(source.cells):
        replaced = cell.kind == "answer" and cell.question in solutions
        if cell.kind == "hidden" or replaced:
            continue
        cells.append(_as_cell(cell, number))
    cells.insert(1, _fetching_cell(source))
    return _notebook([*cells, *_points_cells(source.key)], source.key)


def _as_cell(cell: Cell, number: int) -> dict:
    kind = {"solution": "answer", "by-hand": "answer"}.get(cell.kind, cell.kind)
    is_answer = kind == "answer" and (cell.is_code or cell.kind == "by-hand")
    metadata: dict[str, object] = {"tags": list(cell.tags)} if cell.tags else {}
    if is_answer or kind == "test":
        mark: dict[str, object] = {"question": cell.question, "kind": kind}
        metadata["kit"] = mark | ({"points": cell.points} if kind == "test" else {})
    if kind in ("test", "setup"):
        metadata |= {"editable": False, "deletable": False}
    if is_answer:
        metadata |= {"deletable": False}
    name = f"kit-answer-{cell.question.replace('_', '-')}" if is_answer else f"kit-{number}"
    common = {"id": name, "metadata": metadata, "source": cell.text}
    if cell.is_code:
        return {"cell_type": "code", "execution_count": None, "outputs": [], **common}
    return {"cell_type": "markdown", **common}


def _fetching_cell(source: Source) -> dict:
    """For Colab: fetch the library where it is missing. The grader reads no such cell."""
    code = f"""# Fetches the book's library where it is missing, as in Colab.
import importlib.util

if importlib.util.find_spec("icllib") is None:
    %pip install --quiet "{source.library}\""""
    return {
        "cell_type": "code",
        "id": "kit-fetch",
        "execution_count": None,
        "outputs": [],
        "metadata": {},
        "source": code,
    }


def _points_cells(key: Key) -> list[dict]:
    lines = [
        f'    {test.name.replace(".", "_")}=({test.points:g}, "{test.code}"),'
        for test in key.tests
        if not test.is_hidden
    ]
    code = "from icllib.course import points_so_far\n\npoints_so_far(\n" + "\n".join(lines) + "\n)"
    if not lines:
        return []
    hidden = sum(test.points for test in key.tests if test.is_hidden)
    by_hand = sum(part.points for part in key.by_hand)
    text = "## Points so far\n\nThe cell below asks all public checks again."
    if hidden:
        text += f" Hidden checks, which use other data, give {hidden:g} more points."
    if by_hand:
        text += f" A person reads your answers in words, for {by_hand:g} points."
    return [
        _as_cell(Cell(t, c, "", frozenset(), 0, ()), n)
        for t, c, n in ((text, 0, 9998), (code, 1, 9999))
    ]


def _notebook(cells: list[dict], key: Key) -> dict:
    kit = {"assignment": key.id, "library": list(key.library), "avoid": list(key.avoid)}
    kit |= {"limits": asdict(key.limits)}
    public = [test for test in key.tests if not test.is_hidden]
    kit |= {"tests": [[test.question, test.code, test.points] for test in public]}
    kit |= {"hidden_points": sum(test.points for test in key.tests if test.is_hidden)}
    kit |= {"variant": dict(key.variant)} if key.variant else {}
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "kit": kit | {"setup": key.setup, "checks": key.checks},
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def as_text(notebook: dict) -> bytes:
    """A notebook as the bytes of its file."""
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def write_archive(path: Path, files: Mapping[str, bytes | str]) -> None:
    """A ZIP whose bytes depend on its files alone: sorted, with one date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.compress_type = 3, zipfile.ZIP_DEFLATED
            is_program = name.endswith(".sh") or name == "run_autograder"
            info.external_attr = (0o100755 if is_program else 0o100644) << 16
            archive.writestr(info, files[name])
    write_atomically(path, buffer.getvalue())


def grader_key(path: Path) -> Key:
    """The key in a grader's package, or in a file of its own.

    Raises:
        FormError: there is none.
    """
    if path.suffix != ".zip":
        return read_key(path)
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read("key.json")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise FormError(f"{path} is no grader's package: {error}") from None
    return parse_key(text, path)


_SETUP = f"""#!/usr/bin/env bash
# Gradescope runs this once, when the autograder is built.
set -euo pipefail
apt-get update
apt-get install -y bubblewrap python3-venv
PYTHON=python3
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  apt-get install -y python3.11 python3.11-venv
  PYTHON=python3.11
fi
"$PYTHON" -m venv /autograder/venv
/autograder/venv/bin/pip install --extra-index-url https://download.pytorch.org/whl/cpu \\
  {_NEEDED}
chmod 700 /autograder/source
"""

_RUN = """#!/usr/bin/env bash
chmod 700 /autograder/source /autograder/results
cd /autograder/source
exec /autograder/venv/bin/python -m icllib.course gradescope key.json \\
  /autograder/submission /autograder/results/results.json
"""


def gradescope(key: Key) -> dict[str, bytes | str]:
    """The files of an autograder for Gradescope: the key, the library, and two scripts."""
    files: dict[str, bytes | str] = {"setup.sh": _SETUP, "run_autograder": _RUN}
    files["key.json"] = key.as_json()
    for path in sorted(_PACKAGE.rglob("*")):
        is_part = path.suffix in (".py", ".csv", ".md") and "__pycache__" not in path.parts
        if is_part and "widgets" not in path.parts:
            files[f"icllib/{path.relative_to(_PACKAGE)}"] = path.read_bytes()
    return files

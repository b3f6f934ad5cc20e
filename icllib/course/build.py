"""Build an assignment, and test what was built: the solution gets full marks, the stub none, and
no line of a solution or a hidden test stands in the student's file."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from icllib.course import archives
from icllib.course.box import NoBoxError, Unboxed, find_box
from icllib.course.grade import Found, grade_one, sandbox_library
from icllib.course.key import FormError, Key
from icllib.course.source import Source, read_source
from icllib.files import write_atomically

__all__ = ["build", "points_of_default"]


def build(
    path: Path, folder: Path, variant: Mapping[str, float] | None = None, seed: int = 0
) -> Key:
    """Write the four files of the assignment into `folder`/ID, and return its key.

    Args:
        path: of its source.
        folder: where to write.
        variant: other numbers than those of its header.
        seed: is added to the seeds of hidden checks.

    Raises:
        FormError: the source is not in form, or what it builds fails its own test.
    """
    source = read_source(path, variant, seed)
    student = archives.as_text(archives.student_notebook(source))
    solution = archives.as_text(archives.solution_notebook(source))
    _keep_secrets(source, student.decode())
    _prove(source.key, student, solution)
    place = folder / source.key.id
    write_atomically(place / f"assignment-{source.key.id}.ipynb", student)
    write_atomically(place / "solution.ipynb", solution)
    archives.write_archive(place / "grader.zip", {"key.json": source.key.as_json()})
    archives.write_archive(place / "gradescope.zip", archives.gradescope(source.key))
    return source.key


def _keep_secrets(source: Source, student: str) -> None:
    import json

    text = "\n".join("".join(cell["source"]) for cell in json.loads(student)["cells"]) + json.dumps(
        json.loads(student)["metadata"], ensure_ascii=False
    )
    lines = {line.strip() for line in text.splitlines()}
    for line in sorted(source.secrets()):
        if line in lines:
            raise FormError(f"{source.path}: the student's notebook would hold {line!r}")
    for test in source.key.tests:
        if test.is_hidden and test.code in text:
            raise FormError(f"{source.path}: the student's notebook would hold {test.code!r}")


def _prove(key: Key, student: bytes, solution: bytes) -> None:
    """Grade both notebooks.

    Raises:
        FormError: the solution does not get all points, or the stub gets one.
    """
    for name, content, is_solution in (("solution", solution, True), ("stub", student, False)):
        record = _graded(key, name, content)
        for test in record["tests"]:
            if (test["verdict"] == "right") != is_solution:
                notes = " ".join(record["notes"])
                raise FormError(f"the {name} at {test['test']}: {test['message']} {notes}")


def _graded(key: Key, name: str, content: bytes) -> dict:
    try:
        box = find_box()
    except NoBoxError:
        box = Unboxed()  # it is our own code
    with tempfile.TemporaryDirectory() as folder, sandbox_library(key) as library:
        path = Path(folder, f"{name}.ipynb")
        path.write_bytes(content)
        return grade_one(key, Found(name, path), box, library)


def points_of_default(path: Path, key: Key) -> float:
    """What the public solution, with the numbers of the header, still gets in a variant."""
    solution = archives.as_text(archives.solution_notebook(read_source(path)))
    record = _graded(key, "default", solution)
    right = [test["verdict"] == "right" for test in record["tests"]]
    return sum(test.points for test, good in zip(key.tests, right, strict=True) if good)

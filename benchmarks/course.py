"""Grading a class: 200 submissions of assignment 1, ten of them hostile."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from figure import ROOT, Figure

HOSTILE = ("loop", "loop_called", "memory", "exit", "killed", "deletes", "searches", "garbage")
HOSTILE += ("drips", "fork_bomb")
CLASS = 200
#: What the others change in a right answer, each in turn, and how many points it costs.
SLIPS = (
    ("loss", "(2 * len(x))", "len(x)", 2),
    ("gradient", "/ len(x)", "", 3),
    ("descend", "- lr * slope", "+ lr * slope", 3),
    ("ridge", "n * decay", "decay", 3),
    ("steps_needed", ".abs().max()", ".abs().min()", 3),
    ("same_decay", "left / (1 - left)", "(1 - left) / left", 3),
    ("loss", "", "", 0),
)


def _hand_in(folder: Path) -> dict[str, float]:
    """Write the class; name → points that are deserved, where one mistake brings no other."""
    import hostile

    from icllib.course.archives import student_notebook

    source = hostile.source()
    student, right = student_notebook(source), source.solutions()
    hostile.hand_in(folder, list(HOSTILE))
    deserved = {name: hostile.CASES[name].points for name in HOSTILE}
    for number in range(CLASS - len(HOSTILE)):
        question, old, new, cost = SLIPS[number % len(SLIPS)]
        code = right[question].replace(old, new) if old else right[question]
        name = f"student_{number:03d}"
        notebook = hostile.notebook(student, {**right, question: f"# {name}\n{code}"})
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        deserved[name] = source.key.points - cost
    return deserved


def course() -> Iterator[Figure]:
    """Grade the class on two cores, from its folder to its tables."""
    sys.path.insert(0, str(ROOT / "tests"))
    import hostile

    from icllib.course.box import NoBoxError, find_box
    from icllib.course.grade import find_submissions, grade_all
    from icllib.course.marks import marks_of

    try:
        box = find_box()
    except NoBoxError as error:
        print(f"  course: {error}")
        return
    key = hostile.source().key
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place, "in"), Path(place, "out")
        folder.mkdir()
        deserved = _hand_in(folder)
        start = time.perf_counter()
        records = grade_all(key, find_submissions(folder), box, out, jobs=2, quiet=True)
        wall = time.perf_counter() - start
        given = {record["name"]: marks_of(key, record, {}).total for record in records}
        # a slip in `loss` or `ridge` is also one of `best_stop`, which calls them
        wrong = sum(not deserved[n] - 6 <= given[n] <= deserved[n] for n in given)
        yield Figure(f"grade {CLASS} submissions, ten of them hostile", wall, "s", 240)
        yield Figure("of them with points that they do not deserve", wrong, "", 0)
        start = time.perf_counter()
        grade_all(key, find_submissions(folder), box, out, jobs=2, quiet=True)
        yield Figure("grade them again after no change", time.perf_counter() - start, "s", 10)

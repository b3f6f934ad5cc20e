"""Whatever a submission tries costs that submission alone, and is reported in a sentence."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import hostile
import pytest
from small_assignment import small

from icllib.course.__main__ import main
from icllib.course.archives import student_notebook
from icllib.course.box import NoBoxError, find_box
from icllib.course.grade import find_submissions, grade_all
from icllib.course.key import Limits
from icllib.course.marks import marks_of

try:
    BOX, WHY = find_box(), ""
except NoBoxError as error:
    if "GITHUB_ACTIONS" in os.environ:  # there it is allowed: nothing may pass for want of it
        raise
    BOX, WHY = None, str(error)

# Their limits are seconds of the clock, which a busy machine lets pass before an honest cell is done.
ALONE = "it wants the machine for itself: make hostile"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BOX is None, reason=WHY),
    pytest.mark.skipif("HOSTILE" not in os.environ, reason=ALONE),
]
KEY = replace(hostile.source().key, limits=Limits(cell=4, call=4, total=60))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("submissions")
    hostile.hand_in(place)
    student = student_notebook(hostile.source())
    right = hostile.notebook(student, hostile.source().solutions())
    write = {
        "format_3": {
            "nbformat": 3,
            "nbformat_minor": 0,
            "metadata": {},
            "worksheets": [{"cells": [_third(cell) for cell in right["cells"]]}],
        },
        "wrong_kernel": right | {"metadata": {"kernelspec": {"name": "R", "language": "R"}}},
        "out_of_order": right | {"cells": right["cells"][::-1]},
        "missing_cell": right | {"cells": [c for c in right["cells"] if not _is(c, "gradient")]},
        "without_metadata": right | {"cells": [c | {"metadata": {}} for c in right["cells"]]},
        "stub": student,
        "odd_cells": right | {"cells": [None, 7, {"metadata": {"kit": 3}}, *right["cells"]]},
        "no_cells": {"nbformat": 4, "metadata": {}},
    }
    for name, notebook in write.items():
        (place / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (place / "empty.ipynb").write_text("")
    (place / "nested.ipynb").write_text('{"cells": ' + "[" * 10**6)
    (place / "huge.ipynb").write_text(" " * (20 * 2**20 + 1))
    (place / "link.ipynb").symlink_to(place / "right_1.ipynb")
    (place / "only_a_folder").mkdir()
    return place


def _third(cell):
    """A cell in the third format."""
    if cell["cell_type"] == "markdown":
        return {k: cell[k] for k in ("cell_type", "metadata", "source")}
    start = {"cell_type": "code", "language": "python", "collapsed": False, "outputs": []}
    return start | {"metadata": cell["metadata"], "input": cell["source"]}


def _is(cell, question):
    return cell["metadata"].get("kit", {}).get("question") == question


@pytest.fixture(scope="module")
def records(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("graded")
    before = {path.name: path.read_bytes() for path in folder.glob("*.ipynb")}
    found = grade_all(KEY, find_submissions(folder), BOX, out, os.cpu_count(), quiet=True)
    assert {path.name: path.read_bytes() for path in folder.glob("*.ipynb")} == before
    return {record["name"]: record for record in found}


def told(record):
    words = [test["message"] for test in record["tests"] if test["verdict"] != "right"]
    return " ".join([*words, *record["notes"]])


@pytest.mark.parametrize("name", hostile.CASES)
def test_a_submission_gets_what_it_has_answered_and_no_more(records, name):
    case, marks = hostile.CASES[name], marks_of(KEY, records[name], {})
    if case.points >= 0:
        assert marks.total == case.points, told(records[name])
    else:
        assert marks.total < KEY.points
    assert case.words in told(records[name])


@pytest.mark.parametrize(
    ("name", "points", "words"),
    [
        ("format_3", 20, ""),
        ("wrong_kernel", 20, ""),
        ("out_of_order", 20, ""),
        ("missing_cell", 17, "the cell of gradient is missing"),
        ("without_metadata", 20, ""),
        ("stub", 0, "replace the ..."),
        ("odd_cells", 20, ""),
        ("no_cells", 0, "it is no notebook"),
        ("empty", 0, "it is no notebook"),
        ("nested", 0, "it is no notebook"),
        ("huge", 0, "more than 20 MB"),
        ("link", 0, "no file of its own"),
        ("only_a_folder", 0, "there is no notebook in it"),
    ],
)
def test_odd_files_are_read_or_refused_in_a_sentence(records, name, points, words):
    assert marks_of(KEY, records[name], {}).total == points
    assert words in told(records[name])


def test_a_teacher_comes_from_a_source_to_grades_by_two_commands(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "assignments" / "99_small").mkdir(parents=True)
    small(tmp_path / "assignments" / "99_small")
    assert main(["build", "99"]) == 0
    (tmp_path / "in").mkdir()
    for name, file in (("ada_7", "solution"), ("bob_8", "assignment-99"), ("eve_9", "grader")):
        text = (
            (tmp_path / "dist" / "99" / f"{file}.ipynb").read_text() if file != "grader" else "{}"
        )
        (tmp_path / "in" / f"{name}.ipynb").write_text(text)
    (tmp_path / "roster.csv").write_text("id,name\n7,Ada\n8,Bob\n9,Eve\n10,Zoe\n")
    assert main(["grade", "99", "in", "--roster", "roster.csv", "-o", "out"]) == 0
    told = capsys.readouterr().out
    assert "eve_9: it is no notebook" in told and "1 of the roster handed in nothing" in told
    lines = (tmp_path / "out" / "roster.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[1:] == ["7,Ada,2,ada_7", "8,Bob,0,bob_8", "9,Eve,0,eve_9", "10,Zoe,,"]


def test_nothing_is_left_behind(records):
    assert not Path("/tmp/owned").exists() and not Path("results.json").exists()
    assert shutil.which("bwrap")  # nobody removed it


def test_no_process_outlives_the_grading(records):
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if _is_runner(path)]


def _is_runner(path):
    try:
        return b"icllib.course.runner" in path.read_bytes()
    except OSError:  # it has ended meanwhile
        return False

"""A class: graded once, told in the words of the checks, written into the tables that exist."""

import json
import os
from dataclasses import replace

import pytest
from graded import KEY
from small_assignment import small

from icllib.course import box, grade, session
from icllib.course.__main__ import main
from icllib.course.archives import student_notebook
from icllib.course.box import NoBoxError, Unboxed, find_box
from icllib.course.grade import find_submissions, grade_all
from icllib.course.marks import marks_of
from icllib.course.reading import Unreadable, answers_in
from icllib.course.source import read_source
from icllib.errors import InputError

# Grading once ------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path):
    """Two submissions, and how often a sandbox was started."""
    source = read_source(small(tmp_path))
    place = tmp_path / "in"
    place.mkdir()
    for name, code in (
        ("ada", source.solutions()["loss"]),
        ("bob", "def loss(w, x, y): return 1.0"),
    ):
        data = student_notebook(source)
        for cell in data["cells"]:
            if cell["metadata"].get("kit", {}).get("kind") == "answer":
                cell["source"] = code
        (place / f"{name}.ipynb").write_text(json.dumps(data), encoding="utf-8")

    class Counting(Unboxed):
        starts = 0

        def start(self, *arguments):
            self.starts += 1
            return super().start(*arguments)

    return source.key, place, Counting()


@pytest.mark.slow
def test_what_is_graded_is_not_graded_again_unless_it_changes(two, tmp_path):
    key, place, counting = two
    out = tmp_path / "out"

    def points(key):
        found = grade_all(key, find_submissions(place), counting, out, 1, quiet=True)
        return [marks_of(key, record, {}).total for record in found]

    assert points(key) == [2, 0] and counting.starts == 2
    assert points(key) == [2, 0] and counting.starts == 2
    (place / "bob.ipynb").write_text((place / "ada.ipynb").read_text())  # hands in again
    assert points(key) == [2, 2] and counting.starts == 3
    (out / "records" / "ada.json").write_text('{"name": "ada"')  # a crash while writing
    assert points(key) == [2, 2] and counting.starts == 4
    more = [replace(test, points=5 * test.points) for test in key.tests]
    assert points(replace(key, tests=tuple(more))) == [10, 10] and counting.starts == 4
    first, last = key.tests
    other = replace(last, code="check.loss(loss, seed=6)")
    assert points(replace(key, tests=(first, other))) == [2, 2] and counting.starts == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setup", "words"),
    [
        ("1 / 0", "the set-up raised ZeroDivisionError: division by zero (line 1 of the cell)."),
        ("while True: pass", "the set-up ran longer than 1 s."),
    ],
)
def test_a_set_up_that_does_not_end_is_noted_once(setup, words, two, tmp_path):
    key, place, counting = two
    key = replace(key, setup=setup, limits=replace(key.limits, cell=1))
    found = grade_all(key, find_submissions(place)[:1], counting, tmp_path / "out", 1, quiet=True)
    assert found[0]["notes"] == [words]


@pytest.mark.slow
def test_a_changed_test_asks_nothing_else_again(two, tmp_path, monkeypatch):
    key, place, counting = two
    grade_all(key, find_submissions(place), counting, tmp_path / "out", 1, quiet=True)
    asked, real = [], grade.ask
    monkeypatch.setattr(grade, "ask", lambda k, s, tests: asked.extend(tests) or real(k, s, tests))
    other = replace(key.tests[1], code="check.loss(loss, seed=6)")
    changed = replace(key, tests=(key.tests[0], other))
    grade_all(changed, find_submissions(place), counting, tmp_path / "out", 1, quiet=True)
    assert asked == [other, other]


@pytest.mark.slow
def test_an_interrupted_run_goes_on_with_the_rest(two, tmp_path):
    key, place, counting = two

    class Pulled(Unboxed):
        def start(self, *arguments):
            if counting.starts:
                raise KeyboardInterrupt
            return counting.start(*arguments)

    with pytest.raises(KeyboardInterrupt):
        grade_all(key, find_submissions(place), Pulled(), tmp_path / "out", 1, quiet=True)
    assert counting.starts == 1
    grade_all(key, find_submissions(place), counting, tmp_path / "out", 1, quiet=True)
    assert counting.starts == 2


def test_grading_refuses_to_run_without_a_sandbox(monkeypatch):
    monkeypatch.setattr(box.shutil, "which", lambda name: None)
    with pytest.raises(NoBoxError, match="apt-get install bubblewrap"):
        find_box()
    monkeypatch.setattr(box.guard, "can_filter", lambda: False)
    with pytest.raises(NoBoxError, match="Linux container or virtual machine"):
        find_box()
    monkeypatch.undo()
    monkeypatch.setattr(box.os, "getuid", lambda: 1000)
    with pytest.raises(NoBoxError, match="needs root"):
        find_box("user")


@pytest.mark.slow
def test_a_sandbox_that_does_not_start_is_nobody_s_zero(two, tmp_path, monkeypatch):
    key, place, _ = two
    monkeypatch.setattr(session.time, "sleep", lambda seconds: None)

    class Broken(Unboxed):
        left = 1

        def start(self, *arguments):
            if self.left:
                self.left -= 1
                return super().start(*arguments)
            raise NoBoxError("the sandbox does not start: no room")

    with pytest.raises(NoBoxError, match="no room"):
        grade_all(key, find_submissions(place), Broken(), tmp_path / "out", 1, quiet=True)
    assert [path.name for path in (tmp_path / "out" / "records").iterdir()] == ["ada.json"]


# What lies in the folder -------------------------------------------------------------------------


def lay(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def test_a_person_s_folder_without_a_notebook_counts_only_if_there_is_no_other(tmp_path):
    ada, bob = "Ada Lovelace_123_assignsubmission_", "Bob_124_assignsubmission_"
    lay(tmp_path, f"{ada}file/a.ipynb", f"{ada}onlinetext/onlinetext.html")
    lay(tmp_path, f"{bob}onlinetext/onlinetext.html", "Bob_125_assignsubmission_file/a.ipynb")
    found = [one.name for one in find_submissions(tmp_path)]
    assert found == [f"{ada}file", f"{bob}onlinetext", "Bob_125_assignsubmission_file"]


def test_what_is_no_notebook_is_a_submission_without_one_but_tables_are_none(tmp_path):
    lay(
        tmp_path,
        "turingalan_101_9_homework.pdf",
        "grades.csv",
        "GRADES.CSV",
        ".DS_Store",
        "Thumbs.db",
    )
    lay(tmp_path, "lovelaceada_102_7_a.ipynb", "lovelaceada_102_8_notes.pdf")
    found = {one.name: one.path for one in find_submissions(tmp_path)}
    assert set(found) == {"turingalan_101_9_homework", "lovelaceada_102_7_a"}
    assert found["turingalan_101_9_homework"] is None
    (nothing,) = [one for one in find_submissions(tmp_path) if one.path is None]
    record = grade.grade_one(KEY, nothing, Unboxed(), tmp_path)
    assert record["notes"] == ["there is no notebook in it; an archive has to be unpacked first."]
    assert marks_of(KEY, record, {}).total == 0


def test_of_several_notebooks_the_newest_counts_then_the_first_by_name(tmp_path):
    lay(tmp_path, "ada/a.ipynb", "ada/b.ipynb", "ada/c.ipynb")
    for name, time in (("a", 10), ("b", 20), ("c", 15)):
        os.utime(tmp_path / "ada" / f"{name}.ipynb", (time, time))
    (one,) = find_submissions(tmp_path)
    assert one.path.name == "b.ipynb"
    assert one.note.startswith("several notebooks: b.ipynb counts, the newest.")
    assert "this one folder holds 3 notebooks: if each is somebody's, give ada/." in one.note
    lay(tmp_path, "bob/a.ipynb")
    assert "this one folder" not in find_submissions(tmp_path)[0].note
    (tmp_path / "bob" / "a.ipynb").unlink()
    (tmp_path / "bob").rmdir()
    os.utime(tmp_path / "ada" / "a.ipynb", (20, 20))
    (one,) = find_submissions(tmp_path)
    assert one.path.name == "a.ipynb" and "the first by name of the newest" in one.note
    for path in (tmp_path / "ada").iterdir():
        path.write_text("the same")
    assert "several" not in find_submissions(tmp_path)[0].note


def test_a_folder_without_a_notebook_is_refused(tmp_path):
    for names in ((), ("notes.pdf", "ada/notes.pdf")):
        lay(tmp_path, *names)
        with pytest.raises(InputError, match="holds no notebook"):
            find_submissions(tmp_path)


def test_a_folder_of_grades_belongs_to_one_assignment_with_its_numbers(tmp_path):
    grade.claim(tmp_path, KEY)
    grade.claim(tmp_path, replace(KEY, title="Another title", seed=7))
    for other in (replace(KEY, id="98"), replace(KEY, variant={"factor": 3})):
        with pytest.raises(InputError, match="holds the grades of assignment 99"):
            grade.claim(tmp_path, other)


def test_a_notebook_that_has_lost_its_marks_is_told_in_one_sentence(tmp_path):
    for cells, words in (([{"cell_type": "code", "source": "x = 1"}], "lost"), ([], "empty")):
        (tmp_path / "ada.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}}))
        (one,) = find_submissions(tmp_path)
        (note,) = grade.grade_one(KEY, one, Unboxed(), tmp_path)["notes"]
        assert words in note


def test_another_assignment_s_notebook_is_told_in_one_sentence(tmp_path):
    notebook = {"cells": [], "metadata": {"kit": {"assignment": "01"}}}
    (tmp_path / "ada.ipynb").write_text(json.dumps(notebook))
    (one,) = find_submissions(tmp_path)
    record = grade.grade_one(KEY, one, Unboxed(), tmp_path)
    assert record["notes"] == ["this is assignment 01, not 99."]
    with pytest.raises(Unreadable):
        answers_in(notebook, KEY)


def test_what_was_not_built_is_to_be_built_first(tmp_path, capsys):
    assert main(["grade", "02", str(tmp_path), "--dist", str(tmp_path / "dist")]) == 1
    assert "python -m icllib.course build 02` makes it" in capsys.readouterr().err

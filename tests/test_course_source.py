"""An assignment's source: what it builds, always the same, and with no answer in it."""

import re
import zipfile

import pytest
from small_assignment import RIGHT, ROOT, SOURCES, small

from icllib.course import archives, build, library
from icllib.course.__main__ import main
from icllib.course.archives import grader_key, student_notebook
from icllib.course.key import FormError, read_key
from icllib.course.local import check_notebook
from icllib.course.reading import Unreadable
from icllib.course.source import find_source, read_source


@pytest.mark.slow
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.parent.name)
def test_an_assignment_builds_and_passes_its_own_test(path, tmp_path):
    key = build.build(path, tmp_path)
    names = {file.name for file in (tmp_path / key.id).iterdir()}
    assert names == {f"assignment-{key.id}.ipynb", "solution.ipynb", "grader.zip", "gradescope.zip"}
    assert grader_key(tmp_path / key.id / "grader.zip") == read_source(path).key


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.parent.name)
def test_the_sandbox_of_an_assignment_holds_no_module_that_answers_it(path):
    answers = {"01": {"learners", "solvers", "theory", "construct", "tuning"}}
    answers["02"] = {"attention", "moments", "tokens", "construct"}
    answers["03"] = {"construct"}
    answers["04"] = {"construct", "alignment", "weights", "training", "theory"}
    key = read_source(path).key
    held = library.closure(key.library)
    assert not held & answers.get(key.id, set()) and "checks" not in held


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.parent.name)
def test_points_and_times_stand_at_each_question(path):
    source = read_source(path)
    said = re.findall(r"\((\d+) points?, (\d+) min\)", path.read_text(encoding="utf-8"))
    assert sum(int(points) for points, _ in said) == source.key.points
    assert 2 <= sum(int(minutes) for _, minutes in said) / 60 <= 8
    assert not source.key.tests or any(test.is_hidden for test in source.key.tests)


@pytest.mark.slow
def test_two_builds_give_the_same_bytes(tmp_path):
    path = small(tmp_path)
    for name in ("a", "b"):
        build.build(path, tmp_path / name)
    for file in sorted((tmp_path / "a" / "99").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / "99" / file.name).read_bytes()


def test_no_line_of_a_solution_or_a_hidden_check_is_in_what_students_get(tmp_path):
    text = archives.as_text(student_notebook(read_source(small(tmp_path)))).decode()
    assert "square" not in text and "seed=5" not in text and "check.loss(loss)" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"points": "3"}, "says 3.0 points"),
        ({"test": "assert loss"}, "expected one call"),
        ({"test": "check.loss(lambda *a: 1)"}, "too clever"),
        ({"solution": "return 0 * x.sum()"}, "the solution at loss.1"),
        (
            {"more": "```{code-cell}\n:tags: [test, points:1]\nx\n```"},
            r"expected one kit:NAME|points",
        ),
        ({"hidden": "hide, points:1"}, "a tag is 'hide', expected kit:NAME, points:2, by-hand"),
        ({"hidden": "hidden, points:one"}, "a tag is 'points:one'"),
        ({"limits": "{cel: 5}"}, "limits is {'cel': 5}, expected numbers above 0 for cell, call"),
        ({"limits": "{cell: 0}"}, "expected numbers above 0"),
        ({"limits": "5"}, "limits is 5, expected"),
        ({"more": "```{code-cell}\n:tags: [kit:b]\nb = ...\n```"}, "needs a stub"),
        ({"more": "```{code-cell}\n# check.loss(loss, seed=5)\n```"}, "the student's notebook"),
    ],
)
def test_a_source_that_is_not_in_form_is_refused(changes, words, tmp_path):
    with pytest.raises(FormError, match=words):
        build.build(small(tmp_path, **changes), tmp_path / "out")


@pytest.mark.slow
def test_a_stub_that_is_right_already_is_refused(tmp_path):
    path = small(tmp_path)
    text = path.read_text(encoding="utf-8")
    stub = "def loss(w, x, y): ..."
    path.write_text(text.replace(stub, f"loss = lambda w, x, y: {RIGHT['solution'][7:]}"))
    with pytest.raises(FormError, match=r"the stub at loss.1|would hold"):
        build.build(path, tmp_path / "out")


def test_an_unknown_assignment_is_named_beside_those_that_are_there(tmp_path):
    with pytest.raises(FormError, match="expected one of: 01, 02"):
        find_source("77", ROOT / "assignments")
    assert find_source("1", ROOT / "assignments") == find_source("01", ROOT / "assignments")


def test_a_key_survives_its_file_and_a_broken_one_is_refused(tmp_path):
    key = read_source(SOURCES[0]).key
    path = tmp_path / "key.json"
    path.write_text(key.as_json(), encoding="utf-8")
    assert read_key(path) == key
    path.write_text("{}")
    with pytest.raises(FormError, match="no key"):
        read_key(path)
    packed = tmp_path / "grader.zip"
    archives.write_archive(packed, {"key.json": key.as_json()})
    assert archives.grader_key(packed) == key
    archives.write_archive(packed, {"key.json": "{}"})
    with pytest.raises(FormError, match=f"{packed} holds no key"):
        archives.grader_key(packed)


def test_the_archive_for_gradescope_holds_the_library_and_two_scripts(tmp_path):
    archives.write_archive(tmp_path / "g.zip", archives.gradescope(read_source(SOURCES[0]).key))
    with zipfile.ZipFile(tmp_path / "g.zip") as archive:
        names = set(archive.namelist())
        assert {"setup.sh", "run_autograder", "key.json", "icllib/course/runner.py"} <= names
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111
        assert all(info.date_time == (1980, 1, 1, 0, 0, 0) for info in archive.infolist())


def test_a_wrong_path_is_called_one(tmp_path):
    with pytest.raises(Unreadable, match="there is no such file"):
        check_notebook(tmp_path / "nothing.ipynb")


def test_the_library_is_fetched_from_where_the_book_s_own_project_says(tmp_path, monkeypatch):
    monkeypatch.delenv("BOOK_REPOSITORY_URL", raising=False)
    folder = tmp_path / "assignments" / "99"
    folder.mkdir(parents=True)
    source = read_source(small(folder))
    project = tmp_path / "pyproject.toml"
    for name, is_taken in (("icllib", True), ("other", False)):
        lines = f'[project]\nname = "{name}"\n[project.urls]\nSource = "https://example.org/book"'
        project.write_text(lines, encoding="utf-8")
        assert ("https://example.org/book/archive" in source.library) is is_taken


@pytest.mark.parametrize(
    "arguments", [["check", "nothing.ipynb"], ["grade", "nothing.zip", "."], ["build", "77"]]
)
def test_a_command_that_cannot_work_says_why_in_one_line(arguments, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("icllib.course: ") and error.count("\n") == 1

"""An assignment's source: what it builds, always the same, and with no answer in it."""

import json
import re
import zipfile
from pathlib import Path

import nbclient
import nbformat
import pytest

from icllib.course import archives, build, library, local
from icllib.course.__main__ import main
from icllib.course.archives import grader_key, solution_notebook, student_notebook
from icllib.course.key import FormError, Limits, read_key
from icllib.course.local import check_notebook, public_key, show_points
from icllib.course.reading import Unreadable, answers_in
from icllib.course.source import find_source, read_source

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "assignments").glob("*/source.md"))
SMALL = """---
jupytext: {{text_representation: {{extension: .md, format_name: myst}}}}
kit: {{id: "99", title: Small, checks: assignment_01, library: [tasks], limits: {limits}}}
---
# Small
```{{code-cell}}
:tags: [setup]
import torch
```
## 1. The loss ({points} points, 10 min)
```{{code-cell}}
:tags: [kit:loss]
def loss(w, x, y): ...
```
```{{code-cell}}
:tags: [kit:loss, solution]
def loss(w, x, y):
    {solution}
```
```{{code-cell}}
:tags: [kit:loss, test, points:1]
{test}
```
```{{code-cell}}
:tags: [kit:loss, test, {hidden}]
check.loss(loss, seed=5)
```
{more}
"""
RIGHT = {
    "points": "2",
    "solution": "return (x @ w.T - y).square().sum() / (2 * len(x))",
    "test": "check.loss(loss)",
    "hidden": "hidden, points:1",
    "limits": "{}",
    "more": "",
}


def small(folder: Path, **changes: str) -> Path:
    path = folder / "source.md"
    path.write_text(SMALL.format(**RIGHT | changes), encoding="utf-8")
    return path


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
        ({"hidden": "hiden, points:1"}, "a tag is 'hiden', expected kit:NAME, points:2, by-hand"),
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


@pytest.mark.slow
def test_a_student_is_told_what_is_right_and_what_is_not_on_the_command_line(tmp_path, capsys):
    source = read_source(small(tmp_path))
    data = student_notebook(source)
    path = tmp_path / "mine.ipynb"
    for code, words, points in (
        (source.solutions()["loss"], "✓ Right", 1),
        ("def loss(w, x, y): return (x @ w.T - y).square().sum()", "½ and 1/N are missing", 0),
        ("import os; os._exit(3)", "it ended its process", 0),
        ("def loss(w, x, y): return helper(w)", "NameError", 0),
    ):
        for cell in data["cells"]:
            if cell["metadata"].get("kit", {}).get("kind") == "answer":
                cell["source"] = code
        path.write_text(json.dumps(data), encoding="utf-8")
        assert check_notebook(path) == (points, 1)
        assert words in capsys.readouterr().out


def checked(data, folder, capsys):
    """What `check` prints of a notebook."""
    path = folder / "mine.ipynb"
    path.write_text(json.dumps(data), encoding="utf-8")
    check_notebook(path)
    return capsys.readouterr().out


def answered(folder, code, header=""):
    """A student's notebook with this answer, and its cell."""
    path = small(folder)
    text = path.read_text(encoding="utf-8").replace("library: [tasks]", f"library: [tasks]{header}")
    path.write_text(text, encoding="utf-8")
    data = student_notebook(read_source(path))
    cell = next(c for c in data["cells"] if c["id"] == "kit-answer-loss")
    cell["source"] = code
    return data, cell


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def loss(w, x, y): ...", "… Not answered: replace the ..."),
        ('def loss(w, x, y):\n    """The loss."""\n    ...', "… Not answered: replace the ..."),
        (
            "def loss(w, x, y):\n    1 + 1\n    a = x.sum()",
            "✗ Not yet: your function returned None",
        ),
    ],
)
@pytest.mark.slow
def test_a_forgotten_return_is_told_apart_from_a_stub(code, words, tmp_path, capsys):
    assert words in checked(answered(tmp_path, code)[0], tmp_path, capsys)


@pytest.mark.slow
def test_check_holds_to_the_grader_s_limits_and_says_so(tmp_path, capsys):
    code = "def loss(w, x, y):\n    while True: pass"
    header = ", limits: {cell: 10, call: 1, total: 30}"
    data, _ = answered(tmp_path, code, header)
    assert public_key(data).limits == Limits(10, 1, 30)
    assert "slower than 1 s: the grader would stop it" in checked(data, tmp_path, capsys)


@pytest.mark.slow
def test_check_tells_of_names_that_an_answer_should_do_without(tmp_path, capsys):
    code = "def loss(w, x, y):\n    x.sum().backward()"
    told = checked(answered(tmp_path, code, ", avoid: [backward]")[0], tmp_path, capsys)
    assert "loss uses `backward` (line 2)" in told and "a person decides" in told


@pytest.mark.slow
def test_a_name_of_the_student_s_own_is_none_to_do_without(tmp_path, capsys):
    code = "def loss(w, x, y):\n    grad = w.sum()\n    return grad"
    told = checked(answered(tmp_path, code, ", avoid: [grad]")[0], tmp_path, capsys)
    assert "a person decides" not in told


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "def my_loss(w, x, y): return 1.0",
            "loss is not there: its cell makes `my_loss`. Keep the name.",
        ),
        ("# elsewhere", "its cell makes nothing. Answers in other cells are not read."),
        (
            "%%time\n{solution}",
            "1 of 1 points so far; hidden checks, with other data, give 1 more.",
        ),
    ],
)
@pytest.mark.slow
def test_where_an_answer_has_to_stand_is_said(code, words, tmp_path, capsys):
    code = code.replace("{solution}", read_source(small(tmp_path)).solutions()["loss"])
    told = checked(answered(tmp_path, code)[0], tmp_path, capsys)
    assert words in told and "run the cell again" not in told


@pytest.mark.slow
def test_what_leans_on_another_answer_says_so(tmp_path, capsys):
    data = student_notebook(read_source(SOURCES[0]))
    solved = {c["id"]: c for c in solution_notebook(read_source(SOURCES[0]))["cells"] if "id" in c}
    for cell in data["cells"]:
        if cell["id"].startswith("kit-answer-"):
            cell["source"] = solved[cell["id"]]["source"]
    answers = {c["id"].removeprefix("kit-answer-"): c for c in data["cells"]}
    answers["ridge"]["source"] = "def my_ridge(x, y, decay): return x"
    told = checked(data, tmp_path, capsys)
    assert "another question, ridge, which is not there. It uses `ridge`, which is not" in told
    answers["ridge"]["source"] = "def ridge(x, y, decay): return y.T @ x"
    told = checked(data, tmp_path, capsys)
    assert "ridge has less loss there. It uses `ridge`, which is not right yet." in told


@pytest.mark.slow
def test_check_finds_answers_by_their_names_and_says_when_those_are_lost_too(tmp_path, capsys):
    data, _ = answered(tmp_path, read_source(small(tmp_path)).solutions()["loss"])
    for cell in data["cells"]:
        cell["metadata"] = {}
    assert "1 of 1 points" in checked(data, tmp_path, capsys)
    for cell in data["cells"]:
        del cell["id"]
    with pytest.raises(FormError, match=r"lost their marks \(checks it came with: 1\)"):
        checked(data, tmp_path, capsys)


@pytest.mark.slow
def test_a_missing_cell_is_told_once_with_what_to_do(tmp_path, capsys):
    more = """```{code-cell}
:tags: [kit:gradient]
def gradient(w, x, y): ...
```
```{code-cell}
:tags: [kit:gradient, solution]
def gradient(w, x, y):
    return (x @ w.T - y).T @ x / len(x)
```
```{code-cell}
:tags: [kit:gradient, test, points:1]
check.gradient(gradient)
```"""
    data = student_notebook(read_source(small(tmp_path, points="3", more=more)))
    cell = next(c for c in data["cells"] if c["id"] == "kit-answer-gradient")
    assert cell["metadata"]["deletable"] is False
    data["cells"].remove(cell)
    told = checked(data, tmp_path, capsys)
    assert told.count("missing") == 1 and "a new cell does not count" in told


@pytest.mark.slow
def test_of_two_cells_that_define_an_answer_the_last_counts_and_a_note_says_so(tmp_path, capsys):
    data, cell = answered(tmp_path, "def loss(w, x, y): return 0 * x.sum()")
    right = {**cell, "id": "other", "source": read_source(small(tmp_path)).solutions()["loss"]}
    data["cells"].insert(data["cells"].index(cell) + 1, right)
    told = checked(data, tmp_path, capsys)
    assert "two cells for loss; the last counts" in told and "1 of 1 points" in told


@pytest.mark.slow
def test_each_line_is_printed_before_the_next_question_is_asked(tmp_path, capsys, monkeypatch):
    told = []

    def ask(key, session, tests):
        told.append(capsys.readouterr().out)
        return local_ask(key, session, tests)

    local_ask = local.ask
    monkeypatch.setattr(local, "ask", ask)
    source = read_source(SOURCES[0])
    path = tmp_path / "mine.ipynb"
    path.write_bytes(archives.as_text(student_notebook(source)))
    check_notebook(path)
    assert [words.split()[0] for words in told[1:]] == list(source.key.questions[:-1])


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


def test_the_last_cell_of_the_notebook_counts_the_points_so_far(tmp_path, capsys):
    source = read_source(small(tmp_path))
    code = student_notebook(source)["cells"][-1]["source"]
    names = {}
    exec("import torch\nfrom icllib.checks import assignment_01 as check", names)
    exec(code, names)
    assert "not defined: run its cell first" in capsys.readouterr().out
    exec(source.solutions()["loss"], names)
    exec(code, names)
    assert "1 of 1 points so far" in capsys.readouterr().out
    show_points({"loss_1": (1, "1 / 0"), "loss_2": (1, "stop()")}, {"stop": interrupted})
    told = capsys.readouterr().out
    assert "cannot be judged (ZeroDivisionError" in told
    assert "interrupted; a loop that never ends?" in told and "0 of 2 points so far" in told


def interrupted():
    raise KeyboardInterrupt


def test_the_student_s_key_is_made_of_what_the_notebook_shows(tmp_path):
    source = read_source(small(tmp_path))
    key = public_key(student_notebook(source))
    assert [test.code for test in key.tests] == ["check.loss(loss)"] and key.setup == "import torch"
    with pytest.raises(FormError, match="no assignment of the book, or"):
        public_key({"cells": []})


def test_a_split_cell_counts_as_a_whole(tmp_path):
    source = read_source(small(tmp_path))
    data = student_notebook(source)
    place = next(
        i
        for i, c in enumerate(data["cells"])
        if c["metadata"].get("kit", {}).get("kind") == "answer"
    )
    first = data["cells"][place]
    data["cells"][place : place + 1] = [first | {"source": "a = 1"}, first | {"source": "b = a"}]
    assert answers_in(data, source.key).code["loss"].split() == ["a", "=", "1", "b", "=", "a"]


@pytest.mark.parametrize(
    "arguments", [["check", "nothing.ipynb"], ["grade", "nothing.zip", "."], ["build", "77"]]
)
def test_a_command_that_cannot_work_says_why_in_one_line(arguments, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("icllib.course: ") and error.count("\n") == 1


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.parent.name)
def test_both_notebooks_run_from_the_top_and_count_the_points(path, tmp_path):
    source = read_source(path)
    public = sum(test.points for test in source.key.tests if not test.is_hidden)
    for make, points in ((solution_notebook, public), (student_notebook, 0)):
        notebook = nbformat.reads(archives.as_text(make(source)).decode(), as_version=4)
        nbformat.validate(notebook)
        nbclient.NotebookClient(notebook, timeout=300).execute(cwd=str(tmp_path))
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        assert not [o for o in outputs if o["output_type"] == "stream" and o["name"] == "stderr"]
        if public:
            assert f"{points:g} of {public:g} points so far" in outputs[-1]["text"]

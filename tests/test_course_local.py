"""What students are told at home, by the command line and in their notebook."""

import json

import nbclient
import nbformat
import pytest
from small_assignment import SOURCES, small

from icllib.course import archives, local
from icllib.course.archives import solution_notebook, student_notebook
from icllib.course.key import FormError, Limits
from icllib.course.local import check_notebook, public_key, show_points
from icllib.course.reading import answers_in
from icllib.course.source import read_source


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


def answered(folder, code, **changes):
    """A student's notebook with this answer, and its cell."""
    path = small(folder, **changes)
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
    data, _ = answered(tmp_path, code, limits="{cell: 10, call: 1, total: 30}")
    assert public_key(data).limits == Limits(10, 1, 30)
    assert "slower than 1 s: the grader would stop it" in checked(data, tmp_path, capsys)


@pytest.mark.slow
def test_check_tells_of_names_that_an_answer_should_do_without(tmp_path, capsys):
    code = "def loss(w, x, y):\n    x.sum().backward()"
    told = checked(answered(tmp_path, code, avoid="[backward]")[0], tmp_path, capsys)
    assert "loss uses `backward` (line 2)" in told and "a person decides" in told


@pytest.mark.slow
def test_a_name_of_the_student_s_own_is_none_to_do_without(tmp_path, capsys):
    code = "def loss(w, x, y):\n    grad = w.sum()\n    return grad"
    told = checked(answered(tmp_path, code, avoid="[grad]")[0], tmp_path, capsys)
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

"""A variant of an assignment: other numbers in text, solutions and checks, and last year's answers
fail."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from small_assignment import RIGHT, SMALL

from icllib.course import grade
from icllib.course.__main__ import main
from icllib.course.archives import grader_key, student_notebook
from icllib.course.box import Unboxed
from icllib.course.build import build, points_of_default
from icllib.course.key import FormError, read_key
from icllib.course.local import check_notebook
from icllib.course.source import find_source, read_source
from icllib.course.variant import numbers

ROOT = Path(__file__).resolve().parent.parent
VARIANTS = {
    "01": {"factor": 3, "start": 0.5},
    "02": {"sink": 1, "power": 1},
    "03": {"base": 1, "ahead": 1},
    "04": {"loops": 2, "reach": 2},
}
RENAMED = RIGHT | {
    "solution": "return {{ factor }} / (2 * len(x)) * (x @ w.T - y).square().sum()",
    "test": "check.loss(loss, factor={{ factor }})",
}


def of(number):
    return find_source(number, ROOT / "assignments")


def lines(notebook):
    cells = notebook["cells"]
    return {line.strip() for c in cells for line in "".join(c["source"]).splitlines()}


@pytest.fixture(scope="module", params=VARIANTS)
def built(request, tmp_path_factory):
    """The number of an assignment, the folder of its variant, and its key: the build has seen that
    the new solution gets all points, and the stub none."""
    folder = tmp_path_factory.mktemp("variant")
    key = build(of(request.param), folder, VARIANTS[request.param], seed=1000)
    return request.param, folder / key.id, key


@pytest.mark.slow
@pytest.mark.long
def test_the_public_solution_gets_at_most_half_of_a_variant(built):
    number, _, key = built
    public = replace(key, tests=tuple(test for test in key.tests if not test.is_hidden))
    assert points_of_default(of(number), public) <= sum(test.points for test in public.tests) / 2


@pytest.mark.slow
@pytest.mark.long
def test_a_variant_has_the_same_questions_and_points_and_its_key_says_its_numbers(built):
    number, folder, key = built
    default = read_source(of(number)).key
    assert [(t.name, t.points) for t in key.tests] == [(t.name, t.points) for t in default.tests]
    assert grader_key(folder / "grader.zip") == key and key.seed == 1000
    assert key.variant == VARIANTS[number]
    before, now = ([int(s) for s in re.findall(r"seed=(\d+)", k.as_json())] for k in (default, key))
    assert now == [seed + 1000 for seed in before]


@pytest.mark.slow
@pytest.mark.long
def test_the_student_s_notebook_of_a_variant_holds_its_numbers_and_no_line_of_a_solution(built):
    number, folder, key = built
    text = (folder / f"assignment-{number}.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    for source in (read_source(of(number), VARIANTS[number], 1000), read_source(of(number))):
        assert not source.secrets() & lines(notebook)
    assert notebook["metadata"]["kit"]["variant"] == VARIANTS[number]
    assert "{{" not in re.sub(r"\{\{[^}]*\}[^}]", "", text) and "seed=" not in text
    assert all(t.code in text for t in key.tests if not t.is_hidden)


def test_assignments_say_what_may_be_changed():
    for number, values in VARIANTS.items():
        assert set(read_source(of(number)).key.variant) == set(values)
    assert not read_source(of("05")).key.variant


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["01", "--variant", "penalty=3"], "'penalty', expected one of: factor = 1, start = 0"),
        (["05", "--variant", "penalty=3"], "'penalty', expected one of: none"),
        (["01", "--variant", "factor=three"], "factor = 'three', expected a number"),
        (["01", "--variant", "factor=nan"], "factor = nan, expected a finite number"),
        (["01", "--variant", "factor"], "'factor', expected name=number"),
        (["01", "--variant", "factor=2", "factor=3"], "factor is given twice"),
        (["all", "--variant", "factor=2"], "belongs to one assignment"),
        (["01", "--variant", "factor=0"], "factor = 0, expected a finite number above 0"),
    ],
)
def test_a_variant_that_is_none_is_refused_by_name(arguments, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["build", *arguments, "-o", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert not list(tmp_path.rglob("*.zip"))


def test_numbers_keep_their_kind():
    found = numbers(["a=3", "b=-0.5", "c=1e-3"])
    assert found == {"a": 3, "b": -0.5, "c": 0.001} and isinstance(found["a"], int)


# A small one --------------------------------------------------------------------------------------


def small(folder, variant="{factor: 1}", **changes):
    text = SMALL.format(**RENAMED | changes).replace("kit: {", f"kit: {{variant: {variant}, ")
    hidden = "check.loss(loss, factor={{ factor }}, seed=5)"
    path = folder / "source.md"
    path.write_text(text.replace("check.loss(loss, seed=5)", hidden), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("variant", "changes", "words"),
    [
        ("{factor: one}", {}, "variant factor = 'one', expected a finite number"),
        ("{factor: true}", {}, "variant factor = True"),
        ("3", {}, "variant = 3, expected names"),
        ("{factor: 1, other: 2}", {}, "other: a variant's names stand in header and cells"),
        ("{factor: 1}", {"more": "The {{ prize }} of it."}, "prize: a variant's names"),
    ],
)
def test_a_header_whose_variant_is_not_in_form_is_refused(variant, changes, words, tmp_path):
    with pytest.raises(FormError, match=words):
        read_source(small(tmp_path, variant, **changes))


def test_a_hidden_check_without_a_seed_cannot_have_another(tmp_path):
    path = small(tmp_path)
    path.write_text(path.read_text().replace(", seed=5", ""))
    with pytest.raises(FormError, match="has no seed"):
        read_source(path, seed=7)


def test_a_key_of_a_variant_survives_its_file(tmp_path):
    key = read_source(small(tmp_path), {"factor": 0.1}, seed=7).key
    (tmp_path / "key.json").write_text(key.as_json(), encoding="utf-8")
    assert read_key(tmp_path / "key.json") == key and key.numbers == "factor = 0.1"
    assert [t.code for t in key.tests if t.is_hidden] == ["check.loss(loss, factor=0.1, seed=12)"]


def notebook_of(path, variant, answered):
    data = student_notebook(read_source(path, variant))
    for cell in data["cells"]:
        if cell["metadata"].get("kit", {}).get("kind") == "answer":
            cell["source"] = read_source(path, answered).solutions()["loss"]
    return json.dumps(data)


@pytest.mark.slow
def test_a_student_is_judged_by_the_numbers_of_the_notebook(tmp_path, capsys):
    path, mine = small(tmp_path), tmp_path / "mine.ipynb"
    for answered, points in (({"factor": 3}, 1), ({}, 0)):
        mine.write_text(notebook_of(path, {"factor": 3}, answered), encoding="utf-8")
        assert check_notebook(mine) == (points, 1)
    told = capsys.readouterr().out
    assert "the factor 3 in front is missing" in told and "other numbers" not in told


@pytest.mark.slow
def test_another_variant_grades_anew_and_tells_of_a_notebook_of_another(tmp_path):
    path, place = small(tmp_path), tmp_path / "in"
    place.mkdir()
    (place / "ada.ipynb").write_text(notebook_of(path, {}, {}), encoding="utf-8")

    def graded(variant):
        key = read_source(path, variant).key
        found = grade.find_submissions(place)
        (record,) = grade.grade_all(key, found, Unboxed(), tmp_path / "out", 1, quiet=True)
        return [test["verdict"] for test in record["tests"]], record["notes"]

    assert graded({}) == (["right", "right"], [])
    verdicts, notes = graded({"factor": 3})
    assert verdicts == ["not yet", "not yet"]
    assert notes == ["this notebook was built with other numbers than factor = 3."]

"""A class: graded once, told in the words of the checks, written into the tables that exist."""

import csv
import json
import os
from argparse import Namespace
from dataclasses import replace

import pytest
from test_course_source import small

from icllib.course import box, grade, report, session, tables
from icllib.course.__main__ import main
from icllib.course.archives import student_notebook
from icllib.course.box import NoBoxError, Unboxed, find_box
from icllib.course.grade import find_submissions, grade_all
from icllib.course.key import ByHand, Key, Test
from icllib.course.marks import Read, by_hand_points, marks_of
from icllib.course.quoting import quoted, read_rows
from icllib.course.reading import Unreadable, answers_in
from icllib.course.similar import similar_pairs
from icllib.course.source import read_source
from icllib.errors import InputError

KEY = Key(
    id="99",
    title="Small",
    questions=("loss", "why"),
    setup="import torch",
    stubs={"loss": "def loss(w, x, y): ...", "why": "Write here."},
    tests=(
        Test("loss", "check.loss(loss)", 2, False, 1),
        Test("loss", "check.loss(loss, seed=5)", 1, True, 2),
    ),
    by_hand=(ByHand("why", 3, "a reason"),),
    checks="assignment_01",
    library=("tasks",),
)


def record(name, verdicts=("right", "right"), text="Because.", notes=(), code="", message="m"):
    tests = [
        {"test": test.name, "digest": KEY.digest_of(test), "verdict": verdict, "message": message}
        for test, verdict in zip(KEY.tests, verdicts, strict=True)
    ]
    return {
        "name": name,
        "file": "",
        "tests": tests,
        "code": {"loss": code},
        "texts": {"why": text},
        "notes": list(notes),
    }


def options(out, **more):
    empty = {"reveal": False, "roster": None, "canvas": None, "moodle": None, "column": ""}
    return Namespace(out=out, **empty | more)


def rows(path):
    return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))


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


# Tables ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "' =1"),
        ("  =1", "'  =1"),
        ("-2.5", "-2.5"),
        ("+3", "+3"),
        ("Ada", "Ada"),
        ("a\x00b", "a b"),
        ("", ""),
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(cell, safe):
    assert quoted(cell) == safe


def test_the_plain_table_has_a_line_a_submission_and_quotes_strangers_words(tmp_path):
    found = [record("=evil", notes=["=note"]), record("bob", ("right", "not yet"), text=" ")]
    report.write_reports(KEY, found, options(tmp_path))
    header, evil, bob = rows(tmp_path / "points.csv")
    assert header == ["submission", "points", "most", "loss", "why", "to be read", "notes"]
    assert evil == ["'=evil", "3", "6", "3", "", "why", "'=note"]
    assert bob == ["bob", "2", "6", "2", "0", "", ""]


CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Small (4711),Other (4712)
    Points Possible,,,,,6,10
"Lovelace, Ada",101,s101,ada,A,,7
"Müller, Bob",102,s102,bob,A,,
"Nobody, Nina",103,s103,nina,A,,
"""


def test_canvas_own_gradebook_is_filled_in_and_nothing_else_in_it_changes(tmp_path):
    (tmp_path / "book.csv").write_text(CANVAS, encoding="utf-8-sig")
    found = [record("lovelaceada_101_9_student", text=""), record("müllerbob_student", text="")]
    found += [record("eve_999_1", text="")]
    marks = [marks_of(KEY, each, {}) for each in found]
    told = tables.canvas(tmp_path / "book.csv", tmp_path / "out.csv", KEY, marks)
    before, after = rows(tmp_path / "book.csv"), rows(tmp_path / "out.csv")
    assert [row[5] for row in after] == ["Small (4711)", "6", "3", "3", ""]
    assert [row[:5] + row[6:] for row in after] == [row[:5] + row[6:] for row in before]
    assert told == [
        "eve_999_1 is nobody's in the table (compared: Student, ID, SIS User ID, SIS Login ID): "
        "3 points."
    ]
    with pytest.raises(InputError, match="give --column one of 'Small"):
        tables.canvas(tmp_path / "book.csv", tmp_path / "out.csv", KEY, marks, column="Nothing")


MOODLE = """Identifier;Full name;Email address;Status;Grade;Maximum Grade;Feedback comments
Participant 55;Ada Lovelace;ada@x.org;Submitted;;6,00;
Participant 555;Bob Müller;bob@x.org;Submitted;;6,00;
"""


def test_moodle_s_worksheet_is_filled_in_with_its_own_marks_and_columns(tmp_path):
    (tmp_path / "sheet.csv").write_text(MOODLE, encoding="utf-8")
    found = [record("Bob Müller_555_assignsubmission_file", text="")]
    report.write_reports(KEY, found, options(tmp_path, moodle=tmp_path / "sheet.csv"))
    text = (tmp_path / "moodle.csv").read_text(encoding="utf-8-sig").splitlines()
    assert text[1].split(";")[4] == "" and text[2].split(";")[4] == "3"
    assert "loss: ✓ m" in text[2] and "right with other numbers too" in text[2]
    other = MOODLE.replace("6,00", "100")
    (tmp_path / "sheet.csv").write_text(other, encoding="utf-8")
    with pytest.raises(InputError, match="maximum 100, the key 6 points"):
        report.write_reports(KEY, found, options(tmp_path, moodle=tmp_path / "sheet.csv"))


def test_two_submissions_of_one_person_are_told_and_not_filled_in(tmp_path):
    (tmp_path / "roster.csv").write_text("id,name\n7,Ada\n8,Bob\n")
    found = [record("7_a", text=""), record("7_b", text=""), record("8", text="")]
    marks = [marks_of(KEY, each, {}) for each in found]
    told = tables.roster(tmp_path / "roster.csv", tmp_path / "out.csv", marks)
    assert rows(tmp_path / "out.csv")[1:] == [["7", "Ada", "", ""], ["8", "Bob", "3", "8"]]
    assert sum("one of several for 7" in line for line in told) == 2


def test_a_table_that_says_nothing_of_who_people_are_is_refused(tmp_path):
    (tmp_path / "roster.csv").write_text("who,group\nAda,1\n")
    with pytest.raises(InputError, match=r"columns 'who', 'group', expected one of id, .*name"):
        tables.roster(tmp_path / "roster.csv", tmp_path / "out.csv", [])


@pytest.mark.parametrize(
    "name", ["Ada Lovelace", "Lovelace, Ada", "lovelaceada_9_8_a", "Ada_Lovelace"]
)
@pytest.mark.parametrize(
    "table",
    ["name,x\nAda Lovelace,", 'name,x\n"Lovelace, Ada",', "first name,last name\nAda,Lovelace"],
)
def test_a_name_is_found_in_both_orders(table, name, tmp_path):
    (tmp_path / "roster.csv").write_text(f"{table}\n")
    told = tables.roster(
        tmp_path / "roster.csv", tmp_path / "out.csv", [marks_of(KEY, record(name), {})]
    )
    assert told == [] and rows(tmp_path / "out.csv")[1][-1] == name


def test_of_several_that_an_identifier_fits_the_name_decides(tmp_path):
    (tmp_path / "roster.csv").write_text("id,name\n1,Ada Lovelace\n2,Alan Turing\n")
    marks = [marks_of(KEY, record("turingalan_1_2_hw", text=""), {})]
    tables.roster(tmp_path / "roster.csv", tmp_path / "out.csv", marks)
    assert [row[2] for row in rows(tmp_path / "out.csv")] == ["points", "", "3"]


def test_the_class_page_names_who_handed_in_nothing_and_the_mean(tmp_path):
    (tmp_path / "book.csv").write_text(CANVAS, encoding="utf-8")
    found = [record("ada_101", text=""), record("bob_102", ("right", "not yet"), text="")]
    report.write_reports(KEY, found, options(tmp_path, canvas=tmp_path / "book.csv"))
    page = (tmp_path / "class.html").read_text(encoding="utf-8")
    assert "Handed in nothing" in page and page.count("<li>") == 1
    assert "<li>Nobody, Nina</li>" in page and "Mean: 2.5 of 6 points" in page
    report.write_reports(KEY, found, options(tmp_path))
    assert "Handed in nothing" not in (tmp_path / "class.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("roster", "who,group\nAda,1\n"),
        ("canvas", "Student,ID,Other\nAda,1,\n"),
        ("moodle", "Full name,Status\nAda,\n"),
        ("moodle", MOODLE.replace("6,00", "100")),
        ("roster", "PK\0\0,\n"),
    ],
)
def test_a_fault_in_a_table_is_told_before_anything_is_graded(kind, text, tmp_path):
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(InputError, match=r"table.csv"):
        report.check_tables(KEY, options(tmp_path, **{kind: tmp_path / "table.csv"}))


@pytest.mark.parametrize("form", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_as_a_spreadsheet_writes_it(form, tmp_path):
    (tmp_path / "roster.csv").write_bytes("name;x\nBjörn Åß;–\n".encode(form))
    header, (row,), _ = read_rows(tmp_path / "roster.csv")
    assert header == ["name", "x"] and row == ["Björn Åß", "–"]


@pytest.mark.parametrize(
    "name", ["Assignment 1 (40231)", "01 (7)", "Regression (1)", "Assignment 01"]
)
def test_canvas_own_column_is_found_by_title_or_number(name, tmp_path):
    key = replace(KEY, id="01", title="Regression")
    others = "Assignment 11 (40232),Assignment 2 (1),101 (5)"
    (tmp_path / "book.csv").write_text(f"Student,ID,{others},{name}\nAda,7,,,,\n")
    tables.canvas(
        tmp_path / "book.csv", tmp_path / "out.csv", key, [marks_of(KEY, record("7"), {})]
    )
    assert rows(tmp_path / "out.csv")[1] == ["Ada", "7", "", "", "", "3"]
    (tmp_path / "book.csv").write_text(f"Student,ID,{name},{name}\nAda,7,,\n")
    with pytest.raises(InputError, match=r"2 columns .* give --column"):
        report.check_tables(key, options(tmp_path, canvas=tmp_path / "book.csv"))


def test_moodle_s_other_cells_stay_as_they_were(tmp_path):
    text = MOODLE.replace("Submitted;;", "-;-;", 1)
    (tmp_path / "sheet.csv").write_text(text, encoding="utf-8")
    marks = [marks_of(KEY, record("Ada_55_x", text=""), {})]
    tables.moodle(tmp_path / "sheet.csv", tmp_path / "out.csv", KEY, marks, {"Ada_55_x": "=1"})
    line = (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()[1]
    assert line == "Participant 55;Ada Lovelace;ada@x.org;-;3;6,00;'=1"


def test_gradescope_gets_each_check_and_hides_the_hidden_until_the_due_date():
    found = tables.gradescope(KEY, record("x", ("right", "not yet"), notes=["it fell."]))
    assert found["score"] == 2 and "it fell." in found["output"]
    assert [test["visibility"] for test in found["tests"]] == ["visible", "after_due_date"]
    assert [test["score"] for test in found["tests"]] == [2, 0]
    assert "why is read by a person" in found["output"]


def test_what_a_person_gives_is_added_and_kept(tmp_path):
    found = [record("ada"), record("bob", text="Write here.")]
    told = report.write_reports(KEY, found, options(tmp_path))
    assert "1 answers are to be read" in " ".join(told)
    path = tmp_path / "by_hand.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("a reason,,3,,Bec", "a reason,2.5,3,good,Bec")
    )
    told = report.write_reports(KEY, found, options(tmp_path))
    assert "to be read" not in " ".join(told)
    assert rows(tmp_path / "points.csv")[1][1:5] == ["5.5", "6", "3", "2.5"]
    read = by_hand_points(path, KEY)["ada", "why"]
    assert (read.points, read.comment) == (2.5, "good")
    assert "good" in (tmp_path / "students" / "ada.html").read_text(encoding="utf-8")
    path.write_text("submission,question,points,comment\nada,why,2.5,good\n")  # an older table
    assert by_hand_points(path, KEY)["ada", "why"] == Read(2.5, "good")
    assert marks_of(KEY, found[0], by_hand_points(path, KEY)).points["why"] == 2.5
    path.write_text(path.read_text(encoding="utf-8").replace("2.5", "7"))
    with pytest.raises(InputError, match="ada, question why, has '7' points, expected 0 to 3"):
        report.write_reports(KEY, found, options(tmp_path))


def test_a_text_that_changed_after_it_was_read_is_to_be_read_again(tmp_path):
    report.write_reports(KEY, [record("ada")], options(tmp_path))
    path = tmp_path / "by_hand.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("reason,,3,", "reason,2.5,3,good"))
    report.write_reports(KEY, [record("ada")], options(tmp_path))
    assert rows(tmp_path / "points.csv")[1][1] == "5.5"
    another = [record("ada", text="A wholly new text.")]
    told = " ".join(report.write_reports(KEY, another, options(tmp_path)))
    assert "ada: why got 2.5 for another text: read it again." in told
    assert "1 answers are to be read" in told and "counts them as 0" in told
    assert rows(tmp_path / "points.csv")[1][1] == "3"
    read = by_hand_points(path, KEY)["ada", "why"]
    assert (read.points, read.comment, read.before) == (None, "good", "2.5")
    path.write_text(path.read_text(encoding="utf-8").replace("reason,,3,", "reason,1,3,"))
    assert "read it again" not in " ".join(report.write_reports(KEY, another, options(tmp_path)))
    assert rows(tmp_path / "points.csv")[1][1] == "4"


def test_items_say_how_often_each_check_failed_and_with_which_mistake(tmp_path):
    found = [record(str(n), ("not yet", "not yet"), message=f"off by {n}.5.") for n in range(3)]
    found += [record("a")]
    line = tables.items(tmp_path / "items.csv", KEY, found)[1]
    assert line[3:] == ["1", "3", "0", "25%", "3 × off by …."]


# Pages -------------------------------------------------------------------------------------------


def test_a_student_reads_the_words_of_the_checks_and_no_hidden_ones(tmp_path):
    said = record("ada", ("right", "not yet"), message="<script>secret</script>")
    marks = marks_of(KEY, said, {})
    page = report.student_page(KEY, said, marks, reveal=False)
    assert "&lt;script&gt;secret" in page and "<script>" not in page
    assert page.count("secret") == 1 and "not right with other numbers." in page
    assert report.student_page(KEY, said, marks, reveal=True).count("secret") == 2
    assert "2 of 6 points" in page and "http" not in page.replace("http-equiv", "")


def test_names_of_any_length_and_kind_get_a_page_and_a_link(tmp_path):
    names = ["a" * 200, "#? %", "Ä<b>", "udc\udc80"]
    report.write_reports(KEY, [record(name) for name in names], options(tmp_path))
    assert len(list((tmp_path / "students").iterdir())) == 4
    page = (tmp_path / "class.html").read_text(encoding="utf-8")
    assert "students/%23%3F%20%25.html" in page and "<b>" not in page


# Alike -------------------------------------------------------------------------------------------

LONG = """
def {f}({a}, {b}):
    {c} = {a} * 3 + {b} ** 2 - 5
    for {d} in range(7):
        {c} = {c} + ({d} - 1) * {a} / (1 + {b} * {d}) if {d} % 2 else {c} - {b}
    while {c} > 10 and {a} != {b}:
        {c} -= [1, 2, 3][{d} % 3] + len(str({c})) * {a}
    return {{"value": {c}, "sign": -1 if {c} < 0 else +1}}
"""


def test_code_with_other_names_is_alike_and_other_code_is_not():
    one = LONG.format(f="loss", a="x", b="y", c="z", d="i")
    other = LONG.format(f="cost", a="first", b="second", c="found", d="place") + "# a comment\n"
    own = "\n".join(
        f"def f{n}(a, b):\n    return [a ** {n}, b << {n}, {{{n}: a | b}}]" for n in range(9)
    )
    found = [record("ada", code=one), record("bob", code=other), record("eve", code=own)]
    found += [record("mel", code="def loss(: ]"), record("zoe", code="")]
    pairs = similar_pairs(KEY, found)
    assert [pair[1:] for pair in pairs] == [("ada", "bob")] and pairs[0][0] == 1


def test_what_everybody_writes_is_no_hint():
    one = LONG.format(f="loss", a="x", b="y", c="z", d="i")
    own = [
        "\n".join(f"f{k}[{n}, {n * k}] = {{{k}: a << {n}}}" for k in range(9)) for n in range(12)
    ]
    assert similar_pairs(KEY, [record(str(n), code=one + own[n]) for n in range(12)]) == []


@pytest.mark.parametrize("size", [8, 10])
def test_copies_are_told_however_many_they_are(size):
    one = LONG.format(f="loss", a="x", b="y", c="z", d="i")
    found = [record(str(n), code=one) for n in range(8)]
    found += [record(str(n), code=f"def loss(x): return x ** {n}") for n in range(8, size)]
    assert [share for share, *_ in similar_pairs(KEY, found)] == [1.0] * 28

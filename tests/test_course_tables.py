"""The tables of a class, its pages, and what is alike."""

from dataclasses import replace

import pytest
from graded import KEY, options, record, rows

from icllib.course import report, tables
from icllib.course.marks import Read, by_hand_points, marks_of
from icllib.course.quoting import quoted, read_rows
from icllib.course.similar import similar_pairs
from icllib.errors import InputError

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

"""The map of the course says what the sources say."""

import course_map
import pytest
from bs4 import BeautifulSoup
from listing import NUMBERED, ROOT

BOOK = course_map.chapters()


def test_every_numbered_chapter_is_on_the_map():
    assert [chapter.page for chapter in BOOK] == NUMBERED
    assert all(chapter.objectives and chapter.minutes > 0 for chapter in BOOK)


@pytest.mark.parametrize("chapter", BOOK, ids=lambda chapter: chapter.page)
def test_exercises_train_what_the_chapter_promises(chapter):
    trained = {number for one in chapter.exercises for number in one.trains}
    assert trained <= set(range(1, len(chapter.objectives) + 1))
    assert len(trained) >= len(chapter.objectives) / 2, "most objectives have an exercise"
    assert {one.level for one in chapter.exercises} <= set(course_map.LEVELS)


def test_questions_of_assignments_train_objectives_that_there_are():
    asked = course_map.questions()
    many = {(chapter.number, i + 1) for chapter in BOOK for i in range(len(chapter.objectives))}
    assert {place for one in asked for place in one.trains} <= many
    assert {one.assignment for one in asked} == {"1", "2", "3", "4", "5"}
    assert all(one.trains for one in asked)


def test_an_objective_names_its_exercises_and_questions():
    exercise = course_map.Exercise("ex-a", "A", "core", 10, (2,))
    chapter = course_map.Chapter(3, "chapters/03_x", "X", ("see", "do"), 20, (exercise,))
    asked = [course_map.Question("4", 5, ((3, 2), (1, 1)))]
    table = course_map.objectives_map([chapter], asked)
    assert "| see | – | – |" in table and "| do | {ref}`ex-a` | 4.5 |" in table
    assert "| {doc}`3. X <03_x>` | 20 | – | 10 | – | 10 |" in course_map.time_map([chapter])


@pytest.mark.site
def test_the_page_links_every_exercise():
    page = (ROOT / "_build" / "html" / "chapters" / "course_map.html").read_text(encoding="utf-8")
    links = {a["href"].split("#")[-1] for a in BeautifulSoup(page, "html.parser").select("a[href]")}
    assert {one.label for chapter in BOOK for one in chapter.exercises if one.trains} <= links

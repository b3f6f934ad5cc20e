"""A student's own checks: public, offline, on the student's machine; on the command line and in
the notebook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from icllib.checks.answers import said
from icllib.checks.feedback import Feedback
from icllib.course.asking import ask
from icllib.course.box import Unboxed
from icllib.course.grade import sandbox_library
from icllib.course.key import FormError, Key, Limits, Test
from icllib.course.reading import answers_in, marked, notebook_in
from icllib.course.session import Session

__all__ = ["check_notebook", "public_key", "show_points"]


def public_key(data: dict) -> Key:
    """The key that a student's notebook carries: its set-up and its public checks.

    Raises:
        FormError: it is no notebook of the kit.
    """
    kit = data.get("metadata", {}).get("kit")
    cells = [
        (m["question"], "".join(c["source"]), float(m.get("points", 0)))
        for c, m in marked(data)
        if m.get("kind") == "test"
    ]
    if not isinstance(kit, dict) or "assignment" not in kit:
        raise FormError("this notebook is no assignment of the book, or has lost its marks")
    if not cells:
        raise FormError("this assignment has no checks: a person reads it")
    tests = tuple(
        Test(question, code.strip(), points, False, number)
        for number, (question, code, points) in enumerate(cells, 1)
    )
    variant = kit.get("variant")
    questions = tuple(dict.fromkeys(test.question for test in tests))
    return Key(
        id=str(kit["assignment"]),
        title="",
        questions=questions,
        setup=kit.get("setup", ""),
        stubs={},
        tests=tests,
        checks=kit.get("checks", ""),
        library=tuple(kit.get("library", ())),
        limits=Limits(cell=120, call=120, total=1200),
        variant=variant if isinstance(variant, dict) else {},
    )


def check_notebook(path: Path) -> tuple[float, float]:
    """Run a notebook's answers in a process of their own, ask the public checks, print what they
    say, and return the points and how many there are.

    Raises:
        FormError: it is no notebook of the kit.
    """
    data = notebook_in(path)
    key = public_key(data)
    answers = answers_in(data, key)
    with (
        sandbox_library(key) as library,
        Session(Unboxed(), library, key, answers.code) as session,
    ):
        found = ask(key, session, list(key.tests))
        notes = [*answers.notes, *session.notes]
    points = 0.0
    for test, outcome in zip(key.tests, found, strict=True):
        points += _show(test.question, test.points, Feedback(outcome.verdict, outcome.message))
    for note in notes:
        print(f"  {note}")
    _sum(points, key.points)
    return points, key.points


def show_points(questions: Mapping[str, tuple[float, str]], names: dict[str, object]) -> None:
    """Ask the checks with these names, and print the points so far."""
    points = 0.0
    for name, (worth, code) in questions.items():
        try:
            feedback = eval(code, names)
        except NameError as error:
            feedback = Feedback("not answered", f"{error}: run its cell first.")
        except Exception as error:
            feedback = Feedback("not yet", f"this answer cannot be judged ({said(error)}).")
        points += _show(name.rpartition("_")[0] or name, worth, feedback)
    _sum(points, sum(worth for worth, _ in questions.values()))


def _show(question: str, worth: float, feedback: Feedback) -> float:
    points = worth if feedback else 0.0
    print(f"{question:<18} {points:g} of {worth:g}  {feedback!r}")
    return points


def _sum(points: float, most: float) -> None:
    print(f"Public checks: {points:g} of {most:g} points so far.")

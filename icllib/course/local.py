"""A student's own checks: public, offline, on the student's machine; on the command line and in
the notebook."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from icllib.checks.answers import said
from icllib.checks.feedback import Feedback
from icllib.course.asking import ask
from icllib.course.box import Unboxed
from icllib.course.grade import sandbox_library
from icllib.course.key import FormError, Key, Limits, Test
from icllib.course.reading import answers_in, gone, kit_of, marked, notebook_in
from icllib.course.session import Session

__all__ = ["check_notebook", "public_key", "show_points"]


def public_key(data: dict) -> Key:
    """The key that a student's notebook carries: its set-up and its public checks.

    Raises:
        FormError: it is no notebook of the kit.
    """
    kit = kit_of(data)
    try:
        number, limits = str(kit["assignment"]), Limits(**kit["limits"])
        tests = tuple(
            Test(question, code, float(points), False, count)
            for count, (question, code, points) in enumerate(kit["tests"], 1)
        )
    except (KeyError, TypeError, ValueError):
        raise FormError(
            "this notebook is no assignment of the book, or has lost its marks"
        ) from None
    if not tests:
        raise FormError("this assignment has no checks: a person reads it")
    variant = kit.get("variant")
    questions = tuple(dict.fromkeys(test.question for test in tests))
    if not any(m.get("kind") == "answer" and m["question"] in questions for _, m in marked(data)):
        raise FormError(
            "the cells of this notebook have lost their marks "
            f"(checks it came with: {len(tests)}): copy your answers into a fresh file"
        )
    return Key(
        id=number,
        title="",
        questions=questions,
        setup=kit.get("setup", ""),
        stubs={},
        tests=tests,
        checks=kit.get("checks", ""),
        library=tuple(kit.get("library", ())),
        limits=limits,
        avoid=tuple(kit.get("avoid", ())),
        variant=variant if isinstance(variant, dict) else {},
    )


def check_notebook(path: Path) -> tuple[float, float]:
    """Run a notebook's answers in a process of their own, ask the public checks, print what each
    says as soon as it is known, and return the points and how many there are.

    Raises:
        FormError: it is no notebook of the kit.
    """
    data = notebook_in(path)
    key = public_key(data)
    answers = answers_in(data, key)
    points = 0.0
    print(f"Public checks; a call may take {key.limits.call:g} s.", flush=True)
    with (
        sandbox_library(key) as library,
        Session(Unboxed(), library, key, answers.code) as session,
    ):
        for question, tests in groupby(key.tests, key=lambda test: test.question):
            asked = list(tests)
            for test, outcome in zip(asked, ask(key, session, asked), strict=True):
                words = _MISSING if gone(question) in answers.notes else outcome.message
                feedback = Feedback(outcome.verdict, _at_home(words))
                points += _show(question, test.points, feedback)
        notes = [*answers.notes, *session.notes]
    told = set(map(gone, key.questions))
    for note in notes:
        if note not in told:
            print(f"  {_at_home(note)}")
    _sum(points, key.points, kit_of(data).get("hidden_points", 0))
    return points, key.points


_MISSING = "the cell of this question is missing: undo the deletion, or copy your answers into a "
_MISSING += "fresh file; a new cell does not count."


def _at_home(words: str) -> str:
    """What a check or a session says, for a student at a terminal."""
    words = words.replace("run the cell again", "save the notebook")
    slow = r"is slower than \1: the grader would stop it"
    return re.sub(r"ran longer than ([\d.]+ s)(?: when it was called)?", slow, words)


def show_points(questions: Mapping[str, tuple[float, str]], names: dict[str, object]) -> None:
    """Ask the checks with these names, and print the points so far."""
    points = 0.0
    for name, (worth, code) in questions.items():
        try:
            feedback = eval(code, names)
        except KeyboardInterrupt:
            feedback = Feedback("not yet", "interrupted; a loop that never ends?")
        except NameError as error:
            feedback = Feedback("not answered", f"{error}: run its cell first.")
        except Exception as error:
            feedback = Feedback("not yet", f"this answer cannot be judged ({said(error)}).")
        points += _show(name.rpartition("_")[0] or name, worth, feedback)
    _sum(points, sum(worth for worth, _ in questions.values()))


def _show(question: str, worth: float, feedback: Feedback) -> float:
    points = worth if feedback else 0.0
    print(f"{question:<18} {points:g} of {worth:g}  {feedback!r}", flush=True)
    return points


def _sum(points: float, most: float, hidden: float = 0) -> None:
    more = f"; hidden checks, with other data, give {hidden:g} more" if hidden else ""
    print(f"Public checks: {points:g} of {most:g} points so far{more}.")

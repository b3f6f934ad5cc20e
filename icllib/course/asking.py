"""The tests, asked from outside the sandbox: a name in a test is a question to it."""

from __future__ import annotations

import ast
import builtins
import importlib
import math
from dataclasses import dataclass

import torch

from icllib.checks.answers import AnswerError, said
from icllib.checks.feedback import Feedback
from icllib.course.key import FormError, Key, Test
from icllib.course.reading import parsed
from icllib.course.session import Gone, Session

__all__ = ["Outcome", "ask", "names_of"]


@dataclass(frozen=True)
class Outcome:
    """What one test said.

    Attributes:
        test: the test's name.
        digest: of all that decided.
        verdict: as in `Feedback`.
        message: why, in a sentence.
    """

    test: str
    digest: str
    verdict: str
    message: str


def names_of(key: Key) -> dict[str, object]:
    """The names that a test may use beside the student's: `check`, `hidden`, `torch`, `math`.

    Raises:
        FormError: the hidden helpers do not run.
    """
    names: dict[str, object] = {"torch": torch, "math": math}
    if key.checks:
        names["check"] = importlib.import_module(f"icllib.checks.{key.checks}")
    if key.hidden:
        hidden = type(math)("hidden")
        try:
            exec(compile(key.hidden, "hidden.py", "exec"), hidden.__dict__)
        except Exception as error:
            raise FormError(f"hidden.py: {said(error)}") from None
        names["hidden"] = hidden
    return names


class _Names(dict):
    """The student's names, fetched when a test reads them; those of the key come first."""

    def __init__(self, session: Session, test: Test, own: dict[str, object]) -> None:
        super().__init__()
        self.session, self.test, self.own = session, test, own

    def __missing__(self, name: str) -> object:
        if name in self.own or hasattr(builtins, name):
            raise KeyError(name)  # Python looks there next
        try:
            return self.session.value(name)
        except KeyError:
            trouble = self.session.trouble.get(self.test.question)
            if trouble:
                raise AnswerError("not yet", trouble) from None
            raise AnswerError("not answered", self._why(name)) from None

    def _why(self, name: str) -> str:
        body = parsed(self.session.code.get(self.test.question, "")).body
        there = ", ".join(f"`{part.name}`" for part in body if isinstance(part, ast.FunctionDef))
        if there:
            return f"{name} is not there: its cell makes {there}. Keep the name."
        return f"{name} is not there: its cell makes nothing. Answers in other cells are not read."


def _with_its_roots(feedback: Feedback, question: str, session: Session) -> Feedback:
    """The same with a sentence on each answer that this one uses and that is not right yet."""
    nodes = ast.walk(parsed(session.code.get(question, "")))
    names = {n.id for n in nodes if isinstance(n, ast.Name)} & session.wrong - {question}
    session.wrong.add(question)
    told = [f" It uses `{n}`, which is not right yet." for n in sorted(names)]
    return Feedback(feedback.verdict, "".join([feedback.message, *told]))


def ask(key: Key, session: Session, tests: list[Test]) -> list[Outcome]:
    """Ask the tests in order. A question whose function has ended the sandbox is not asked again.

    Raises:
        FormError: a test is none.
        NoBoxError: the sandbox does not start, which is nobody's mistake in the answers.
    """
    own, fallen, found = names_of(key), {}, []
    for test in tests:
        if test.question in fallen:
            feedback = Feedback("not yet", fallen[test.question])
        else:
            feedback = _asked(test, session, own)
            if session.failure:
                raise session.failure
            if session.incident:
                feedback = Feedback("not yet", session.incident)
                fallen[test.question] = session.incident
        if not feedback:
            feedback = _with_its_roots(feedback, test.question, session)
        found.append(Outcome(test.name, key.digest_of(test), feedback.verdict, feedback.message))
    return found


def _asked(test: Test, session: Session, own: dict[str, object]) -> Feedback:
    session.incident, session.question = "", test.question
    try:
        session.begin()
        if test.question not in session.code:
            return Feedback("not answered", "the cell of this question is missing.")
        code = compile(test.code, test.name, "eval")
        feedback = eval(code, dict(own), _Names(session, test, own))
    except Gone as error:
        return Feedback("not yet", str(error))
    except AnswerError as error:
        return Feedback(error.verdict, error.message)
    except Exception as error:
        return Feedback("not yet", f"this answer cannot be judged ({said(error)}).")
    if not isinstance(feedback, Feedback):
        raise FormError(f"{test.name}: {test.code} gives no Feedback")
    return feedback

"""The key of an assignment: its questions, tests and points, as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from icllib.errors import InputError
from icllib.files import digest

__all__ = ["ByHand", "FormError", "Key", "Limits", "Test", "checks_digest", "parse_key", "read_key"]


class FormError(InputError):
    """A source or a key of an assignment is not in form; the message says where."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes:
        cell: seconds for one cell.
        call: seconds for one call of a student's function.
        total: seconds for all of a submission.
        memory: megabytes.
    """

    cell: float = 10
    call: float = 10
    total: float = 90
    memory: int = 2048


@dataclass(frozen=True)
class Test:
    """One check of one question: a call such as ``check.loss(loss)``.

    Attributes:
        question: the question that it belongs to.
        code: the call; a name in it is a name of the student's, or of the key's modules.
        points: for a right answer.
        is_hidden: students see neither the call nor, before the deadline, what it says.
        number: counts the tests of a question from 1.
    """

    __test__ = False  # for pytest, which collects what is called so

    question: str
    code: str
    points: float
    is_hidden: bool
    number: int

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"{self.question}.{self.number}"


@dataclass(frozen=True)
class ByHand:
    """A question that a person grades: its points and what they are given for."""

    question: str
    points: float
    rubric: str


@dataclass(frozen=True)
class Key:
    """All that a grader has to know of an assignment.

    Attributes:
        id: "01".
        title: the assignment's name.
        questions: in order.
        setup: the code that runs in the sandbox before any answer.
        stubs: question → its cell as students get it.
        tests: all checks.
        by_hand: what a person grades.
        checks: the module of `icllib.checks` that the tests call `check`.
        library: the modules of `icllib` that the sandbox holds.
        limits: what a submission may use.
        avoid: names that no answer needs; a person is told who uses them.
        hidden: the source of the hidden helpers, which the tests call `hidden`.
        checks_digest: of all code that decides.
        variant: the numbers of its definitions, as set-up, stubs and tests hold them.
        seed: what was added to the seeds of its hidden tests.
    """

    id: str
    title: str
    questions: tuple[str, ...]
    setup: str
    stubs: Mapping[str, str]
    tests: tuple[Test, ...]
    by_hand: tuple[ByHand, ...] = ()
    checks: str = ""
    library: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    avoid: tuple[str, ...] = ()
    hidden: str = ""
    checks_digest: str = ""
    variant: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0

    @property
    def points(self) -> float:
        """For a submission that is right throughout."""
        return sum(part.points for part in (*self.tests, *self.by_hand))

    @property
    def numbers(self) -> str:
        """The variant in words: "factor = 3, start = 0.5"; empty without one."""
        return ", ".join(f"{name} = {value}" for name, value in self.variant.items())

    def digest_of(self, test: Test) -> str:
        """Changes with whatever may change a verdict of this test; its points do not."""
        base = [self.setup, self.checks, self.library, asdict(self.limits), self.hidden]
        return digest([*base, self.checks_digest, test.question, test.code])

    def as_json(self) -> str:
        """The key as text, with sorted names."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read_key(path: Path) -> Key:
    """The key in a file.

    Raises:
        FormError: there is none.
    """
    return parse_key(path.read_bytes(), path)


def parse_key(text: bytes, path: Path) -> Key:
    """A key that `Key.as_json` wrote.

    Args:
        text: what it wrote.
        path: the file that holds it, for the error.

    Raises:
        FormError: it is no key.
    """
    try:
        data = json.loads(text)
        data["tests"] = tuple(Test(**test) for test in data["tests"])
        data["by_hand"] = tuple(ByHand(**part) for part in data["by_hand"])
        data["limits"] = Limits(**data["limits"])
        for name in ("questions", "library", "avoid"):
            data[name] = tuple(data[name])
        return Key(**data)
    except (TypeError, KeyError, ValueError) as error:
        raise FormError(f"{path} holds no key of an assignment: {error}") from None


def checks_digest(checks: str) -> str:
    """Changes with the code that decides: the checks of an assignment, and what they share."""
    folder = Path(__file__).resolve().parent.parent / "checks"
    names = ["answers", "feedback", "shared", "stubs", *([checks] if checks else [])]
    return digest([(folder / f"{name}.py").read_text(encoding="utf-8") for name in names])

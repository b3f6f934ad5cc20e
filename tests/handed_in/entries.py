"""What readers hand in: right answers to each check, and wrong ones with what they are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True)
class Entry:
    """One check, and what it is handed.

    Attributes:
        check: the check.
        right: a right answer, as its arguments.
        also: other right answers.
        wrong: wrong answers, each with some words of what it should be told.
        answers: how many of the arguments are the reader's; the page gives the others.
    """

    check: Callable
    right: tuple
    also: list[tuple] = field(default_factory=list)
    wrong: list[tuple[str, tuple]] = field(default_factory=list)
    answers: int = 1


def eye(n, dtype=torch.float64):
    return torch.eye(n, dtype=dtype)


def entry(check, *right, also=(), wrong=(), answers=1):
    """An entry; answers that are no tuples stand for themselves."""

    def arguments(answer):
        answer = answer if isinstance(answer, tuple) else (answer,)
        return answer + right[len(answer) :] if answers < len(right) else answer

    return Entry(
        check,
        right,
        [arguments(a) for a in also],
        [(words, arguments(a)) for words, a in wrong],
        answers,
    )

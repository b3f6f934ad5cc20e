"""What a check says: right, a known mistake, or how far. Every check asks here, and nothing else
decides."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction

import torch
from torch import Tensor

from icllib.checks.answers import Answer, AnswerError, call, read, said
from icllib.tasks import LinearTask, Prompts

__all__ = ["Case", "Feedback", "NotRightError", "checked", "compare", "grade", "near", "problem"]


class NotRightError(AssertionError):
    """An answer that had to be right is not.

    Attributes:
        feedback: what the check said.
    """

    def __init__(self, feedback: Feedback) -> None:
        super().__init__(str(feedback))
        self.feedback = feedback


@dataclass(frozen=True)
class Feedback:
    """What a check says.

    Attributes:
        verdict: "right", "not yet" or "not answered".
        message: why, in a sentence.
    """

    verdict: str
    message: str

    def __bool__(self) -> bool:
        return self.verdict == "right"

    def __repr__(self) -> str:
        mark = {"right": "✓ Right", "not yet": "✗ Not yet", "not answered": "… Not answered"}[
            self.verdict
        ]
        return f"{mark}: {self.message}"

    def must_hold(self) -> Feedback:
        """Itself, when right; the book's own solutions call this, so that a wrong one stops the
        build.

        Raises:
            NotRightError: the answer is not right; also where Python runs without its assertions
                (-O).
        """
        if self.verdict != "right":
            raise NotRightError(self)
        return self


@dataclass(frozen=True)
class Case:
    """One call of a reader's function, and what it should return.

    Attributes:
        arguments: what the function is called with.
        expected: the right value.
        mistakes: hint → the value that the mistake gives.
    """

    arguments: tuple
    expected: Tensor
    mistakes: Mapping[str, Tensor] = field(default_factory=dict)


def checked(check: Callable[..., Feedback]) -> Callable[..., Feedback]:
    """A check that answers in a sentence, whatever is handed to it."""

    @functools.wraps(check)
    def judged(*answers: object, **options: object) -> Feedback:
        try:
            return check(*answers, **options)
        except AnswerError as error:
            return Feedback(error.verdict, error.message)
        except Exception as error:
            return Feedback("not yet", f"this answer cannot be judged ({said(error)}).")

    return judged


def grade(
    function: object, cases: Iterable[Case], right: str, *, unordered: bool = False
) -> Feedback:
    """Feedback on a function: it has to be right in every case, so that no constant is."""
    for place, case in enumerate(cases):
        try:
            feedback = compare(
                call(function, *case.arguments),
                case.expected,
                right,
                case.mistakes,
                unordered=unordered,
            )
        except AnswerError as error:
            feedback = Feedback(error.verdict, error.message)
        if feedback.verdict == "not yet" and place > 0:
            return Feedback(
                "not yet",
                f"right for one set of arguments, but not for another: {feedback.message}",
            )
        if not feedback:
            return feedback
    return feedback


def compare(
    given: object,
    expected: Tensor,
    right: str,
    mistakes: Mapping[str, Tensor] | None = None,
    *,
    digits: int | None = None,
    unordered: bool = False,
) -> Feedback:
    """Feedback on numbers: equal to `expected`, to one of the well-known mistakes (hint → value),
    or how far from it.

    Args:
        given: what was handed in, a number or a tensor, in whatever form (`answers.read`).
        expected: the right one.
        right: what to say when it is.
        mistakes: hint → value. The right answer comes first; a hint is given for an answer in the
            same form.
        digits: significant digits that the page shows; an answer may be rounded or cut off after
            them, or later.
        unordered: the numbers may come in any order.
    """
    try:
        answer = read(list(given) if unordered and isinstance(given, set | frozenset) else given)
        candidates = [(right, expected), *(mistakes or {}).items()]
        known = [(hint, value) for hint, value in candidates if _fits(answer, value)]
        for is_same in (near, functools.partial(_rounded, digits=digits))[
            : 1 if digits is None else 2
        ]:
            for hint, value in known:
                if is_same(_form(answer, value, unordered), _in_order(value, unordered)):
                    return Feedback("right" if value is expected else "not yet", hint)
        return Feedback(
            "not yet", _how_far(_form(answer, expected, unordered), _in_order(expected, unordered))
        )
    except AnswerError as error:
        return Feedback(error.verdict, error.message)


def near(answer: Answer, expected: Tensor) -> bool:
    """Equal up to rounding, in the precision of the answer. NaN is near to nothing."""
    expected = expected.detach().double()
    size = float(expected.abs().max()) if expected.numel() else 0.0
    return bool(((answer.value - expected).abs() <= answer.tolerance * (size or 1.0)).all())


def problem(n: int = 8, dim_x: int = 3, dim_y: int = 1, seed: int = 0) -> Prompts:
    """One prompt in double precision, with noisy labels."""
    task = LinearTask(dim_x=dim_x, dim_y=dim_y, n_context=n, x_dist="normal", noise_std=0.3)
    return task.sample(1, torch.Generator().manual_seed(seed), dtype=torch.float64)


def _fits(answer: Answer, value: Tensor) -> bool:
    try:
        answer.shaped(*value.shape)
    except AnswerError:
        return False
    return True


def _form(answer: Answer, value: Tensor, unordered: bool) -> Answer:
    shaped = answer.shaped(*value.shape)
    return Answer(_in_order(shaped.value, unordered), shaped.tolerance)


def _in_order(value: Tensor, unordered: bool) -> Tensor:
    return value.flatten().sort().values if unordered else value


def _rounded(answer: Answer, expected: Tensor, digits: int) -> bool:
    """Every number is near, or is the expected one rounded or cut off where it ends, though not
    before `digits` digits."""
    precision = 15 if answer.tolerance < 1e-5 else 7
    pairs = zip(answer.value.flatten().tolist(), expected.double().flatten().tolist(), strict=True)
    return all(
        near(Answer(torch.tensor(a), answer.tolerance), torch.tensor(e))
        or _shortened(a, e, digits, precision)
        for a, e in pairs
    )


def _shortened(number: float, expected: float, digits: int, precision: int) -> bool:
    shown, full = Decimal(f"{number:.{precision}g}").normalize(), Decimal(repr(expected))
    if not shown or not full:
        return False
    unit = Decimal(1).scaleb(min(shown.as_tuple().exponent, full.adjusted() - digits + 1))
    try:
        return shown in {
            full.quantize(unit, mode) for mode in (ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_DOWN)
        }
    except InvalidOperation:  # more digits than any page shows
        return False


def _how_far(answer: Answer, expected: Tensor) -> str:
    value, expected = answer.value, expected.double()
    square = value.dim() == 2 and value.shape[0] == value.shape[1]
    if square and near(Answer(value.T, answer.tolerance), expected):
        return "that is the transpose of the right matrix."
    factor = float((value * expected).sum() / expected.square().sum().clamp_min(1e-300))
    if near(answer, factor * expected) and near(
        Answer(value / (factor or 1), answer.tolerance), expected
    ):
        if abs(factor + 1) < answer.tolerance:
            return "the sign is turned."
        if _is_plain(factor, answer.tolerance) or int((expected != 0).sum()) > 1:
            return (
                f"the answer is {_spelled(factor)} times the right one: a factor is missing or too"
                " much."
            )
    if value.dim() == 1 and near(
        Answer(value.sort().values, answer.tolerance), expected.sort().values
    ):
        return "the numbers are right, but their order is not."
    gap = float((value - expected).abs().max())
    return f"the largest difference to the right answer is {gap:.3g}."


def _is_plain(factor: float, tolerance: float) -> bool:
    """Is it a number that people forget: a whole one, or one over a whole one?"""
    size = abs(factor)
    whole = size if size >= 1 else 1 / size if size else 0.0
    return 1 < round(whole) <= 20 and abs(whole - round(whole)) < tolerance * whole


def _spelled(factor: float) -> str:
    exact = Fraction(factor).limit_denominator(20)
    return str(exact) if abs(float(exact) - factor) < 1e-6 * abs(factor) else f"{factor:.4g}"

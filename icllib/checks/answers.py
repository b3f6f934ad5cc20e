"""What was handed in, read gently: numbers from whatever holds them, values from functions that may
do anything."""

from __future__ import annotations

import contextlib
import copy
import math
import numbers
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from icllib.checks.stubs import is_stub
from icllib.tasks import Prompts

__all__ = ["Answer", "AnswerError", "blind", "call", "call_blindly", "read", "said", "several"]

#: Relative distance below which two numbers count as equal, by what the coarser one can hold;
#: another formula is off by more.
_TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-4}
_COARSEST = 1e-2  # half precision, and whatever else there may be
_DEEPEST = 6  # no answer has more axes

_OPEN = "replace the ... by your answer and run the cell again."


class AnswerError(Exception):
    """The answer cannot be judged any further.

    Attributes:
        verdict: as in `Feedback`.
        message: why, in a sentence.
    """

    def __init__(self, verdict: str, message: str) -> None:
        super().__init__(message)
        self.verdict, self.message = verdict, message


@dataclass(frozen=True)
class Answer:
    """Numbers that were handed in.

    Attributes:
        value: the numbers, float64, all finite.
        tolerance: relative distance below which they count as equal to others: an answer in single
            precision is judged as one.
    """

    value: Tensor
    tolerance: float

    def shaped(self, *shape: int, name: str = "the answer") -> Answer:
        """The same numbers with this shape; one number may stand in any number of brackets, and a
        list in a few.

        Raises:
            AnswerError: they have another shape.
        """
        given = tuple(self.value.shape)
        one_number = math.prod(shape) == 1 and self.value.numel() == 1
        in_brackets = given[: len(shape)] == shape and math.prod(given) == math.prod(shape)
        a_list = len(shape) == 1 and tuple(n for n in given if n != 1) == shape
        if one_number or in_brackets or a_list:
            return Answer(self.value.reshape(shape), self.tolerance)
        turned = len(given) == 2 and given[::-1] == shape
        raise AnswerError(
            "not yet",
            f"{name} has shape {given}, expected {tuple(shape)}"
            + (": it is transposed." if turned else "."),
        )


def read(given: object, name: str = "the answer") -> Answer:
    """The numbers in a number, a tensor, an array, a list of such, or anything else that can say
    what number it is.

    Args:
        given: Python's, NumPy's, torch's and SymPy's numbers, and lists, tuples and arrays of them,
            nested or not.
        name: what to call it in a sentence.

    Raises:
        AnswerError: it holds something else, is ragged, or holds NaN or infinity; or a part of it
            is still open.
    """
    if isinstance(given, Answer):
        return given
    coarse = [_TOLERANCE[torch.float64]]
    try:
        value = torch.tensor(_numbers(given, name, coarse, 0), dtype=torch.float64)
    except AnswerError:
        raise
    except OverflowError:
        raise AnswerError(
            "not yet", f"{name} holds a number that is too large for floating point."
        ) from None
    except (TypeError, ValueError):
        raise AnswerError(
            "not yet", f"{name} is ragged: its rows have different lengths or depths."
        ) from None
    except Exception as error:
        raise AnswerError("not yet", f"{name} cannot be read: {said(error)}") from None
    if not torch.isfinite(value).all():
        words = "Is something divided by zero, or a whole row masked?"
        raise AnswerError("not yet", f"{name} holds NaN or infinity. {words}")
    return Answer(value, max(coarse))


def several(answers: tuple) -> object:
    """Several answers, handed over bare or as one list: check(1, 2) is check([1, 2])."""
    if not answers:
        return None
    return answers[0] if len(answers) == 1 else answers


def _numbers(part: object, name: str, coarse: list[float], depth: int) -> object:
    """Nested lists of floats; `coarse` collects the tolerances of the types that were met."""
    if part is None or part is ...:
        raise AnswerError(
            "not answered",
            _OPEN if depth == 0 else f"a part of {name} is still open ({_open_name(part)}).",
        )
    if depth > _DEEPEST:
        raise AnswerError(
            "not yet", f"{name} is nested more than {_DEEPEST} deep, expected numbers."
        )
    if isinstance(part, Tensor):
        return _of_tensor(part, name, coarse)
    if isinstance(part, np.ndarray | np.generic):
        return _of_array(part, name, coarse, depth)
    if isinstance(part, list | tuple | range):
        return [_numbers(one, name, coarse, depth + 1) for one in part]
    if isinstance(part, str | bytes | set | frozenset | dict | type | complex):
        raise _unexpected(part, name, depth)
    if isinstance(part, numbers.Real):
        return float(part)
    if hasattr(part, "tolist"):
        return _numbers(part.tolist(), name, coarse, depth + 1)
    if isinstance(part, Sequence):
        return _numbers(list(part), name, coarse, depth)
    try:
        return float(part)
    except Exception:
        raise _unexpected(part, name, depth) from None


def _of_tensor(part: Tensor, name: str, coarse: list[float]) -> object:
    if part.is_complex():
        raise AnswerError("not yet", f"{name} has dtype {part.dtype}, expected real numbers.")
    if part.is_floating_point():
        coarse.append(_TOLERANCE.get(part.dtype, _COARSEST))
    return part.detach().to_dense().cpu().double().tolist()


def _of_array(part: np.ndarray | np.generic, name: str, coarse: list[float], depth: int) -> object:
    if part.dtype.kind == "O":
        return _numbers(part.tolist(), name, coarse, depth + 1)
    if part.dtype.kind not in "biuf":
        raise AnswerError("not yet", f"{name} is an array of {part.dtype}, expected real numbers.")
    if part.dtype.kind == "f":
        coarse.append({8: 1e-6, 4: 1e-4, 2: _COARSEST}.get(part.dtype.itemsize, 1e-6))
    return part.astype(np.float64).tolist()


def _unexpected(part: object, name: str, depth: int) -> AnswerError:
    kind = type(part).__name__
    cures = {
        "set": " (a set has no order: write a list)",
        "generator": " (write list(...) around it)",
    }
    cures |= {"function": " (did you forget to call it?)"}
    inside = "holds" if depth else "is"
    return AnswerError(
        "not yet", f"{name} {inside} {_article(kind)}{cures.get(kind, '')}, expected numbers."
    )


def _article(kind: str) -> str:
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


def _open_name(part: object) -> str:
    return "None" if part is None else "..."


def said(error: BaseException) -> str:
    """An error's name and the beginning of what it says."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    return f"{type(error).__name__}: {text[:200]}" if text else f"{type(error).__name__}."


def blind(prompts: Prompts, y_query: Tensor | None = None) -> Prompts:
    """A copy without what an answer may not see: y_query is zero (or what is given), and there are
    no weights."""
    hidden = torch.zeros_like(prompts.y_query) if y_query is None else y_query
    return Prompts(prompts.x.clone(), prompts.y.clone(), prompts.x_query.clone(), hidden.clone())


def call(function: object, *arguments: object) -> object:
    """The function's value for copies of the arguments, so that it cannot change what it is
    compared with.

    Prompts come without their hidden answers, random numbers from a fixed seed, and torch's default
    precision is that of the arguments.

    Raises:
        AnswerError: it is no function, it raises, or it returns None though it is no stub. A
            KeyboardInterrupt is nobody's answer, and goes on.
    """
    return _run(function, tuple(map(_copied, arguments)))


def _run(function: object, arguments: tuple) -> object:
    if function is None or function is ...:
        raise AnswerError("not answered", _OPEN)
    if not callable(function):
        raise AnswerError(
            "not yet", f"the answer is {_article(type(function).__name__)}, expected a function."
        )
    try:
        with _surroundings(arguments):
            value = function(*arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        hidden = any(isinstance(argument, Prompts) for argument in arguments)
        note = " (Here y_query is hidden, and weights is None.)" if hidden else ""
        raise AnswerError("not yet", f"your function raised {said(error)}{note}") from None
    if hasattr(type(value), "__await__"):
        with contextlib.suppress(Exception):
            value.close()
    if value is None and not is_stub(function):
        raise AnswerError("not yet", "your function returned None: is there a return?")
    return value


def call_blindly(learner: object, prompts: Prompts) -> Answer:
    """A learner's predictions, (batch, N_y); it never sees the hidden answers, and is told off if
    it looks for them.

    Raises:
        AnswerError: as `call` and `read`; or the predictions have another shape, or change with
            what stands in y_query.
    """
    noise = torch.randn(prompts.y_query.shape, generator=torch.Generator().manual_seed(0)).to(
        prompts.y_query
    )

    def predictions(shown: Tensor) -> Answer:
        answer = read(_run(learner, (blind(prompts, shown),)), "what your learner returned")
        if (
            answer.value.shape == prompts.y_query.shape[:1]
        ):  # one number a prompt, without an axis for N_y
            answer = Answer(answer.value[:, None], answer.tolerance)
        return answer.shaped(*prompts.y_query.shape, name="what your learner returned")

    first, other = predictions(0 * noise), predictions(noise)
    looks = not torch.equal(first.value, other.value)
    if looks and torch.equal(
        first.value, predictions(0 * noise).value
    ):  # else it draws numbers of its own
        raise AnswerError(
            "not yet", "its answer changes with y_query: the hidden answer must stay hidden."
        )
    return first


@contextlib.contextmanager
def _surroundings(arguments: tuple) -> Iterator[None]:
    before = torch.get_default_dtype()
    dtypes = {argument.dtype for argument in arguments if isinstance(argument, Tensor)}
    dtypes |= {argument.x.dtype for argument in arguments if isinstance(argument, Prompts)}
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)  # of the CPU alone: others are slow
        try:
            if torch.float64 in dtypes:
                torch.set_default_dtype(torch.float64)
            yield
        finally:
            torch.set_default_dtype(before)


def _copied(argument: object) -> object:
    if isinstance(argument, Prompts):
        return blind(argument)
    if isinstance(argument, Tensor):
        return argument.detach().clone()
    return copy.deepcopy(argument) if isinstance(argument, nn.Module) else argument

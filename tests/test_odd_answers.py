"""Whatever is handed in, a check answers in a sentence, and what is no number is never right."""

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch
from handed_in import TABLE, Entry
from hypothesis import given, settings
from hypothesis import strategies as st
from test_checks import NAMES, changed
from torch import Tensor

from icllib.checks import chapter_02
from icllib.checks.feedback import compare

# Odd things --------------------------------------------------------------------------------------


class Evil:
    """Whatever is asked of it fails."""

    def _fail(self, *_: object) -> None:
        raise RuntimeError("no")

    __float__ = __len__ = __iter__ = __getitem__ = __array__ = __bool__ = __eq__ = __str__ = (
        __repr__
    ) = _fail
    __hash__ = None

    def __getattr__(self, name: str) -> None:
        raise RuntimeError(name)


class Quits(BaseException):
    pass


def raises(error: BaseException) -> Callable:
    def answer(*_: object) -> None:
        raise error

    return answer


def within_itself() -> list:
    ring = []
    ring.append(ring)
    return ring


ODD = [
    *(
        None,
        ...,
        "two",
        b"7",
        "",
        True,
        [],
        (),
        {},
        {"a": 1},
        {1, 2},
        object(),
        Evil(),
        int,
        math,
        NotImplemented,
    ),
    *(
        1j,
        complex("nan"),
        torch.tensor(1j),
        np.complex64(1),
        [1, 2j],
        math.nan,
        -math.inf,
        [1.0, math.nan],
    ),
    *(
        torch.tensor(math.nan),
        np.float32("inf"),
        Decimal("NaN"),
        Decimal("1.5"),
        Fraction(1, 3),
        10**400,
        -(10**25),
    ),
    *(
        [[1], [1, 2]],
        [1, [2]],
        [None],
        [..., ...],
        ["1", 2],
        within_itself(),
        [[[[[[[[[1]]]]]]]]],
        range(3),
    ),
    *(
        torch.zeros(0),
        torch.zeros(2, 0, 3),
        torch.zeros(3, 3),
        torch.zeros(2, 3, 4),
        torch.eye(3).to_sparse(),
    ),
    *(
        torch.empty(2, device="meta"),
        torch.ones(2, dtype=torch.bool),
        torch.nn.Linear(2, 2),
        torch.float64,
    ),
    *(
        np.array(["a"]),
        np.array([None, 1], dtype=object),
        np.datetime64("2026-01-01"),
        np.zeros((2, 2), dtype=[("a", "f4")]),
    ),
    *(
        sympy.Symbol("x"),
        sympy.I,
        sympy.oo,
        sympy.nan,
        sympy.Matrix([[1, 2]]),
        (n for n in [1, 2]),
        iter([1]),
    ),
    *(1e300, [1e300, -1e300], [1e-320] * 3),
]
FUNCTIONS = [
    lambda: 1,
    lambda *_: 1,
    lambda one: one,
    lambda *arguments: arguments,
    lambda *arguments: arguments[0],
    raises(ValueError("no")),
    raises(Quits("no")),
    raises(SystemExit()),
    raises(AssertionError()),
    raises(Exception(Evil())),
    raises(RecursionError()),
    *[(lambda *_, odd=odd: odd) for odd in ODD],
]


def odd_calls(entry: Entry, odd: object) -> list[tuple]:
    """The odd thing in the place of each argument, and in all that are the reader's."""
    places = [(*entry.right[:i], odd, *entry.right[i + 1 :]) for i in range(len(entry.right))]
    return [*places, (odd,) * entry.answers + entry.right[entry.answers :]]


def assert_a_sentence(entry: Entry, handed_in: tuple) -> None:
    told = entry.check(*handed_in)
    assert told.verdict in ("right", "not yet", "not answered") and told.message.strip()
    assert "cannot be judged" not in told.message
    assert isinstance(repr(told), str)


@pytest.mark.slow
@pytest.mark.parametrize("entry", TABLE, ids=NAMES)
def test_whatever_is_handed_in_a_check_answers_in_a_sentence(entry):
    for odd in ODD + FUNCTIONS:
        for handed_in in odd_calls(entry, odd):
            assert_a_sentence(entry, handed_in)


@pytest.mark.parametrize(
    "odd",
    [math.nan, math.inf, torch.tensor(math.nan), "one", 1j, None, ..., [[1], [1, 2]], Evil()],
    ids=lambda o: type(o).__name__,
)
@pytest.mark.parametrize("entry", TABLE, ids=NAMES)
def test_what_is_no_number_is_never_right(entry, odd):
    for handed_in in (odd, lambda *_: odd, [odd, odd], lambda *_: (odd, odd)):
        assert not entry.check(*[handed_in] * entry.answers, *entry.right[entry.answers :])


@pytest.mark.parametrize("entry", TABLE, ids=NAMES)
def test_nan_in_a_right_answer_makes_it_wrong(entry):
    def spoilt(value: Tensor) -> Tensor:
        value = value.double().clone()
        value.view(-1)[-1] = math.nan
        return value

    handed_in = tuple(changed(part, spoilt) for part in entry.right[: entry.answers])
    if entry.check.__name__ == "homogeneous":  # its answer is True and False
        handed_in = ([0.0, 1.0, 0.0, math.nan],)
    if entry.check.__name__ != "side_layer":  # its answer is a layer: handed_in has one with NaN
        assert entry.check(*handed_in, *entry.right[entry.answers :]).verdict == "not yet"


NUMBERS = st.one_of(
    st.integers(-5, 5),
    st.floats(),
    st.fractions(),
    st.decimals(),
    st.booleans(),
    st.none(),
    st.complex_numbers(),
    st.text(max_size=2),
)
THINGS = st.recursive(
    NUMBERS, lambda part: st.lists(part, max_size=3) | st.tuples(part, part), max_leaves=6
)


@pytest.mark.slow
@pytest.mark.parametrize("entry", TABLE, ids=NAMES)
@settings(max_examples=100)
@given(odd=THINGS, by_function=st.booleans())
def test_random_things_get_a_sentence_too(entry, odd, by_function):
    handed_in = (lambda *_: odd) if by_function else odd
    for arguments in odd_calls(entry, handed_in):
        assert_a_sentence(entry, arguments)


@pytest.mark.parametrize("entry", TABLE, ids=NAMES)
def test_an_open_exercise_is_not_counted_as_wrong(entry):
    rest = entry.right[entry.answers :]
    assert entry.check(*[...] * entry.answers, *rest).verdict == "not answered"
    if callable(entry.right[0]):
        assert entry.check(lambda *_: None).verdict == "not answered"
        assert entry.check(lambda *_: ...).verdict == "not answered"


def test_a_check_that_is_called_with_too_much_says_so():
    assert "cannot be judged" in chapter_02.first_step(1, 2, 3).message
    assert chapter_02.first_step().verdict == "not yet"


def test_an_interrupt_is_nobody_s_answer():
    with pytest.raises(KeyboardInterrupt):
        chapter_02.gradient_step(raises(KeyboardInterrupt()))


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({1, 2}, "a set has no order"),
        ((n for n in [1]), "write list(...)"),
        (raises(ValueError()), "did you forget to call it"),
        (1j, "is a complex"),
        ([1, "a"], "holds a str"),
        ([[1], [1, 2]], "ragged"),
        ([1, None], "still open"),
        (10**400, "too large"),
        (math.nan, "NaN or infinity"),
    ],
)
def test_a_sentence_says_what_was_handed_in(odd, words):
    assert words in compare(odd, torch.tensor(1.0), "").message

"""Right answers are right in any form, and each known mistake is told as what it is."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch
from handed_in import MODULES, TABLE
from torch import Tensor

from icllib.checks import NotRightError, chapter_02, feedback
from icllib.checks.answers import call
from icllib.checks.feedback import compare

NAMES = [entry.check.__module__.split(".")[-1] + "." + entry.check.__name__ for entry in TABLE]


def each(kind: str) -> pytest.MarkDecorator:
    """The answers of one kind, each with its check."""
    cases = [
        (name, entry, answer)
        for name, entry in zip(NAMES, TABLE, strict=True)
        for answer in getattr(entry, kind)
    ]
    places = [f"{name}-{i}" for i, (name, *_) in enumerate(cases)]
    return pytest.mark.parametrize(("entry", "answer"), [case[1:] for case in cases], ids=places)


def test_every_check_stands_in_the_table():
    public = {
        module.__name__.split(".")[-1] + "." + name for module in MODULES for name in module.__all__
    }
    assert public == set(NAMES) and len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("entry", TABLE, ids=NAMES)
def test_a_right_answer_is_right(entry):
    assert entry.check(*entry.right).must_hold()


@each("also")
def test_a_right_answer_in_another_form_is_right_as_well(entry, answer):
    assert entry.check(*answer).must_hold()


@each("wrong")
def test_a_wrong_answer_is_told_what_is_wrong_with_it(entry, answer):
    words, handed_in = answer
    feedback = entry.check(*handed_in)
    assert feedback.verdict == "not yet"
    assert words in feedback.message


# Forms -------------------------------------------------------------------------------------------


def changed(answer: object, leaf: Callable[[Tensor], object]) -> object:
    """The same answer, or a function with the same value, with its numbers in another form."""
    if callable(answer) and not isinstance(answer, torch.nn.Module):
        return lambda *arguments: changed(answer(*arguments), leaf)
    if isinstance(answer, list | tuple):
        return [changed(part, leaf) for part in answer]
    if isinstance(answer, Tensor):
        return leaf(answer.detach())
    if isinstance(answer, int | float | np.generic | Fraction) and not isinstance(answer, bool):
        return leaf(torch.tensor(float(answer), dtype=torch.float64))
    return answer


def in_brackets(value: Tensor) -> object:
    return value.reshape(1, 1) if value.dim() == 0 else value


def in_sympy(value: Tensor) -> object:
    if value.dtype == torch.bool or value.numel() > 200 or value.dim() not in (0, 2):
        return value
    return sympy.Float(float(value), 20) if value.dim() == 0 else sympy.Matrix(value.tolist())


FORMS = {
    "nested lists": lambda value: value.tolist(),
    "NumPy": lambda value: value.numpy(),
    "single precision": lambda value: value.float(),
    "brackets": in_brackets,
    "SymPy": in_sympy,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("entry", TABLE, ids=NAMES)
def test_the_form_of_numbers_does_not_matter(entry, form):
    handed_in = tuple(changed(part, FORMS[form]) for part in entry.right[: entry.answers])
    assert entry.check(*handed_in, *entry.right[entry.answers :]).must_hold()


SEVERAL = [
    entry
    for entry in TABLE
    if any(p.kind is p.VAR_POSITIONAL for p in inspect.signature(entry.check).parameters.values())
]


@pytest.mark.parametrize("entry", SEVERAL, ids=lambda entry: entry.check.__name__)
def test_several_answers_may_come_bare(entry):
    assert entry.check(*entry.right[0]).must_hold()
    assert entry.check(*[...] * len(entry.right[0])).verdict == "not answered"


@pytest.mark.parametrize(
    ("number", "digits", "is_right"),
    [
        (4.2, 3, True),
        (4.20, 2, True),
        (4.2018, 2, True),
        (4.202, 2, True),
        (4.201, 2, True),  # cut off
        (4, 2, False),
        (4.3, 2, False),
        (4.23, 2, False),  # whoever shows three digits is held to them
        (-4.2, 2, False),
        (4.2000001, 2, False),
        (4.2, None, False),
    ],
)
def test_a_typed_number_counts_at_the_precision_that_the_page_shows(number, digits, is_right):
    assert bool(compare(number, torch.tensor(4.2018), "", digits=digits)) is is_right


def test_a_hint_is_found_at_the_same_precision_and_the_right_answer_comes_first():
    mistakes = {"near": torch.tensor(4.23), "far": torch.tensor(8.4036)}
    expected = torch.tensor(4.2018)
    assert compare(8.4, expected, "", mistakes, digits=2).message == "far"
    assert compare(4.23, expected, "", mistakes, digits=2).message == "near"
    assert compare(4.2, expected, "", mistakes, digits=2)


@pytest.mark.parametrize(
    ("given", "expected", "words"),
    [
        (0.75, 0.7608, "the largest difference"),
        (0.3804, 0.7608, "1/2 times the right one"),
        (2.2824, 0.7608, "3 times the right one"),
        (-0.7608, 0.7608, "the sign is turned"),
        ([0.3, 0.6], [1.0, 2.0], "3/10 times the right one: a factor"),
        ([0.0, 0.3], [0.0, 1.0], "the largest difference"),
        ([[1, 3], [2, 4]], [[1, 2], [3, 4]], "the transpose of the right matrix"),
        ([3, 1, 2], [1, 2, 3], "their order is not"),
    ],
)
def test_how_far_an_answer_is_from_the_right_one(given, expected, words):
    assert words in compare(given, torch.tensor(expected), "").message


def test_numbers_in_single_precision_are_held_to_single_precision():
    expected = torch.tensor(1 / 3, dtype=torch.float64)
    off = 1 / 3 * (1 + 2e-5)
    assert not compare(off, expected, "")
    assert compare(np.float32(off), expected, "") and compare(torch.tensor([off]), expected, "")
    assert not compare(np.float32(1 / 3 * 1.001), expected, "")


# Hints -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", TABLE, ids=NAMES)
def test_each_known_mistake_gets_its_own_hint(entry, monkeypatch):
    seen = []

    def spy(given, expected, right, mistakes=None, **options):
        seen.append((expected, mistakes or {}, options))
        return compare(given, expected, right, mistakes, **options)

    for module in (feedback, *MODULES):
        if hasattr(module, "compare"):
            monkeypatch.setattr(module, "compare", spy)
    entry.check(*entry.right).must_hold()
    for expected, mistakes, options in seen:
        for hint, value in mistakes.items():
            told = compare(value, expected, "", mistakes, **options)
            assert (told.verdict, told.message) == ("not yet", hint)


# What an answer can reach ------------------------------------------------------------------------


def test_an_answer_gets_copies():
    mine = torch.ones(3)
    call(lambda x: x.mul_(2), mine)
    assert torch.equal(mine, torch.ones(3))


def test_an_answer_cannot_move_torch_s_settings_or_draws():
    state, dtype = torch.get_rng_state(), torch.get_default_dtype()
    call(lambda x: (torch.set_default_dtype(torch.float16), torch.rand(3)), torch.ones(3))
    assert torch.equal(state, torch.get_rng_state()) and torch.get_default_dtype() == dtype


def test_a_learner_that_draws_numbers_of_its_own_is_not_taken_for_one_that_looks():
    generator = torch.Generator().manual_seed(0)
    told = MODULES[3].own_learner(lambda p: torch.rand(p.y_query.shape, generator=generator))
    assert "nearest neighbour" in told.message


def test_a_solution_that_is_wrong_stops_the_build():
    with pytest.raises(AssertionError, match="1/N is missing") as caught:
        chapter_02.first_step(0.7).must_hold()
    assert isinstance(caught.value, NotRightError) and caught.value.feedback.verdict == "not yet"
    assert chapter_02.first_step(0.35).must_hold()


@pytest.mark.slow
def test_a_wrong_answer_stops_a_python_without_assertions_too():
    code = "from icllib.checks import chapter_02; chapter_02.first_step(0.7).must_hold()"
    done = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and "1/N is missing" in done.stderr


# The answer, changed -----------------------------------------------------------------------------

#: What these do to an answer leaves it right.
SAME = {
    "two_rates": "either order is right",
    "power": "the numbers may come in any order",
    "same_as_momentum": "either order is right",
    "orthogonal_keys": "keys may come in any order and with any sign",
    "ridge_as_data": "examples may come in any order, and an extra one with another sign",
    "decay_tokens": "tokens may come in any order and with any sign",
    "singular_inputs": "every multiple of singular inputs is singular",
    "weights_for_sum_loss": "P may hold anything in the columns that read x",
    "own_learner": "it has to be better than a neighbour, not best",
    "adaptive": "it has to be near the best, not best",
    "better": "it has to be better than GD++, not best",
    "four_matrices": "two matrices may turn their signs together",
    "average_and_select": "a head that averages does so with any keys",
    "side_layer": "its answer is a layer",
    "copy_backward": "two of the four matrices may turn their signs together",
    "shift_for": "more than one matrix maps the positions",
    "smoother": "keys may be moved by a constant",
    "features": "multiples of features span the same",
}


def one_sign(value: Tensor) -> Tensor:
    value = value.double().clone()
    place = int(value.abs().argmax())
    value.view(-1)[place] *= -1
    return value


CHANGES = {
    "minus": lambda value: -value.double(),
    "twice": lambda value: 2 * value.double(),
    "half": lambda value: value.double() / 2,
    "a percent more": lambda value: 1.03 * value.double(),
    "one sign": one_sign,
    "the next index": lambda value: (
        value.double().flatten().roll(1).reshape(value.shape)
        if value.numel() > 1
        else -value.double()
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "entry", [e for e in TABLE if e.check.__name__ not in SAME], ids=lambda e: e.check.__name__
)
def test_an_answer_with_a_sign_a_factor_or_an_index_changed_is_refused(entry, change):
    wrong = tuple(changed(part, CHANGES[change]) for part in entry.right[: entry.answers])
    if entry.check.__name__ == "homogeneous" or (
        isinstance(entry.right[0], list) and change == "the next index"
    ):
        wrong = (entry.right[0][1:] + entry.right[0][:1],)
    assert entry.check(*wrong, *entry.right[entry.answers :]).verdict == "not yet"

"""The checks of the assignments: a mistake that learners make is told by name, whatever the
numbers are."""

import re
from pathlib import Path

import pytest
import torch
from slips import OTHER_SLIPS, SLIPS

from icllib.checks import assignment_01, assignment_02, assignment_03, assignment_04
from icllib.course.source import read_source
from icllib.course.variant import filled

ROOT = Path(__file__).resolve().parent.parent
MODULES = {
    "01": assignment_01,
    "02": assignment_02,
    "03": assignment_03,
    "04": assignment_04,
}
PATHS = sorted((ROOT / "assignments").glob("*/source.md"))
SOURCES = {source.key.id: source for source in map(read_source, PATHS)}
OTHERS = {
    "01": {"factor": 3, "start": 0.5},
    "02": {"sink": 1, "power": 0.25},
    "03": {"base": 1, "ahead": 0.5},
    "04": {"loops": 2, "reach": 2},
}
OTHER_SOURCES = {
    path.parent.name[:2]: read_source(path, OTHERS[path.parent.name[:2]]) for path in PATHS[:4]
}


def names_of(source):
    """The names that all of an assignment's solutions make."""
    names = {}
    exec(source.key.setup, names)
    for code in source.solutions().values():
        exec(code, names)
    return names


@pytest.fixture(autouse=True)
def single_precision_again():
    yield
    torch.set_default_dtype(torch.float32)


def cases(slips):
    return [
        (number, question, old, new, words)
        for number, module in MODULES.items()
        for question in module.__all__
        for old, new, words in slips.get(question, [])
    ]


def told_of(source, question, old, new):
    """What the public check says of a solution that was changed."""
    code, values = source.solutions()[question], source.key.variant
    names = names_of(source) | {"check": MODULES[source.key.id]}
    if source.key.id == "04":
        exec(ONCE, names)
    assert filled(old, values) in code
    exec(code.replace(filled(old, values), filled(new, values)), names)
    return eval(next(t.code for t in source.key.tests if t.question == question), names)


ONCE = """
def once(layer, x, y, x_query):
    tokens = join_tokens(Prompts(x, y, x_query, torch.zeros_like(x_query[:, :1])))
    return read_prediction(layer(tokens), 1)
"""


@pytest.mark.parametrize(("number", "question", "old", "new", "words"), cases(SLIPS))
def test_a_mistake_is_told_by_name(number, question, old, new, words):
    told = told_of(SOURCES[number], question, old, new)
    assert told.verdict == "not yet" and re.search(words, told.message), told


@pytest.mark.parametrize(
    ("number", "question", "old", "new", "words"), cases(SLIPS) + cases(OTHER_SLIPS)
)
def test_a_mistake_is_told_by_name_in_a_variant(number, question, old, new, words):
    told = told_of(OTHER_SOURCES[number], question, old, new)
    assert told.verdict == "not yet" and re.search(words, told.message), told


@pytest.mark.slow
@pytest.mark.parametrize("number", MODULES)
@pytest.mark.parametrize(
    "seed",  # at 246 and 266, two numbers of steps tie
    [246, 266, 2024, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 77))],
)
def test_solutions_hold_for_the_numbers_of_any_year(seed, number):
    names = names_of(SOURCES[number])
    for question in MODULES[number].__all__:
        getattr(MODULES[number], question)(names[question], seed=seed).must_hold()


def test_every_check_of_an_assignment_is_asked_in_public_and_in_hiding():
    for number, module in MODULES.items():
        tests = SOURCES[number].key.tests
        for hidden in (False, True):
            asked = {test.question for test in tests if test.is_hidden == hidden}
            assert asked == set(module.__all__)


def test_every_question_has_its_mistakes_tried():
    untried = {q for module in MODULES.values() for q in module.__all__} - set(SLIPS)
    assert untried == {"best_stop", "trained"}


def test_best_stop_names_the_loss_that_always_falls():
    names = names_of(SOURCES["01"])
    best = names["best_stop"]
    told = assignment_01.best_stop(lambda x, y, new, label, lr, most: best(x, y, x, y, lr, most))
    assert "*old* examples" in told.message


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        (lambda k, d: (d, k), "the pair is turned around"),
        (lambda k, d: (k + 1, d), "one step too many"),
        (lambda k, d: (k - 1, d), "one step too few"),
        (lambda k, d: (k + 7, d), "after another number of steps"),
        (lambda k, d: (k + 0.5, d), "a whole number from 0 to 400"),
        (lambda k, d: (k, 1.03 * d), "none of torch.logspace"),
        (lambda k, d: (k, d * 10**0.1), "with another one of the grid"),
    ],
)
def test_best_stop_says_what_is_wrong_with_either_number(slip, words):
    best = names_of(SOURCES["01"])["best_stop"]
    told = assignment_01.best_stop(lambda *given: slip(*best(*given)))
    assert not told and words in told.message


def test_a_layer_that_was_not_trained_is_told_so():
    from icllib.attention import LinearSelfAttention

    told = assignment_04.trained(lambda dim_x, n_context, seed: LinearSelfAttention(dim_x + 1))
    assert "learnt nothing" in told.message
    assert "expected the layer" in assignment_04.trained(lambda *_: 3.0).message
    assert "wide" in assignment_04.trained(lambda *_: LinearSelfAttention(7)).message


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda gap, x: gap.sum() / (2 * x.shape[1]), "it is divided by N_x, not by N."),
        (lambda gap, x: gap.sum() / len(x), "the ½ is missing."),
        (lambda gap, x: gap.mean() / 2, "that is a mean over all N·N_y entries; outputs are"),
        (lambda gap, x: gap.mean(), "that is the mean of all squares"),
    ],
)
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_no_two_mistakes_of_the_loss_look_alike(wrong, words, factor):
    told = assignment_01.loss(lambda w, x, y: factor * wrong((x @ w.T - y) ** 2, x), factor=factor)
    assert told.message.startswith(words) and "Or:" not in told.message


def test_a_price_times_the_number_of_outputs_is_no_2_too_much():
    best = names_of(SOURCES["01"])["ridge"]
    told = assignment_01.ridge(lambda x, y, decay: best(x, y, decay * y.shape[1]))
    assert told.verdict == "not yet" and "2 too much" not in told.message


def test_a_forgotten_return_is_told_and_a_stub_is_not_answered():
    def forgotten(w, x, y):
        loss = (x @ w.T - y).square().sum() / (2 * len(x))  # noqa: F841

    def stub(w, x, y):
        """The loss."""
        ...

    told = assignment_01.loss(forgotten)
    assert repr(told) == "✗ Not yet: your function returned None: is there a return?"
    assert assignment_01.loss(stub).verdict == "not answered"
    assert assignment_01.loss(lambda w, x, y: ...).verdict == "not answered"

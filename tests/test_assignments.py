"""The checks of the assignments: a mistake that learners make is told by name, whatever the
numbers are."""

import re
from pathlib import Path

import pytest
import torch

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
#: question → changes of its solution, and words of what the changed one is told; in both,
#: {{ name }} stands for a number of the assignment.
SLIPS = {
    "loss": [("(2 * len(x))", "len(x)", "½ is missing"), ("(2 * len(x))", "2", "1/N is missing")],
    "gradient": [
        ("/ len(x)", "", "1/N is missing"),
        ("x @ w.T - y", "y - x @ w.T", "sign is turned"),
        ("x @ w.T - y", "-y", "W is missing"),
    ],
    "descend": [
        ("- lr * slope", "+ lr * slope", "these steps climb"),
        ("range(steps)", "range(steps - 1)", "W_K is missing"),
        ("torch.stack(path)", "path[-1]", "W_K alone|shape"),
        ("/ len(x)", "", "1/N is missing"),
    ],
    "ridge": [("n * decay", "decay", "N is missing"), ("n * decay", "2 * n * decay", "2 too much")],
    "steps_needed": [
        (".max()", ".min()", "the slowest decides"),
        ("eigenvalues).abs()", "eigenvalues[:1]).abs()", "overshoots"),
        ("math.ceil(", "1 + math.ceil(", "one step too many"),
        ("math.ceil(", "math.floor(", "one step too few"),
        ("/ len(x)", "", "1/N is missing"),
    ],
    "same_decay": [
        ("eigenvalue * left / (1 - left)", "left", "share that is left"),
        ("eigenvalue * left / (1 - left)", "1 - left", "share that is learnt"),
        ("left / (1 - left)", "(1 - left) / left", "exchanged"),
        ("** steps", "** (steps + 1)", "one step too many"),
    ],
    "join": [
        ("torch.cat([x, y], dim=1), query[None]", "query[None], torch.cat([x, y], dim=1)", "last"),
        ("[x, y], dim=1", "[y, x], dim=1", "x before y|difference"),
    ],
    "softmax": [
        (".amax(dim=-1, keepdim=True)", ".amax() * 0", "not for large ones"),
        ("/ size.sum(dim=-1, keepdim=True)", "", "divide by the sum|largest difference"),
        ("size.sum(dim=-1, keepdim=True)", "size[..., :-1].sum(dim=0)", "last axis|difference"),
    ],
    "attention": [
        ("/ len(W_K) ** {{ power }}", "", "division by (√d|d)"),
        ("len(W_K) ** {{ power }}", "len(W_K)", "it is (√d|d.0)"),
        ("tokens + weights", "weights", "add it to the tokens"),
        ("queries @ keys.T", "keys @ queries.T", "exchanged"),
    ],
    "causal_heads": [
        (".triu(1)", ".triu(1) & False", "mask is missing"),
        (".triu(1)", ".tril(-1)", "mask is turned"),
        ("tokens + torch", "torch", "add it to the tokens"),
    ],
    "linear_attention": [
        ("context = tokens[:-1]", "context = tokens", "the query is not asked"),
        ("tokens + tokens", "tokens", "add it to the tokens"),
        (
            "tokens @ W_Q.T @ memory.T",
            "(tokens @ W_Q.T @ (context @ W_K.T).T) @ (context @ W_V.T)",
            "table of all scores",
        ),
    ],
    "kernel_head": [
        ("d ** {{ power }} / width", "1 / width", "undo that"),
        ("= -0.5", "= 0.0", "‖x_i‖² is missing"),
        ("= -0.5", "= -1.0", "difference"),
        ("width**2", "(-(width**2))", "far examples weigh most"),
    ],
    "weighted_step": [
        ("+ s)[:, None]", "+ s)[:, None] ** 2", "not squared"),
        ("({{ base }} + s)[:, None]", "1", "forgotten"),
        ("/ len(x)", "", "1/N is missing"),
    ],
    "weighted_layer": [
        ("lr / n_context", "lr", "N is forgotten"),
        ("-torch.eye(dim_y)", "torch.eye(dim_y)", "sign is turned"),
        ("W_K[:, dim_x + dim_y :]", "W_K[:, :dim_x]", "without weights"),
        ("W_Q[:, :dim_x]", "W_Q[:, dim_x + dim_y :]", "does not move"),
    ],
    "velocities": [
        ("left - velocity", "left + velocity", "difference"),
        ("= beta * velocity", "= velocity", "never shrinks"),
        ("/ len(x)", "", "1/N is missing"),
    ],
    "momentum_layer": [
        ("-beta * one, beta * one", "-beta * one, one", "difference|never shrinks"),
        ("-beta * one, beta * one", "0 * one, beta * one", "not after 2"),
        ("P[of_y], P[of_v] = -lr / n_context * one, lr", "P[of_y], P[of_v] = -lr * one, lr", ""),
        ("W_V[:, of_y] = one", "W_V[:, of_y] = -one", "both signs"),
    ],
    "query_loss": [
        (".mean() / 2", ".mean()", "½ is missing"),
        (".mean() / 2", ".sum() / 2", "sum"),
    ],
    "sensitivity": [("answers.sum()", "-answers.sum()", "sign is turned")],
    "alignment": [
        ("gap.square().mean().sqrt()", "gap.square().mean()", "root"),
        ("gap.square().mean().sqrt()", "gap.abs().mean()", "absolute"),
    ],
    "read_off": [
        ("-n_context *", "-", "N is missing"),
        ("-n_context", "n_context", "sign is turned"),
        (".mean()", ".sum()", "sum of the diagonal"),
        ("[:dim_x].mean()", ".mean()", "x-part alone"),
    ],
}
#: the same, where the numbers are not those of the header.
OTHER_SLIPS = {
    "loss": [("{{ factor }} /", "1 /", "factor 3 in front")],
    "gradient": [("{{ factor }} /", "1 /", "factor 3 of the loss")],
    "descend": [
        ("{{ factor }} /", "1 /", "factor 3 of the loss"),
        ("{{ start }}, dtype", "0, dtype", "all entries are 0.5"),
    ],
    "ridge": [
        ("{{ factor }} * x", "x", "factor 3 of the loss"),
        ("* {{ start }}", "* 0", "whose entries are 0.5"),
    ],
    "steps_needed": [("{{ factor }} * x", "x", "factor 3 is missing in the Hessian")],
    "softmax": [
        ("1], {{ sink }})", "1], 0)", "1 has to be added"),
        ("{{ sink }}).log()", "{{ sink }}).log() + scores.amax(-1, True)", "shrinks with"),
    ],
    "attention": [
        ("** {{ power }}", "** 0.5", "by √d; it is d.0.25"),
        ("softmax(", "torch.softmax(dim=-1, input=", "1 in the sum"),
    ],
    "causal_heads": [("softmax(", "torch.softmax(dim=-1, input=", "1 in the sum")],
    "kernel_head": [("W_Q[dim_x + 1, dim_x] = -0.5", "", "‖x_q‖² is missing")],
    "weighted_step": [("{{ base }} + s", "s", "counts 1 . s, not s alone")],
    "weighted_layer": [("= {{ base }} *", "= 0 *", "keys have to read x as well")],
    "velocities": [
        ("{{ ahead }} * beta", "0 * beta", "at W . 0.5 β V, not at W"),
        ("{{ ahead }} * beta", "{{ ahead }}", "β is missing"),
        ("{{ ahead }} * beta", "beta", "0.5 is missing"),
    ],
    "momentum_layer": [
        ("{{ ahead }} * beta", "0 * beta", "read the velocity too"),
        ("{{ ahead }} * beta", "{{ ahead }}", "β is missing"),
        ("-{{ ahead }} * beta", "{{ ahead }} * beta", "with the wrong sign"),
    ],
    "alignment": [("range({{ loops }})", "range(1)", "takes 2 steps")],
    "query_loss": [("range({{ loops }})", "range(1)", "2 times")],
    "sensitivity": [("predict(layer", "once(layer", "2 times")],
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

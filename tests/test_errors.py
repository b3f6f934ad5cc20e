import json
import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from icllib import construct, learners, theory
from icllib.attention import LinearSelfAttention, Transformer
from icllib.errors import (
    InputError,
    check_choice,
    check_count,
    check_number,
    check_per_step,
    shapes_only,
)
from icllib.tasks import LinearTask
from icllib.tokens import join_tokens, read_prediction

THREES = [3, np.int64(3), np.uint8(3), np.array(3), torch.tensor(3)]
HALVES = [0.5, np.float64(0.5), np.float32(0.5), np.float16(0.5), np.array(0.5), Fraction(1, 2)]


@pytest.mark.parametrize("three", THREES)
def test_an_integer_is_an_integer_whoever_made_it(three):
    assert type(check_count("n", three)) is int and check_count("n", three) == 3
    assert type(check_number("n", three)) is (torch.Tensor if torch.is_tensor(three) else int)
    with shapes_only():
        assert check_count("n", three) == 3


@pytest.mark.parametrize("half", HALVES)
def test_a_number_is_a_number_whoever_made_it(half):
    for found in (check_number("x", half), *check_per_step("x", half, 2)):
        assert type(found) is float and found == 0.5


def test_a_tensor_stays_one_so_that_gradients_flow():
    rates = torch.tensor([0.1, 0.2], requires_grad=True)
    found = check_per_step("lr", rates, 2)
    sum(found).backward()
    assert rates.grad.tolist() == [1, 1]
    assert check_per_step("lr", np.array([0.1, 0.2]), 2) == [0.1, 0.2]


@pytest.mark.parametrize(
    "odd",
    [True, np.bool_(True), torch.tensor(True), "3", np.str_("3"), None, ..., 3j, np.array([3]),
     torch.ones(1), [3], math.nan, np.float32("nan"), torch.tensor(math.inf),
     np.datetime64("2026-11-25"), object()],
)  # fmt: skip
def test_what_is_no_number_is_refused(odd):
    with pytest.raises(InputError, match=r"x = .*, expected a finite number"):
        check_number("x", odd)
    with pytest.raises(InputError, match=r"x = .*, expected an integer"):
        check_count("x", odd)


@pytest.mark.parametrize("low", [0, -1, 0.0, np.float32(-0.5), torch.tensor(0.0)])
def test_what_is_not_above_a_number_is_refused_and_the_least_float_above_it_is_not(low):
    with pytest.raises(InputError, match=r"x = .*, expected a finite number above 0"):
        check_number("x", low, above=0)
    assert check_number("x", 5e-324, above=0) == 5e-324


@pytest.mark.parametrize("huge", [10**400, Fraction(10**400, 3)])
def test_what_no_float_can_hold_is_not_finite(huge):
    with pytest.raises(InputError, match=r"x = .*, expected a finite number"):
        check_number("x", huge)


@pytest.mark.parametrize("bad", [0.5, np.float64(3), torch.tensor(3.0), np.int64(0), np.array(-1)])
def test_what_is_no_count_is_refused(bad):
    with pytest.raises(InputError, match=r"n = .*, expected an integer of at least 1"):
        check_count("n", bad)


def whole_library(n, number):
    """One number out of every part of the library that takes some."""
    task = LinearTask(n(3), n(1), n(4), x_scale=number(0.5), noise_std=number(0.25))
    prompts = task.sample(n(5), torch.Generator().manual_seed(0), torch.float64)
    weights = [
        learners.gradient_descent(prompts, number(0.5), n(2)),
        learners.heavy_ball(prompts, number(0.5), number(0.5), n(2)),
        learners.conjugate_gradients(prompts, n(2)),
        learners.newton_schulz(prompts, number(0.5), n(2)),
        learners.ridge(prompts, number(0.5)),
        learners.gradient_step(learners.least_squares(prompts), prompts, number(0.5)),
        learners.gradient_descent(
            prompts, learners.chebyshev_steps(number(0.25), number(0.5), n(2)), n(2)
        ),
    ]
    tokens = join_tokens(prompts)
    models = [
        construct.gd_layer(n(3), n(1), n(4), number(0.5), dim_extra=n(0)),
        construct.gd_transformer(n(3), n(1), n(4), number(0.5), n(2)),
        construct.gd_plus_plus_transformer(n(3), n(1), n(4), number(0.5), number(0.25), n(2)),
        construct.softmax_pair_layer(n(3), n(1), n(4), number(0.5), number(0.5)),
        Transformer([LinearSelfAttention(n(4), n(2), n(3), dtype=torch.float64)], looped=n(2)),
    ]
    answers = [read_prediction(model(tokens), n(1)) for model in models]
    answers.append(learners.gd_plus_plus(prompts, number(0.5), number(0.25), n(2)))
    closed = [theory.best_step_size(task), theory.expected_loss(task, number(0.5))]
    return task, [each.sum().item() for each in [*weights, *answers]] + [float(x) for x in closed]


@pytest.mark.parametrize(
    ("n", "number"),
    [
        (np.int64, np.float64),
        (np.int32, np.float32),
        (np.array, np.array),
        (torch.tensor, lambda x: torch.tensor(x, dtype=torch.float64)),
        (int, Fraction),
    ],
)
def test_numbers_of_numpy_and_torch_are_taken_wherever_numbers_go(n, number):
    task, found = whole_library(n, number)
    expected_task, expected = whole_library(int, float)
    assert found == pytest.approx(expected, rel=1e-12)
    assert task == expected_task and hash(task) == hash(expected_task)
    assert repr(task) == repr(expected_task) and json.dumps([task.n_context, task.x_scale])


def test_a_choice_is_a_name_or_an_integer_and_nothing_that_only_looks_like_one():
    check_choice("seed", 99, (99, 100))
    check_choice("law", "normal", ("normal", "uniform"))
    for value, choices in (
        (True, (1, 2)),
        (98, (99, 100)),
        ([1], (1,)),
        (torch.ones(2), (1,)),
        ("1", (1,)),
    ):
        with pytest.raises(InputError, match=r"^seed = .*, expected one of "):
            check_choice("seed", value, choices)

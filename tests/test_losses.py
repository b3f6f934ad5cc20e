import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from icllib import learners
from icllib.errors import InputError, ShapeError
from icllib.losses import summarise
from icllib.tasks import LinearTask


@given(n=st.integers(2, 300), trim=st.sampled_from([0.0, 0.01, 0.1, 0.5]), seed=st.integers(0, 99))
def test_a_summary_says_what_numpy_says(n, trim, seed):
    losses = torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    found, plain = summarise(losses, trim), np.sort(losses.numpy())
    assert found.mean == pytest.approx(plain.mean()) and found.worst == plain.max()
    assert found.interval == pytest.approx(1.96 * plain.std(ddof=1) / n**0.5)
    assert found.median == pytest.approx(np.median(plain))
    assert found.median_interval[0] <= found.median <= found.median_interval[1]
    assert found.trimmed == pytest.approx(plain[: n - math.floor(trim * n)].mean())


def test_one_huge_loss_moves_the_mean_and_neither_the_median_nor_the_trimmed_mean():
    losses = torch.rand(10_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    before = summarise(losses)
    losses[17] = 1e6
    after = summarise(losses)
    assert after.mean > 100 * before.mean and after.worst == 1e6
    assert after.median == pytest.approx(before.median, rel=1e-3)
    assert after.trimmed == pytest.approx(before.trimmed, rel=1e-2)


def test_the_median_s_interval_holds_the_median_of_a_skew_law_19_times_in_20():
    generator = torch.Generator().manual_seed(0)
    draws = torch.empty(2000, 101, dtype=torch.float64).exponential_(generator=generator) ** 3
    held = 0
    for losses in draws:
        low, high = summarise(losses).median_interval
        held += low <= math.log(2) ** 3 <= high
    assert abs(held / 2000 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 2000)


@pytest.mark.parametrize(
    ("losses", "trim", "error", "message"),
    [
        (torch.ones(3, 1), 0.01, ShapeError, "losses has shape (3, 1)"),
        (torch.ones(1), 0.01, InputError, "losses has 1 numbers, expected two or more"),
        (torch.tensor([1.0, math.nan]), 0.01, InputError, "losses holds 1 values that are NaN"),
        (torch.ones(3), 1.0, InputError, "trim = 1.0, expected a fraction below 1"),
        (torch.ones(3), -0.1, InputError, "trim = -0.1"),
    ],
)
def test_losses_that_make_no_sense_are_refused(losses, trim, error, message):
    with pytest.raises(error) as caught:
        summarise(losses, trim)
    assert message in str(caught.value)


@pytest.mark.parametrize("batch", [2, 41_666, 41_667, 100_000])
def test_the_mean_loss_in_parts_is_that_of_all_prompts_at_once(batch):
    prompts = LinearTask(3, 2, 4).sample(batch, torch.Generator().manual_seed(0), torch.float64)
    sizes = []

    def predict(some):
        sizes.append(some.batch)
        return learners.predict(learners.gradient_descent(some, 0.5, 1), some.x_query)

    for given_prompts in (
        prompts,
        type(prompts)(prompts.x, prompts.y, prompts.x_query, prompts.y_query),
    ):
        sizes.clear()
        found = learners.mean_loss(predict, given_prompts)
        assert sum(sizes) == batch and max(sizes) * 4 * 3 <= 500_000  # numbers of the examples
        whole = summarise(learners.query_loss(predict(prompts), prompts))
        assert found.mean == pytest.approx(whole.mean, rel=1e-12)
        assert found.median == pytest.approx(whole.median, rel=1e-12)


def test_the_mean_loss_follows_no_gradient_and_names_predictions_that_do_not_fit():
    prompts = LinearTask(3, 2, 4).sample(10, torch.Generator().manual_seed(0))
    scale = torch.ones((), requires_grad=True)
    assert isinstance(learners.mean_loss(lambda p: scale * p.y_query, prompts).mean, float)
    with pytest.raises(ShapeError, match="predictions has shape"):
        learners.mean_loss(lambda p: p.y_query[:, :1], prompts)

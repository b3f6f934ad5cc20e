import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from icllib import learners, theory
from icllib.errors import InputError
from icllib.tasks import LinearTask

TASKS = {
    "the paper's": LinearTask(x_scale=0.5),
    "normal, two outputs": LinearTask(4, 2, 6, x_dist="normal", w_scale=1.5),
    "rademacher, noise": LinearTask(5, 1, 8, x_dist="rademacher", noise_std=0.7),
    "correlated, noise": LinearTask(
        3, 1, 7, noise_std=0.5, covariance=torch.tensor([[2.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 0.5]])
    ),
}


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("share", [0.5, 1.0, 1.6])
def test_the_expected_loss_is_what_monte_carlo_measures(name, share):
    task = TASKS[name]
    lr = share * theory.best_step_size(task)
    prompts = task.sample(40_000, torch.Generator().manual_seed(1), dtype=torch.float64)
    predicted = learners.predict(learners.gradient_descent(prompts, lr, 1), prompts.x_query)
    losses = (predicted - prompts.y_query).square().sum(1) / 2
    z = (losses.mean() - theory.expected_loss(task, lr)) / (losses.std() / math.sqrt(len(losses)))
    assert abs(z) < 4


@given(st.sampled_from(sorted(TASKS)), st.floats(0.02, 0.5))
def test_no_other_step_size_is_better(name, away):
    best = theory.best_step_size(TASKS[name])
    least = theory.expected_loss(TASKS[name], best)
    assert theory.expected_loss(TASKS[name], best * (1 + away)) > least
    assert theory.expected_loss(TASKS[name], best * (1 - away)) > least


def test_the_paper_s_setting_has_the_known_optimum():
    task = LinearTask(x_scale=0.5)
    assert theory.best_step_size(task) == pytest.approx(200 / 33)  # N / (s (N + N_x + κ − 2)) with s = 1/12, κ = 9/5
    assert theory.expected_loss(task, 200 / 33) == pytest.approx(0.20623, abs=5e-6)


@given(st.integers(1, 20), st.integers(1, 20), st.floats(0.2, 5))
def test_doubling_the_inputs_quarters_the_step(dim_x, n_context, scale):
    small, large = (LinearTask(dim_x, 1, n_context, x_scale=s) for s in (scale, 2 * scale))
    assert theory.best_step_size(small) == pytest.approx(4 * theory.best_step_size(large))


def test_a_spherical_covariance_is_the_normal_case():
    normal, shaped = LinearTask(4, x_dist="normal"), LinearTask(4, covariance=torch.eye(4))
    assert theory.best_step_size(normal) == pytest.approx(theory.best_step_size(shaped))


def test_there_is_no_best_step_for_inputs_that_are_all_zero():
    with pytest.raises(InputError, match="x_scale = 0"):
        theory.best_step_size(LinearTask(x_scale=0.0))
    with pytest.raises(InputError, match="lr = inf"):
        theory.expected_loss(LinearTask(), math.inf)

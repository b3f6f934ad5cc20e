import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from icllib import learners, theory
from icllib.errors import InputError, ShapeError
from icllib.tasks import BalancedTask, LinearTask

TASKS = {
    "the paper's": LinearTask(x_scale=0.5),
    "normal, two outputs": LinearTask(4, 2, 6, x_dist="normal", w_scale=1.5),
    "rademacher, noise": LinearTask(5, 1, 8, x_dist="rademacher", noise_std=0.7),
    "correlated, noise": LinearTask(
        3,
        1,
        7,
        noise_std=0.5,
        covariance=torch.tensor([[2.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 0.5]]),
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
    assert theory.best_step_size(task) == pytest.approx(
        200 / 33
    )  # N / (s (N + N_x + κ − 2)) with s = 1/12, κ = 9/5
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


GAUSSIAN = {
    "along the axes": LinearTask(
        3, n_context=6, covariance=torch.diag(torch.tensor([0.25, 1.0, 4.0]))
    ),
    "rotated, noise, two outputs": LinearTask(
        3,
        2,
        7,
        noise_std=0.5,
        w_scale=1.5,
        covariance=torch.tensor([[2.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 0.5]]),
    ),
    "normal": LinearTask(4, n_context=5, x_dist="normal", x_scale=0.5),
}


@pytest.mark.parametrize("name", GAUSSIAN)
@pytest.mark.parametrize("kind", ["best", "drawn"])
def test_the_loss_of_a_preconditioned_step_is_what_monte_carlo_measures(name, kind):
    task = GAUSSIAN[name]
    best = theory.best_preconditioner(task)
    drawn = 0.3 * torch.randn(
        best.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64
    )
    matrix = best if kind == "best" else drawn
    prompts = task.sample(60_000, torch.Generator().manual_seed(1), dtype=torch.float64)
    answers = (
        torch.einsum("bno,bni,ij,bj->bo", prompts.y, prompts.x, matrix, prompts.x_query)
        / task.n_context
    )
    losses = learners.query_loss(answers, prompts)
    z = (losses.mean() - theory.preconditioned_loss(task, matrix)) / (
        losses.std() / math.sqrt(len(losses))
    )
    assert abs(z) < 4


@given(seed=st.integers(0, 200), name=st.sampled_from(sorted(GAUSSIAN)))
def test_no_other_matrix_is_better_than_the_best(seed, name):
    task = GAUSSIAN[name]
    best = theory.best_preconditioner(task)
    step = torch.randn(
        best.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    least = theory.preconditioned_loss(task, best)
    above = [theory.preconditioned_loss(task, best + size * step) - least for size in (0.01, 0.02)]
    assert above[0] > 0 and above[1] / above[0] == pytest.approx(
        4, rel=1e-5
    )  # a parabola with its minimum there


def test_a_multiple_of_the_identity_is_the_plain_step():
    task = GAUSSIAN["along the axes"]
    eta = theory.best_step_size(task)
    plain = theory.preconditioned_loss(task, eta * torch.eye(3))
    assert plain == pytest.approx(theory.expected_loss(task, eta))
    even = GAUSSIAN["normal"]
    expected = theory.best_step_size(even) * torch.eye(4, dtype=torch.float64)
    torch.testing.assert_close(theory.best_preconditioner(even), expected)


def test_with_many_examples_the_best_matrix_whitens():
    task = LinearTask(3, n_context=10**7, covariance=GAUSSIAN["along the axes"].covariance)
    expected = torch.linalg.inv(task.covariance.double())
    torch.testing.assert_close(theory.best_preconditioner(task), expected, rtol=1e-4, atol=1e-6)


def test_the_best_matrix_needs_gaussian_inputs():
    with pytest.raises(InputError, match="x_dist = 'uniform', expected Gaussian"):
        theory.best_preconditioner(LinearTask())
    with pytest.raises(InputError, match="w_scale = 0"):
        theory.best_preconditioner(LinearTask(x_dist="normal", w_scale=0.0))
    with pytest.raises(ShapeError, match="matrix"):
        theory.preconditioned_loss(LinearTask(x_dist="normal"), torch.eye(3))


# A task whose inputs are stretched along the axes, with noise in its labels.
STRETCHED = LinearTask(
    dim_x=4,
    n_context=12,
    covariance=torch.diag(torch.tensor([0.3, 0.7, 1.5, 3.0])),
    noise_std=0.6,
)


def test_a_matrix_made_for_one_length_is_as_good_at_another_as_the_formula_says():
    task = STRETCHED
    matrix = theory.best_preconditioner(task)
    for n, seed in ((3, 0), (12, 1), (60, 2)):
        prompts = replace(task, n_context=n).sample(
            50_000, torch.Generator().manual_seed(seed), torch.float64
        )
        answers = (
            torch.einsum("bno,bni,ij,bj->bo", prompts.y, prompts.x, matrix, prompts.x_query) / n
        )
        losses = learners.query_loss(answers, prompts)
        z = (
            (losses.mean() - theory.preconditioned_loss(task, matrix, n))
            / losses.std()
            * len(losses) ** 0.5
        )
        assert abs(float(z)) < 4


def test_in_the_limit_of_many_examples_a_matrix_leaves_what_it_does_not_invert():
    task = STRETCHED
    matrix, covariance = theory.best_preconditioner(task), task.covariance.double()
    left = torch.eye(4, dtype=torch.float64) - covariance @ matrix
    limit = theory.preconditioned_loss(task, matrix, math.inf)
    assert limit == pytest.approx(float((left @ covariance @ left.T).trace() + 0.6**2) / 2)
    assert theory.preconditioned_loss(task, matrix, 10**9) == pytest.approx(limit, rel=1e-6)
    # The prompts of infinite length themselves: C = Λ, and no noise is left in the gradient.
    prompts = task.sample(50_000, torch.Generator().manual_seed(3), torch.float64)
    answers = torch.einsum("boi,ij,jk,bk->bo", prompts.weights, covariance, matrix, prompts.x_query)
    losses = learners.query_loss(answers, prompts)
    assert abs(float((losses.mean() - limit) / losses.std())) * 50_000**0.5 < 4
    inverse = torch.linalg.inv(covariance)
    assert theory.preconditioned_loss(task, inverse, math.inf) == pytest.approx(0.6**2 / 2)
    for bad in (0, math.nan):
        with pytest.raises(InputError, match="n_context = "):
            theory.preconditioned_loss(task, matrix, bad)


def test_closed_forms_refuse_a_task_whose_weights_prefer_a_direction():
    task = BalancedTask(dim_x=2, covariance=torch.eye(2))
    for formula in (theory.best_step_size, theory.best_preconditioner):
        with pytest.raises(InputError, match="task is a BalancedTask"):
            formula(task)

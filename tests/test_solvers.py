import math
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from icllib import learners, solvers
from icllib.errors import UnstableWarning
from icllib.tasks import LinearTask, Prompts


@given(
    n=st.integers(1, 12),
    dim_x=st.integers(1, 8),
    dim_y=st.integers(1, 3),
    noise=st.sampled_from([0.0, 0.5]),
    single=st.booleans(),
    seed=st.integers(0, 2**20),
)
def test_conjugate_gradients_end_at_the_solution_of_least_norm(
    n, dim_x, dim_y, noise, single, seed
):
    task = LinearTask(dim_x, dim_y, n, noise_std=noise, x_scale=0.5)
    drawn = task.sample(8, torch.Generator().manual_seed(seed), torch.float64)
    prompts = drawn.to(torch.float32) if single else drawn
    exact = solvers.least_squares(prompts.to(torch.float64))
    sizes = torch.linalg.svdvals(prompts.x.double())
    condition = sizes[:, 0] / sizes[:, -1]
    # What rounding may cost a method that uses xᵀ and x: ε (κ ‖W‖ + κ² ‖y‖ / σ_max), a few times.
    cost = condition * exact.flatten(1).norm(dim=1)
    cost += condition**2 * prompts.y.double().flatten(1).norm(dim=1) / sizes[:, 0]
    allowed = 100 * torch.finfo(prompts.x.dtype).eps * cost
    for steps in (3 * min(n, dim_x) + 2, 60):
        found = solvers.conjugate_gradients(prompts, steps)
        assert found.isfinite().all()
        assert ((found.double() - exact).flatten(1).norm(dim=1) <= allowed).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_prompt_of_few_examples_breaks_conjugate_gradients(dtype):
    prompts = LinearTask(10, 1, 3).sample(1000, torch.Generator().manual_seed(0), dtype)
    assert solvers.conjugate_gradients(prompts, 10).isfinite().all()


def test_conjugate_gradients_stay_at_zero_where_nothing_is_to_learn():
    x = torch.ones(1, 3, 2)
    prompts = Prompts(x, torch.zeros(1, 3, 1), x[:, 0], torch.zeros(1, 1))
    assert not solvers.conjugate_gradients(prompts, 5).any()
    silent = Prompts(torch.zeros(1, 3, 2), torch.ones(1, 3, 1), x[:, 0], torch.zeros(1, 1))
    assert not solvers.conjugate_gradients(silent, 5).any()


def test_conjugate_gradients_can_be_differentiated_where_an_output_has_stopped():
    prompts = LinearTask(4, 2, 3).sample(5, torch.Generator().manual_seed(0), torch.float64)
    y = prompts.y.clone().requires_grad_()
    solvers.conjugate_gradients(
        Prompts(prompts.x, y, prompts.x_query, prompts.y_query), 9
    ).sum().backward()
    assert y.grad.isfinite().all()


@pytest.mark.parametrize("n", [2, 6])
@pytest.mark.parametrize("strength", [1e-300, 1e-20, 1e-12, 1e-9, 1e-4, 0.1])
def test_ridge_is_right_for_any_strength(n, strength):
    prompts = LinearTask(4, 2, n).sample(20, torch.Generator().manual_seed(0), torch.float64)
    u, s, vt = torch.linalg.svd(prompts.x, full_matrices=False)
    shrunk = s / (s.square() + n * strength)
    exact = (vt.mT @ (shrunk[..., None] * (u.mT @ prompts.y))).mT
    torch.testing.assert_close(solvers.ridge(prompts, strength), exact, rtol=1e-6, atol=1e-8)


def test_ridge_follows_the_strength_on_both_sides_of_its_change_of_method():
    prompts = LinearTask(4, 1, 6).sample(5, torch.Generator().manual_seed(0), torch.float64)
    for value in (1e-9, 1e-2):
        strength = torch.tensor(value, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(solvers.ridge(prompts, strength).sum(), strength)
        step = 1e-3 * value
        beside = [float(solvers.ridge(prompts, value + side * step).sum()) for side in (-1, 1)]
        assert float(slope) == pytest.approx((beside[1] - beside[0]) / (2 * step), rel=1e-2)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_gets_the_answer_of_single_precision_rounded(dtype):
    prompts = LinearTask(3, 1, 8).sample(20, torch.Generator().manual_seed(0)).to(dtype)
    exact = prompts.to(torch.float32)
    for solve in (
        solvers.least_squares,
        lambda p: solvers.ridge(p, 0.1),
        lambda p: solvers.ridge(p, 1e-9),
        lambda p: solvers.conjugate_gradients(p, 3),
    ):
        assert solve(prompts).dtype == dtype
        torch.testing.assert_close(solve(prompts), solve(exact).to(dtype))


def test_iterations_that_end_in_nothing_are_announced():
    prompts = LinearTask(3, 1, 8).sample(10, torch.Generator().manual_seed(0))
    with pytest.warns(UnstableWarning, match="I − H V grow in 10 of 10 prompts"):
        solvers.newton_schulz(prompts, 50.0, 3)
    with pytest.warns(UnstableWarning, match="lr is above 2/λ_max"):
        assert not solvers.newton_schulz(prompts, 50.0, 20).isfinite().any()
    with pytest.warns(UnstableWarning, match="heavy ball's errors on the examples grow"):
        learners.heavy_ball(prompts, 50.0, 0.5, 10)
    with pytest.warns(UnstableWarning, match="heavy ball"):
        assert not learners.heavy_ball(prompts, 50.0, 0.5, 100).isfinite().all()
    with pytest.warns(UnstableWarning, match="lr is above 2/λ_max"):
        assert not learners.gradient_descent(prompts, 500.0, 100).isfinite().all()
    with pytest.warns(UnstableWarning, match="errors on the examples grow"):
        learners.gradient_descent(prompts, learners.chebyshev_steps(0.001, 0.002, 4), 4)
    with pytest.warns(UnstableWarning, match="GD\\+\\+'s inputs"):
        learners.gd_plus_plus(prompts, 1.0, 50.0, 6)


def test_one_prompt_that_overflows_is_enough_for_a_warning():
    prompts = LinearTask(3, 1, 8).sample(100, torch.Generator().manual_seed(0))
    prompts.x[17] *= 100
    with pytest.warns(UnstableWarning, match="become NaN or infinite in 1 of 100 prompts"):
        solvers.newton_schulz(prompts, 0.5, 20)


def test_iterations_that_shrink_say_nothing():
    prompts = LinearTask(3, 1, 8).sample(10, torch.Generator().manual_seed(0), torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solvers.newton_schulz(prompts, 0.5, 8)
        learners.heavy_ball(prompts, 0.5, 0.5, 30)
        rates = learners.chebyshev_steps(0.05, 1.2, 6)
        learners.gradient_descent(prompts, rates, 6)
        learners.gradient_descent(prompts, 50.0, 1)  # one long step may be meant


@given(st.integers(1, 5), st.integers(2, 8), st.integers(1, 4), st.integers(0, 99))
def test_from_zero_and_without_noise_gd_plus_plus_multiplies_each_eigendirection(
    dim_x, n, steps, seed
):
    prompts = LinearTask(dim_x, 1, n).sample(3, torch.Generator().manual_seed(seed), torch.float64)
    eta, gamma = 0.4, 0.03
    values, vectors = torch.linalg.eigh(prompts.x.mT @ prompts.x / n)
    a = b = torch.ones_like(values)
    for _ in range(steps):
        a, b = a * (1 - gamma * n * values * a**2), b * (1 - eta * values * a**2)
    learned = vectors @ torch.diag_embed(1 - b) @ vectors.mT
    expected = learners.predict(prompts.weights @ learned, prompts.x_query)
    found = learners.gd_plus_plus(prompts, eta, gamma, steps)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    start = torch.full((1, dim_x), 2.0, dtype=torch.float64)
    expected = learners.predict(start + (prompts.weights - start) @ learned, prompts.x_query)
    other = learners.gd_plus_plus(prompts, eta, gamma, steps, start)
    assert steps == 1 or math.isnan(float(other[0])) or not torch.allclose(other, expected)

import itertools
import math
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import problems

from icllib import learners
from icllib.errors import InputError, ShapeError, UnstableWarning
from icllib.tasks import LinearTask, Prompts


@given(problems(), st.floats(0.01, 2))
def test_a_step_goes_down_the_gradient_that_autograd_finds(problem, lr):
    prompts, w0 = problem
    weights = w0.expand(prompts.batch, -1, -1).clone().requires_grad_()
    (gradient,) = torch.autograd.grad(learners.loss(weights, prompts).sum(), weights)
    stepped = learners.gradient_descent(prompts, lr, 1, w0)
    torch.testing.assert_close(stepped, (weights - lr * gradient).detach(), rtol=1e-12, atol=1e-12)


@given(problems())
def test_no_step_is_the_start(problem):
    prompts, w0 = problem
    assert torch.equal(
        learners.gradient_descent(prompts, 0.3, 0, w0), w0.expand(prompts.batch, -1, -1)
    )
    assert not learners.gradient_descent(prompts, 0.3, 0).any()


@given(problems(), st.integers(0, 4), st.integers(0, 4))
def test_steps_add_up(problem, first, second):
    prompts, _ = problem
    at_once = learners.gradient_descent(prompts, 0.3, first + second)
    weights = learners.gradient_descent(prompts, 0.3, first)
    for _ in range(second):
        weights = learners.gradient_step(weights, prompts, 0.3)
    torch.testing.assert_close(at_once, weights, rtol=1e-12, atol=1e-12)


@given(problems(), st.integers(0, 99))
def test_predictions_do_not_depend_on_the_rotation_of_inputs_or_the_order_of_examples(
    problem, seed
):
    prompts, _ = problem
    generator = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(
        torch.randn(prompts.dim_x, prompts.dim_x, generator=generator, dtype=torch.float64)
    ).Q
    order = torch.randperm(prompts.n_context, generator=generator)
    other = Prompts(
        prompts.x[:, order] @ turn, prompts.y[:, order], prompts.x_query @ turn, prompts.y_query
    )
    for fit in (lambda p: learners.gradient_descent(p, 0.4, 3), lambda p: learners.ridge(p, 0.1)):
        before = learners.predict(fit(prompts), prompts.x_query)
        after = learners.predict(fit(other), other.x_query)
        torch.testing.assert_close(before, after, rtol=1e-9, atol=1e-9)
    bent = learners.gd_plus_plus(other, 0.4, 0.05, 3)
    torch.testing.assert_close(
        learners.gd_plus_plus(prompts, 0.4, 0.05, 3), bent, rtol=1e-9, atol=1e-9
    )


@given(problems())
def test_gd_plus_plus_without_bending_is_gradient_descent(problem):
    prompts, _ = problem
    plain = learners.predict(learners.gradient_descent(prompts, 0.3, 3), prompts.x_query)
    torch.testing.assert_close(
        learners.gd_plus_plus(prompts, 0.3, 0.0, 3), plain, rtol=1e-10, atol=1e-10
    )


@given(problems())
def test_at_the_minimum_of_ridge_its_gradient_vanishes(problem):
    prompts, _ = problem
    weights = learners.ridge(prompts, 0.2).requires_grad_()
    penalised = learners.loss(weights, prompts).sum() + 0.1 * weights.square().sum()
    (gradient,) = torch.autograd.grad(penalised, weights)
    assert gradient.abs().max() < 1e-10


@given(problems(max_context=8))
def test_ridge_tends_to_the_least_squares_solution_of_least_norm(problem):
    prompts, _ = problem
    exact = learners.least_squares(prompts)
    pseudo = (torch.linalg.pinv(prompts.x) @ prompts.y).mT
    torch.testing.assert_close(exact, pseudo, rtol=1e-6, atol=1e-6)


def test_gradient_descent_tends_to_least_squares(generator):
    prompts = LinearTask(3, 2, 40, noise_std=0.5).sample(4, generator, dtype=torch.float64)
    torch.testing.assert_close(
        learners.gradient_descent(prompts, 1.5, 400), learners.least_squares(prompts)
    )


def test_matched_ridge_beats_every_other_strength(generator):
    task = LinearTask(5, 1, 8, x_dist="normal", noise_std=1.0)
    prompts = task.sample(20_000, generator, dtype=torch.float64)

    def losses(strength):
        return (
            learners.predict(learners.ridge(prompts, strength), prompts.x_query) - prompts.y_query
        ).square()[:, 0]

    matched = losses(1.0 / task.n_context)
    for strength in (0.03, 0.5):
        gap = losses(strength) - matched
        assert gap.mean() / (gap.std() / math.sqrt(len(gap))) > 4


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda p: learners.gradient_descent(p, 0.1, -1),
            InputError,
            "steps = -1, expected an integer of at least 0",
        ),
        (
            lambda p: learners.gradient_descent(p, math.nan, 1),
            InputError,
            "lr = nan, expected a finite number",
        ),
        (
            lambda p: learners.gradient_descent(p, 0.1, 1, torch.ones(1, 9)),
            ShapeError,
            "w0 has shape (1, 9), expected (N_y, N_x) with N_x = 10 as in x",
        ),
        (
            lambda p: learners.gradient_descent(p, 0.1, 1, torch.ones(1, 10).double()),
            InputError,
            "w0 has dtype torch.float64, expected torch.float32",
        ),
        (
            lambda p: learners.gradient_descent(p, 0.1, 1, torch.ones(1, 10, device="meta")),
            InputError,
            "w0",
        ),
        (lambda p: learners.gd_plus_plus(p, 0.1, math.inf, 1), InputError, "gamma = inf"),
        (lambda p: learners.gd_plus_plus(p, 0.1, 0.1, 1.5), InputError, "steps = 1.5"),
        (
            lambda p: learners.ridge(p, 0),
            InputError,
            "strength = 0, expected a finite number above 0",
        ),
        (lambda p: learners.ridge(p, -1.0), InputError, "strength = -1.0"),
        (
            lambda p: learners.predict(torch.ones(2, 1, 3), p.x_query),
            ShapeError,
            "x has shape (2, 10)",
        ),
        (
            lambda p: learners.loss(torch.ones(3, 1, 10), p),
            ShapeError,
            "weights has shape (3, 1, 10)",
        ),
        (
            lambda p: learners.gradient_step(torch.full((2, 1, 10), math.nan), p, 0.1),
            InputError,
            "weights holds 20 values",
        ),
    ],
)
def test_bad_input_is_named(call, error, message, generator):
    with pytest.raises(error) as caught:
        call(LinearTask().sample(2, generator))
    assert message in str(caught.value)


def test_the_query_s_loss_is_half_the_squared_distance():
    prompts = LinearTask(dim_x=2, dim_y=3).sample(
        4, torch.Generator().manual_seed(0), dtype=torch.float64
    )
    off = prompts.y_query + torch.tensor([1.0, -2.0, 2.0], dtype=torch.float64)
    torch.testing.assert_close(
        learners.query_loss(off, prompts), torch.full((4,), 4.5, dtype=torch.float64)
    )
    with pytest.raises(ShapeError, match="predictions has shape"):
        learners.query_loss(off[:, :1], prompts)


def test_conjugate_gradients_end_where_least_squares_is(seed=0):
    prompts = LinearTask(5, 2, 12, noise_std=0.3).sample(
        20, torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    torch.testing.assert_close(
        learners.conjugate_gradients(prompts, 5), learners.least_squares(prompts), rtol=0, atol=1e-8
    )
    losses = [learners.loss(learners.conjugate_gradients(prompts, k), prompts) for k in range(7)]
    assert all((after <= before + 1e-12).all() for before, after in itertools.pairwise(losses))
    assert (
        learners.conjugate_gradients(prompts, 40).isfinite().all()
    )  # nothing is left to do, and nothing breaks


@given(problems(), st.integers(0, 5))
def test_newton_schulz_is_two_to_the_k_gradient_steps(problem, steps):
    prompts, _ = problem
    lr = 1 / float((prompts.x.square().sum((1, 2)) / prompts.n_context).max())
    expected = learners.gradient_descent(prompts, lr, 2**steps)
    torch.testing.assert_close(
        learners.newton_schulz(prompts, lr, steps), expected, rtol=1e-9, atol=1e-10
    )


@given(problems(), st.integers(0, 5))
def test_a_heavy_ball_without_momentum_is_gradient_descent(problem, steps):
    prompts, _ = problem
    expected = learners.gradient_descent(prompts, 0.2, steps)
    torch.testing.assert_close(
        learners.heavy_ball(prompts, 0.2, 0.0, steps), expected, rtol=1e-12, atol=1e-12
    )


@given(st.floats(0.01, 1), st.floats(0.1, 3), st.integers(1, 8))
def test_chebyshev_s_steps_shrink_the_worst_eigenvalue_as_the_polynomial_says(low, width, steps):
    high = low + width
    rates = learners.chebyshev_steps(low, high, steps)
    eigenvalues = torch.linspace(low, high, 401, dtype=torch.float64)
    left = torch.stack([1 - lr * eigenvalues for lr in rates]).prod(0).abs().max()
    best = 1 / math.cosh(steps * math.acosh((high + low) / (high - low)))
    assert float(left) == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize(("steps", "known"), [(2, 1.035), (3, 0.765), (5, 0.479)])
def test_conjugate_gradients_have_the_known_losses(steps, known):
    prompts = LinearTask(10, 1, 10).sample(
        20_000, torch.Generator().manual_seed(4), dtype=torch.float64
    )
    losses = 2 * learners.query_loss(
        learners.predict(learners.conjugate_gradients(prompts, steps), prompts.x_query), prompts
    )
    assert abs(float(losses.mean()) - known) <= 3 * 1.96 * float(losses.std()) / 20_000**0.5


def test_iterations_that_grow_are_announced():
    prompts = LinearTask(3, 1, 8).sample(10, torch.Generator().manual_seed(0), dtype=torch.float64)
    with pytest.warns(UnstableWarning, match="lr is above 2/λ_max"):
        learners.gradient_descent(prompts, 50.0, 5)
    with pytest.warns(UnstableWarning, match="gamma is above 2/λ_max"):
        learners.gd_plus_plus(prompts, 1.0, 5.0, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learners.gradient_descent(prompts, 0.5, 50)
        learners.gd_plus_plus(prompts, 0.5, 0.01, 20)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda p: learners.chebyshev_steps(1.0, 0.5, 3),
            "low = 1.0, expected a number below high = 0.5",
        ),
        (lambda p: learners.chebyshev_steps(0.1, 0.5, 0), "steps = 0"),
        (lambda p: learners.conjugate_gradients(p, -1), "steps = -1"),
        (lambda p: learners.newton_schulz(p, math.inf, 2), "lr = inf"),
        (lambda p: learners.heavy_ball(p, 0.1, -0.5, 2), "momentum = -0.5"),
        (
            lambda p: learners.gradient_descent(p, [0.1, 0.2], 3),
            "lr has 2 numbers, expected one a step: 3",
        ),
        (lambda p: learners.gd_plus_plus(p, 0.1, [0.1, math.nan], 2), "gamma[1] = nan"),
    ],
)
def test_bad_numbers_are_named(call, message):
    prompts = LinearTask(3, 1, 4).sample(2, torch.Generator().manual_seed(0))
    with pytest.raises(InputError) as caught:
        call(prompts)
    assert message in str(caught.value)

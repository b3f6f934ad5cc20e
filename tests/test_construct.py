import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import problems

from icllib import construct, learners
from icllib.errors import InputError, ShapeError
from icllib.tokens import join_tokens, read_prediction, separate_tokens


@settings(max_examples=200)
@given(problems(max_context=30), st.floats(0.01, 2))
def test_one_layer_is_one_step_for_every_token(problem, lr):
    prompts, w0 = problem
    layer = construct.gd_layer(prompts.dim_x, prompts.dim_y, prompts.n_context, lr, w0)
    before, after = join_tokens(prompts, w0), layer(join_tokens(prompts, w0)).detach()
    delta = learners.gradient_descent(prompts, lr, 1, w0) - w0
    expected = before.clone()
    expected[..., prompts.dim_x :] -= before[..., : prompts.dim_x] @ delta.mT
    assert (after - expected).abs().max() <= 1e-12


@given(problems(), st.integers(0, 6))
def test_k_layers_are_k_steps(problem, steps):
    prompts, _ = problem
    model = construct.gd_transformer(prompts.dim_x, prompts.dim_y, prompts.n_context, 0.4, steps)
    by_layers = read_prediction(model(join_tokens(prompts)), prompts.dim_y).detach()
    by_steps = learners.predict(learners.gradient_descent(prompts, 0.4, steps), prompts.x_query)
    assert (by_layers - by_steps).abs().max() <= 1e-12


@given(problems(max_context=8), st.integers(1, 4), st.floats(0, 0.1))
def test_gd_plus_plus_layers_are_gd_plus_plus(problem, steps, gamma):
    prompts, _ = problem
    model = construct.gd_plus_plus_transformer(prompts.dim_x, prompts.dim_y, prompts.n_context, 0.4, gamma, steps)
    by_layers = read_prediction(model(join_tokens(prompts)), prompts.dim_y).detach()
    assert (by_layers - learners.gd_plus_plus(prompts, 0.4, gamma, steps)).abs().max() <= 1e-12


@given(problems(max_context=5))
def test_copying_makes_joined_tokens_of_separate_ones(problem):
    prompts, _ = problem
    content = prompts.dim_x + prompts.dim_y
    copied = construct.copy_layer(prompts.dim_x, prompts.dim_y, prompts.n_context)(separate_tokens(prompts)).detach()
    assert torch.equal(copied[:, ::2, :content], join_tokens(prompts))


@given(problems(max_context=5))
def test_copy_then_step_on_separate_tokens_is_a_step_on_joined_ones(problem):
    prompts, _ = problem
    content = prompts.dim_x + prompts.dim_y
    copied = construct.copy_layer(prompts.dim_x, prompts.dim_y, prompts.n_context)(separate_tokens(prompts))
    layer = construct.gd_layer(prompts.dim_x, prompts.dim_y, prompts.n_context, 0.4)
    by_layers = read_prediction(layer(copied[..., :content].contiguous()), prompts.dim_y).detach()
    by_step = learners.predict(learners.gradient_descent(prompts, 0.4, 1), prompts.x_query)
    assert (by_layers - by_step).abs().max() <= 1e-12


@given(problems(), st.integers(0, 99))
def test_the_weights_are_not_unique_but_their_products_are(problem, seed):
    prompts, w0 = problem
    layer = construct.gd_layer(prompts.dim_x, prompts.dim_y, prompts.n_context, 0.5, w0)
    tokens = join_tokens(prompts, w0)
    before = layer(tokens).detach()
    turn = torch.linalg.qr(torch.randn(2 * [layer.dim_token], generator=torch.Generator().manual_seed(seed)).double()).Q
    with torch.no_grad():
        layer.W_K[0], layer.W_Q[0] = 3 * turn @ layer.W_K[0], turn @ layer.W_Q[0] / 3
    assert (layer(tokens).detach() - before).abs().max() <= 1e-12


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: construct.gd_layer(0, 1, 5, 0.1), InputError, "dim_x = 0"),
        (lambda: construct.gd_layer(3, 1, -5, 0.1), InputError, "n_context = -5"),
        (lambda: construct.gd_layer(3, 1, 5, math.nan), InputError, "lr = nan"),
        (lambda: construct.gd_layer(3, 1, 5, 0.1, torch.ones(3, 1)), ShapeError, "w0 has shape (3, 1)"),
        (lambda: construct.gd_transformer(3, 1, 5, 0.1, -1), InputError, "steps = -1"),
        (
            lambda: construct.gd_plus_plus_transformer(3, 1, 5, [0.1], 0.1, 2),
            InputError,
            "lr has 1 numbers, expected one a step: 2",
        ),
        (lambda: construct.gd_plus_plus_transformer(3, 1, 5, 0.1, [0.1, math.inf], 2), InputError, "gamma = inf"),
        (lambda: construct.copy_layer(3, 0, 5), InputError, "dim_y = 0"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import problems

from icllib import construct, learners
from icllib.attention import MLP, Transformer
from icllib.errors import InputError, ShapeError
from icllib.tasks import LinearTask, Prompts
from icllib.tokens import add_sink, join_tokens, read_prediction, separate_tokens


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


def stable_rate(prompts):
    """A learning rate below 2/λ_max in every prompt, so that fifty steps mean something."""
    return 1.5 / float(
        torch.linalg.eigvalsh(prompts.x.mT @ prompts.x / prompts.n_context)[:, -1].max()
    )


@settings(max_examples=60)
@given(problems(), st.integers(0, 50))
def test_k_layers_are_k_steps_from_any_start(problem, steps):
    prompts, w0 = problem
    lr = stable_rate(prompts)
    model = construct.gd_transformer(prompts.dim_x, prompts.dim_y, prompts.n_context, lr, steps, w0)
    by_layers = read_prediction(model(join_tokens(prompts, w0)), prompts.dim_y).detach()
    by_steps = learners.predict(learners.gradient_descent(prompts, lr, steps, w0), prompts.x_query)
    assert (by_layers - by_steps).abs().max() <= 1e-12


@settings(max_examples=60)
@given(problems(max_context=8), st.integers(1, 50), st.booleans(), st.integers(0, 99))
def test_gd_plus_plus_layers_are_gd_plus_plus_with_one_number_or_one_a_step(
    problem, steps, per_step, seed
):
    prompts, w0 = problem
    lr = stable_rate(prompts)
    gamma = lr / prompts.n_context / 2
    if per_step:
        shrink = (
            0.5
            + torch.rand(
                2, steps, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
            )
            / 2
        ).tolist()
        lr, gamma = [lr * factor for factor in shrink[0]], [gamma * factor for factor in shrink[1]]
    model = construct.gd_plus_plus_transformer(
        prompts.dim_x, prompts.dim_y, prompts.n_context, lr, gamma, steps, w0
    )
    by_layers = read_prediction(model(join_tokens(prompts, w0)), prompts.dim_y).detach()
    assert (by_layers - learners.gd_plus_plus(prompts, lr, gamma, steps, w0)).abs().max() <= 1e-12


@given(problems(max_context=5), st.integers(0, 4))
def test_a_stack_on_separate_tokens_is_gradient_descent_on_joined_ones(problem, steps):
    prompts, _ = problem
    model = construct.separate_transformer(
        prompts.dim_x, prompts.dim_y, prompts.n_context, 0.4, steps
    )
    content = prompts.dim_x + prompts.dim_y
    by_layers = read_prediction(
        model(separate_tokens(prompts))[..., :content], prompts.dim_y
    ).detach()
    by_steps = learners.predict(learners.gradient_descent(prompts, 0.4, steps), prompts.x_query)
    assert (by_layers - by_steps).abs().max() <= 1e-12


@given(problems(max_context=5))
def test_softmax_copies_with_large_logits_if_the_query_sees_itself(problem):
    prompts, _ = problem
    content, tokens = prompts.dim_x + prompts.dim_y, separate_tokens(prompts)
    sizes = prompts.dim_x, prompts.dim_y, prompts.n_context
    copied = construct.softmax_copy_layer(*sizes)(tokens).detach()[:, ::2, :content]
    assert (copied - join_tokens(prompts)).abs().max() <= 1e-12
    blind = construct.softmax_copy_layer(*sizes)
    blind.sees_query = False
    by_blind = blind(tokens).detach()[:, -1, prompts.dim_x : content]
    # without itself to look at, the query's token receives the mean of all labels, the empty ones
    # included
    torch.testing.assert_close(by_blind, prompts.y.mean(1) / 2, rtol=0, atol=1e-12)


@given(problems(), st.integers(1, 5), st.integers(0, 99))
def test_an_mlp_then_layers_is_gradient_descent_on_its_features(problem, steps, seed):
    prompts, _ = problem
    mlp = MLP(
        prompts.dim_x, 7, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    featured = Prompts(
        mlp.features(prompts.x), prompts.y, mlp.features(prompts.x_query), prompts.y_query
    )
    with torch.no_grad():
        lr = stable_rate(featured)
        model = Transformer(
            [mlp, *construct.gd_transformer(4, prompts.dim_y, prompts.n_context, lr, 1).layers]
        )
        for _ in range(steps - 1):
            model.layers.append(model.layers[1])
        by_layers = read_prediction(model(join_tokens(prompts)), prompts.dim_y)
        by_steps = learners.predict(
            learners.gradient_descent(featured, lr, steps), featured.x_query
        )
    assert (by_layers - by_steps).abs().max() <= 1e-12


@pytest.mark.parametrize("sink_logit", [None, 32.0])
def test_a_softmax_pair_nears_its_gradient_step_with_the_square_of_epsilon(sink_logit):
    prompts = LinearTask(4, 2, 9, noise_std=0.1).sample(
        200, torch.Generator().manual_seed(0), dtype=torch.float64
    )
    middle = prompts.x.mean(1, keepdim=True) if sink_logit is None else 0.0
    centred = Prompts(prompts.x - middle, prompts.y, prompts.x_query, prompts.y_query)
    target = learners.predict(learners.gradient_descent(centred, 0.8, 1), prompts.x_query)
    tokens = join_tokens(prompts) if sink_logit is None else add_sink(join_tokens(prompts))
    errors = []
    for epsilon in (0.04, 0.02, 0.01):
        layer = construct.softmax_pair_layer(4, 2, 9, 0.8, epsilon, sink_logit)
        prediction = read_prediction(layer(tokens).detach()[..., :6], 2)
        errors.append(float((prediction - target).square().mean().sqrt()))
    slopes = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert errors[-1] < 1e-4 and all(abs(slope - 2) <= 0.05 for slope in slopes)


@given(problems(max_context=5))
def test_copying_makes_joined_tokens_of_separate_ones(problem):
    prompts, _ = problem
    content = prompts.dim_x + prompts.dim_y
    copied = construct.copy_layer(prompts.dim_x, prompts.dim_y, prompts.n_context)(
        separate_tokens(prompts)
    ).detach()
    assert torch.equal(copied[:, ::2, :content], join_tokens(prompts))


@given(problems(max_context=5))
def test_copy_then_step_on_separate_tokens_is_a_step_on_joined_ones(problem):
    prompts, _ = problem
    content = prompts.dim_x + prompts.dim_y
    copied = construct.copy_layer(prompts.dim_x, prompts.dim_y, prompts.n_context)(
        separate_tokens(prompts)
    )
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
    turn = torch.linalg.qr(
        torch.randn(2 * [layer.dim_token], generator=torch.Generator().manual_seed(seed)).double()
    ).Q
    with torch.no_grad():
        layer.W_K[0], layer.W_Q[0] = 3 * turn @ layer.W_K[0], turn @ layer.W_Q[0] / 3
    assert (layer(tokens).detach() - before).abs().max() <= 1e-12


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: construct.gd_layer(0, 1, 5, 0.1), InputError, "dim_x = 0"),
        (lambda: construct.gd_layer(3, 1, -5, 0.1), InputError, "n_context = -5"),
        (lambda: construct.gd_layer(3, 1, 5, math.nan), InputError, "lr = nan"),
        (
            lambda: construct.gd_layer(3, 1, 5, 0.1, torch.ones(3, 1)),
            ShapeError,
            "w0 has shape (3, 1)",
        ),
        (lambda: construct.gd_transformer(3, 1, 5, 0.1, -1), InputError, "steps = -1"),
        (
            lambda: construct.gd_plus_plus_transformer(3, 1, 5, [0.1], 0.1, 2),
            InputError,
            "lr has 1 numbers, expected one a step: 2",
        ),
        (
            lambda: construct.gd_plus_plus_transformer(3, 1, 5, 0.1, [0.1, math.inf], 2),
            InputError,
            "gamma[1] = inf",
        ),
        (lambda: construct.copy_layer(3, 0, 5), InputError, "dim_y = 0"),
        (lambda: construct.softmax_pair_layer(3, 1, 5, 0.1, 0.0), InputError, "epsilon = 0.0"),
        (
            lambda: construct.softmax_pair_layer(3, 1, 5, 0.1, 0.1, math.nan),
            InputError,
            "sink_logit = nan",
        ),
        (
            lambda: construct.softmax_pair_layer(3, 1, 5, 0.1, 0.1, 800),
            InputError,
            "sink_logit = 800, expected at most 700",
        ),
        (lambda: construct.softmax_copy_layer(3, 1, 5, -2.0), InputError, "logit_scale = -2.0"),
        (lambda: construct.separate_transformer(3, 1, 5, 0.1, -1), InputError, "steps = -1"),
        (lambda: construct.gd_layer(3, 1, 5, 0.1, dim_extra=-1), InputError, "dim_extra = -1"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)

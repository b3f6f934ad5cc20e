from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import problems

from icllib import alignment, construct, learners
from icllib.attention import LinearSelfAttention, from_moments
from icllib.blocks import FlatNetwork
from icllib.errors import InputError
from icllib.tasks import LinearTask
from icllib.tokens import join_tokens, read_prediction

TASK = LinearTask(dim_x=4, dim_y=2, n_context=8, x_scale=0.5)
PROMPTS = TASK.sample(200, torch.Generator().manual_seed(0), torch.float64)


def gd(lr):
    return lambda p: learners.predict(learners.gradient_descent(p, lr, 1), p.x_query)


@given(problem=problems(), lr=st.integers(1, 5))
def test_the_sensitivity_of_a_linear_learner_is_its_matrix(problem, lr):
    prompts, _ = problem
    expected = learners.gradient_descent(prompts, float(lr), 1)
    torch.testing.assert_close(alignment.sensitivity(gd(float(lr)), prompts), expected)


def test_a_construction_is_aligned_with_its_learner():
    layer = construct.gd_layer(4, 2, 8, 3.0)
    found = alignment.compare(alignment.predictor(layer), gd(3.0), PROMPTS)
    assert found.loss == pytest.approx(found.reference_loss)
    assert found.prediction_distance < 1e-14 and found.sensitivity_distance < 1e-13
    assert found.sensitivity_cosine == pytest.approx(1) and found.answers_apart < 1e-14


def test_a_step_twice_as_long_points_the_same_way_and_is_as_far_off_as_the_step_is_long():
    found = alignment.compare(gd(6.0), gd(3.0), PROMPTS)
    step = learners.gradient_descent(PROMPTS, 3.0, 1)
    assert found.sensitivity_cosine == pytest.approx(1)
    assert found.sensitivity_distance == pytest.approx(float(step.flatten(1).norm(dim=1).mean()))
    answers = learners.predict(step, PROMPTS.x_query)
    assert found.prediction_distance == pytest.approx(float(answers.norm(dim=1).mean()))
    assert found.answers_apart == pytest.approx(1)


def test_a_step_backwards_has_the_cosine_minus_one_and_an_unrelated_predictor_none():
    assert alignment.compare(gd(-3.0), gd(3.0), PROMPTS).sensitivity_cosine == pytest.approx(-1)
    fixed = torch.randn(2, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    unrelated = alignment.compare(lambda p: p.x_query @ fixed.T, gd(3.0), PROMPTS)
    assert abs(unrelated.sensitivity_cosine) < 4 * 200**-0.5 * 8**-0.5


def test_iterating_a_layer_undamped_is_gradient_descent():
    layer = construct.gd_layer(4, 2, 8, 3.0)
    answers = alignment.iterate(layer, PROMPTS, times=5, damping=1.0)
    assert answers.shape == (5, 200, 2)
    for k, answer in enumerate(answers, start=1):
        weights = learners.gradient_descent(PROMPTS, 3.0, k)
        torch.testing.assert_close(answer, learners.predict(weights, PROMPTS.x_query))


def test_damping_a_gradient_step_shortens_it():
    damped = alignment.iterate(construct.gd_layer(4, 2, 8, 4.0), PROMPTS, times=3, damping=0.75)
    torch.testing.assert_close(
        damped[2], learners.predict(learners.gradient_descent(PROMPTS, 3.0, 3), PROMPTS.x_query)
    )


@given(problem=problems(noise_std=0.5), lr=st.integers(1, 5), gamma=st.integers(-3, 3))
def test_what_was_written_into_the_weights_is_read_off(problem, lr, gamma):
    prompts, _ = problem
    model = construct.gd_plus_plus_transformer(
        prompts.dim_x, prompts.dim_y, prompts.n_context, lr, gamma / 10, 1
    )
    read = alignment.read_off(model.layers[0], join_tokens(prompts), prompts.dim_x)
    assert read.lr == pytest.approx(lr, rel=1e-6) and read.r2_y == pytest.approx(1)
    assert read.gamma == pytest.approx(
        gamma / 10, rel=1e-6, abs=1e-9
    ) and read.r2_x == pytest.approx(1)


def test_a_layer_that_is_no_step_is_not_explained_as_one():
    layer = LinearSelfAttention(
        6, generator=torch.Generator().manual_seed(0), init_std=0.5, dtype=torch.float64
    )
    read = alignment.read_off(layer, join_tokens(PROMPTS), 4)
    assert read.r2_x < 0.9 and read.r2_y < 0.9


def test_a_gradient_step_is_all_gradient_and_a_random_mlp_none():
    prompts = LinearTask(dim_x=4, n_context=8, x_scale=0.5).sample(
        2000, torch.Generator().manual_seed(0), torch.float64
    )
    assert alignment.gd_share(gd(3.0), prompts) == pytest.approx(1)
    mlp = FlatNetwork(45, (64,), 1, generator=torch.Generator().manual_seed(0)).double()
    assert abs(alignment.gd_share(alignment.predictor(mlp), prompts)) < 0.05
    ridge = alignment.gd_share(
        lambda p: learners.predict(learners.ridge(p, 0.05), p.x_query), prompts
    )
    assert 0.3 < ridge < 0.98  # it looks at the gradient, and at the inputs' covariance too


def test_spoiling_replaces_that_many_labels_and_nothing_else():
    spoiled = alignment.spoil_labels(PROMPTS, 3, torch.Generator().manual_seed(1))
    assert torch.equal(spoiled.x, PROMPTS.x) and torch.equal(spoiled.y_query, PROMPTS.y_query)
    assert (spoiled.y != PROMPTS.y).any(-1).sum(1).eq(3).all()
    noise = spoiled.y[:, :3]
    assert abs(float(noise.mean())) < 4 * noise.numel() ** -0.5 and float(
        noise.std()
    ) == pytest.approx(1, abs=0.1)
    assert torch.equal(alignment.spoil_labels(PROMPTS, 0, torch.Generator()).y, PROMPTS.y)
    with pytest.raises(InputError, match="count = 9, expected at most N = 8"):
        alignment.spoil_labels(PROMPTS, 9, torch.Generator())


def test_a_sweep_measures_every_predictor_on_the_same_prompts():
    tasks = {scale: replace(TASK, x_scale=scale) for scale in (0.5, 1.0)}
    found = alignment.sweep(
        {"a": gd(3.0), "b": gd(3.0), "zero": lambda p: 0 * p.y_query}, tasks, batch=4000
    )
    assert found["a"] == found["b"] and len(found["a"]) == 2
    for (mean, half), scale in zip(found["zero"], tasks, strict=True):
        assert abs(mean - scale**2 / 3 * 4) < 2 * half  # ½ E ‖W* x_q‖² with two outputs


def test_predictor_reads_what_the_model_writes():
    layer = construct.gd_layer(4, 2, 8, 3.0)
    expected = read_prediction(layer(join_tokens(PROMPTS)), 2)
    assert torch.equal(alignment.predictor(layer)(PROMPTS), expected)
    torch.testing.assert_close(alignment.reads(layer)(PROMPTS), expected)


def test_a_model_is_read_in_its_own_precision_and_answers_in_that_of_the_prompts():
    layer, single = construct.gd_layer(4, 2, 8, 3.0), PROMPTS.to(torch.float32)
    answers = alignment.reads(layer)(single)
    assert answers.dtype == torch.float32
    exact = from_moments(layer, single.to(torch.float64))
    assert torch.equal(answers, exact.to(torch.float32))


@given(problem=problems(), steps=st.integers(1, 3))
def test_every_layer_is_read_on_the_tokens_that_it_sees(problem, steps):
    prompts, _ = problem
    lr, gamma = [1.0, 2.0, 0.5][:steps], [0.02, -0.01, 0.03][:steps]
    model = construct.gd_plus_plus_transformer(
        prompts.dim_x, prompts.dim_y, prompts.n_context, lr, gamma, steps
    )
    read = alignment.read_layers(model, join_tokens(prompts), prompts.dim_x)
    assert [one.lr for one in read] == pytest.approx(lr, rel=1e-5)
    assert [one.gamma for one in read] == pytest.approx(gamma, rel=1e-5)

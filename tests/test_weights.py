from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import problems

from icllib import alignment, construct, learners, weights
from icllib.attention import LinearSelfAttention
from icllib.errors import InputError
from icllib.tasks import LinearTask
from icllib.tokens import join_tokens

TASK = LinearTask(dim_x=4, dim_y=2, n_context=8, x_scale=0.5)
PROMPTS = TASK.sample(200, torch.Generator().manual_seed(0), torch.float64)


def gd(lr):
    return lambda p: learners.predict(learners.gradient_descent(p, lr, 1), p.x_query)


def drawn(seed, heads=1, width=4):
    generator = torch.Generator().manual_seed(seed)
    return LinearSelfAttention(width, heads, generator=generator, init_std=0.7, dtype=torch.float64)


@given(problem=problems(), seed=st.integers(0, 99))
def test_merging_the_matrices_changes_nothing(problem, seed):
    prompts, _ = problem
    width = prompts.dim_x + prompts.dim_y
    layer = LinearSelfAttention(
        width, generator=torch.Generator().manual_seed(seed), init_std=0.5, dtype=torch.float64
    )
    merged = weights.merge(layer, prompts.dim_x)
    torch.testing.assert_close(
        merged(join_tokens(prompts)), layer(join_tokens(prompts)), rtol=1e-7, atol=1e-7
    )
    torch.testing.assert_close(
        merged.W_Q[0].diagonal()[: prompts.dim_x].mean(), torch.ones((), dtype=torch.float64)
    )


def test_between_two_gradient_steps_lies_the_step_between():
    between = weights.interpolate(
        construct.gd_layer(4, 2, 8, 2.0), construct.gd_layer(4, 2, 8, 6.0), 4, weight=0.25
    )
    found = alignment.compare(alignment.predictor(between), gd(3.0), PROMPTS)
    assert found.prediction_distance < 1e-14


def test_interpolation_does_not_mind_how_the_weights_are_written():
    layer = construct.gd_layer(4, 2, 8, 3.0)
    mixer = torch.randn(6, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    with torch.no_grad():
        layer.W_K[0], layer.W_Q[0] = (
            mixer @ layer.W_K[0],
            7 * torch.linalg.inv(mixer).T @ layer.W_Q[0],
        )
        layer.P /= 7
    between = weights.interpolate(layer, construct.gd_layer(4, 2, 8, 3.0), 4)
    assert (
        alignment.compare(alignment.predictor(between), gd(3.0), PROMPTS).prediction_distance
        < 1e-12
    )


def test_layers_that_cannot_be_merged_are_refused():
    with pytest.raises(InputError, match="2 heads"):
        weights.merge(LinearSelfAttention(3, 2), 2)
    with pytest.raises(InputError, match="zero diagonal"):
        weights.merge(LinearSelfAttention(3), 2)


@given(
    seed=st.integers(0, 99), heads=st.integers(1, 3), n=st.integers(1, 6), dim_x=st.integers(1, 4)
)
def test_what_changes_sign_with_the_labels_is_a_preconditioned_step(seed, heads, n, dim_x):
    generator = torch.Generator().manual_seed(seed)
    prompts = LinearTask(dim_x=dim_x, n_context=n).sample(5, generator, torch.float64)
    layer = LinearSelfAttention(
        dim_x + 1, heads, generator=generator, init_std=0.7, dtype=torch.float64
    )
    read = alignment.predictor(layer)
    odd = (read(prompts) - read(replace(prompts, y=-prompts.y))) / 2
    m = weights.preconditioner(layer, n)
    torch.testing.assert_close(
        odd, torch.einsum("bno,bni,ij,bj->bo", prompts.y, prompts.x, m, prompts.x_query) / n
    )


def test_what_does_not_change_sign_can_only_do_harm():
    task = LinearTask(dim_x=3, n_context=6, noise_std=0.5)
    layer = LinearSelfAttention(
        4, generator=torch.Generator().manual_seed(1), init_std=0.5, dtype=torch.float64
    )
    prompts = task.sample(100_000, torch.Generator().manual_seed(2), torch.float64)
    whole, turned = (
        alignment.predictor(layer)(p).detach() for p in (prompts, replace(prompts, y=-prompts.y))
    )
    odd, even = (whole - turned) / 2, (whole + turned) / 2
    cross = even * (odd - prompts.y_query)
    assert even.square().mean() > 0.1  # it is there …
    assert (
        abs(float(cross.mean() / cross.std())) * 100_000**0.5 < 4
    )  # … and works against nothing, |z| < 4


def test_a_gradient_step_is_preconditioned_with_its_rate():
    layer = construct.gd_layer(4, 1, 8, 3.0)
    torch.testing.assert_close(
        weights.preconditioner(layer, 8), 3.0 * torch.eye(4, dtype=torch.float64)
    )
    with pytest.raises(InputError, match="n_context = 0"):
        weights.preconditioner(layer, 0)


def test_the_products_of_a_construction_are_the_identity_and_minus_its_rate():
    A, B = weights.products(construct.gd_layer(3, 1, 8, 2.0))
    x_block, corner = torch.zeros(4, 4, dtype=torch.float64), torch.zeros(4, 4, dtype=torch.float64)
    x_block[:3, :3], corner[3, 3] = torch.eye(3), -2.0 / 8
    torch.testing.assert_close(A[0], x_block)
    torch.testing.assert_close(B[0], corner)


@given(seed=st.integers(0, 99), heads=st.integers(1, 3), factor=st.sampled_from([-3.0, 0.1, 7.0]))
def test_products_do_not_mind_how_the_weights_are_written(seed, heads, factor):
    layer = drawn(seed, heads)
    before = weights.products(layer)
    mixer = torch.randn(4, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    with torch.no_grad():
        layer.W_K[:], layer.W_Q[:] = (
            mixer @ layer.W_K,
            factor * torch.linalg.inv(mixer).T @ layer.W_Q,
        )
        layer.P /= factor
    for one, other in zip(before, weights.products(layer), strict=True):
        assert one.shape == (heads, 4, 4)
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)
    assert before.A.diagonal(dim1=1, dim2=2)[:, :3].mean(1).tolist() == pytest.approx([1.0] * heads)


def test_a_gradient_step_comes_in_by_the_main_entrance_alone():
    main, side = weights.entrances(construct.gd_layer(3, 1, 8, 2.0), 8)
    torch.testing.assert_close(main, 2.0 * torch.eye(3, dtype=torch.float64))
    assert not side.any()


def test_a_layer_that_scores_by_y_and_hands_over_x_comes_in_by_the_side():
    layer = LinearSelfAttention(2)
    with torch.no_grad():  # score y_i x_q, hand over x_i: in one dimension a gradient step as well
        layer.W_K[0, 0, 1] = layer.W_Q[0, 0, 0] = layer.W_V[0, 0, 0] = 1.0
        layer.P[0, 1, 0] = -3.0 / 5
    main, side = weights.entrances(layer, 5)
    assert not main.any() and side.tolist() == [[pytest.approx(3.0)]]
    prompts = LinearTask(dim_x=1, n_context=5).sample(
        4, torch.Generator().manual_seed(0), torch.float32
    )
    torch.testing.assert_close(alignment.predictor(layer)(prompts), gd(3.0)(prompts))


@given(seed=st.integers(0, 99), heads=st.integers(1, 3))
def test_the_side_entrance_has_rank_one_a_head_and_both_make_the_preconditioner(seed, heads):
    layer = drawn(seed, heads, width=6)
    main, side = weights.entrances(layer, 7)
    assert int(torch.linalg.matrix_rank(side)) == heads
    torch.testing.assert_close(main + side, weights.preconditioner(layer, 7))


@given(problem=problems(), seed=st.integers(0, 99), heads=st.integers(1, 3))
def test_without_stripes_no_answer_changes_and_nothing_else_does_anything(problem, seed, heads):
    prompts, _ = problem
    dim_x, tokens = prompts.dim_x, join_tokens(prompts)
    layer = drawn(seed, heads, dim_x + prompts.dim_y)
    clean = weights.without_stripes(layer, dim_x)
    answers = alignment.predictor(layer)(prompts)
    torch.testing.assert_close(alignment.predictor(clean)(prompts), answers, rtol=1e-7, atol=1e-7)
    assert not clean.W_Q[:, :, dim_x:].any() and not clean.P[:, :dim_x].any()
    assert torch.equal(clean(tokens)[:, -1, :dim_x], tokens[:, -1, :dim_x])


def test_a_layer_applied_twice_is_two_steps_once_its_stripes_are_gone():
    layer = construct.gd_layer(3, 1, 8, 2.0)
    with torch.no_grad():
        layer.W_Q[0, :, 3] += 0.7
        layer.P[0, :3] += 0.7
    prompts = LinearTask(dim_x=3, n_context=8).sample(
        20, torch.Generator().manual_seed(0), torch.float64
    )
    twice = learners.predict(learners.gradient_descent(prompts, 2.0, 2), prompts.x_query)
    spoiled, clean = (
        alignment.iterate(one, prompts, 2, 1.0)[1]
        for one in (layer, weights.without_stripes(layer))
    )
    assert float((spoiled - twice).abs().max()) > 0.1
    torch.testing.assert_close(clean, twice)


@pytest.mark.parametrize("function", [weights.products, weights.without_stripes])
def test_a_width_that_leaves_no_label_and_an_empty_layer_are_refused(function):
    with pytest.raises(InputError, match="dim_x = 4, expected fewer than the 4 slots"):
        function(drawn(0), 4)
    with pytest.raises(InputError, match="zero diagonal on x"):
        function(LinearSelfAttention(4))

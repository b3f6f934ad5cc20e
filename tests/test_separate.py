import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from icllib import construct
from icllib.attention import LinearSelfAttention, SoftmaxSelfAttention
from icllib.errors import InputError, ShapeError
from icllib.kinds import Separate
from icllib.separate import (
    Separated,
    attention_map,
    copying,
    drop_times,
    every_answer,
    loss_of_every_label,
)
from icllib.tasks import LinearTask, Prompts
from icllib.tokens import join_tokens, read_prediction, separate_tokens


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(task, batch=5, seed=0):
    return task.sample(batch, seeded(seed), torch.float64)


@given(dim_x=st.integers(1, 4), dim_y=st.integers(1, 3), n=st.integers(1, 5))
def test_with_one_hot_positions_the_tokens_are_those_of_proposition_3(dim_x, dim_y, n):
    prompts = drawn(LinearTask(dim_x, dim_y, n))
    positions = torch.eye(2 * n + 1, dtype=torch.float64)
    model = Separated(dim_x, dim_y, positions, [])
    assert torch.equal(model.apart(join_tokens(prompts)), separate_tokens(prompts))


@given(dim_x=st.integers(1, 3), dim_y=st.integers(1, 2), n=st.integers(1, 5))
def test_copying_and_a_step_are_gradient_descent_in_this_form_too(dim_x, dim_y, n):
    prompts = drawn(LinearTask(dim_x, dim_y, n))
    written = construct.separate_transformer(dim_x, dim_y, n, lr=0.7)
    positions = torch.eye(2 * n + 1, dtype=torch.float64)
    model = Separated(dim_x, dim_y, positions, written.layers)
    step = construct.gd_layer(dim_x, dim_y, n, 0.7)
    with torch.no_grad():
        found = read_prediction(model(join_tokens(prompts)), dim_y)
        torch.testing.assert_close(found, read_prediction(step(join_tokens(prompts)), dim_y))


def model_of(kind=None, task=None, seed=0):
    return (kind or Separate()).build(task or LinearTask(2, n_context=4))(seeded(seed)).double()


def test_fewer_examples_take_the_first_positions_and_more_are_refused():
    task = LinearTask(2, n_context=4)
    model = model_of(task=task)
    short = model.apart(join_tokens(drawn(LinearTask(2, n_context=2))))
    assert torch.equal(short[0, :, 3:], model.positions[:5])
    with pytest.raises(ShapeError, match=r"tokens has 6 tokens, expected at most 5"):
        model(join_tokens(drawn(LinearTask(2, n_context=5))))
    with pytest.raises(ShapeError, match="tokens"):
        model(join_tokens(drawn(LinearTask(3, n_context=4))))


@given(seed=st.integers(0, 20), place=st.integers(0, 3))
def test_a_causal_answer_depends_on_what_stands_before_it_alone(seed, place):
    model = model_of(Separate(causal=True, init_std=0.5), seed=seed)
    prompts = drawn(LinearTask(2, n_context=4), seed=seed)
    other = drawn(LinearTask(2, n_context=4), seed=seed + 99)
    changed = Prompts(
        torch.cat([prompts.x[:, : place + 1], other.x[:, place + 1 :]], dim=1),
        torch.cat([prompts.y[:, :place], other.y[:, place:]], dim=1),
        other.x_query,
        other.y_query,
    )
    with torch.no_grad():
        before, after = every_answer(model, prompts), every_answer(model, changed)
    torch.testing.assert_close(before[:, : place + 1], after[:, : place + 1])
    assert not torch.allclose(before[:, place + 1 :], after[:, place + 1 :])


def test_without_a_mask_the_label_itself_would_be_seen():
    model = model_of(Separate(init_std=0.5))
    prompts = drawn(LinearTask(2, n_context=4))
    changed = Prompts(prompts.x, 2 * prompts.y, prompts.x_query, prompts.y_query)
    with torch.no_grad():
        assert not torch.allclose(
            every_answer(model, prompts)[:, 0], every_answer(model, changed)[:, 0]
        )


def test_the_loss_of_every_label_is_the_mean_of_the_losses_by_place():
    model = model_of(Separate(causal=True, init_std=0.5))
    prompts = drawn(LinearTask(2, n_context=4), batch=50)
    with torch.no_grad():
        answers = every_answer(model, prompts)
        labels = torch.cat([prompts.y, prompts.y_query[:, None]], dim=1)
        misses = (answers - labels).square() / 2
        torch.testing.assert_close(loss_of_every_label(model, prompts), misses.mean())
        last = read_prediction(model(join_tokens(prompts)), 1)
        torch.testing.assert_close(answers[:, -1], last)


def by_hand(shift):
    """A model whose first layer copies with large logits, one position on or back."""
    layer = construct.softmax_copy_layer(1, 1, 3)
    layer.sees_query = False
    with torch.no_grad():
        layer.W_K[0, 2:, 2:] = torch.diag(torch.ones(6, dtype=torch.float64), shift)
    return Separated(1, 1, torch.eye(7, dtype=torch.float64), [layer])


@pytest.mark.parametrize(("shift", "name"), [(1, "next"), (-1, "previous")])
def test_copying_is_seen_in_the_attention(shift, name):
    prompts = drawn(LinearTask(1, n_context=3))
    model = by_hand(shift)
    shares = copying(model, prompts)
    assert shares[name] > 0.999
    assert sum(shares.values()) - shares[name] < 0.2
    weights = attention_map(model, prompts)
    assert weights.shape == (7, 6)
    torch.testing.assert_close(weights.sum(1), torch.ones(7, dtype=torch.float64))


@given(
    before=st.integers(10, 60),
    drop=st.floats(0.1, 0.9),
    window=st.integers(1, 10),
)
def test_a_sudden_drop_is_found_within_the_window(before, drop, window):
    losses = torch.cat([torch.ones(before), torch.zeros(40)])[:, None]
    time = float(drop_times(losses, 1.0, 0.0, drop, window))
    assert before + 1 <= time <= before + window
    assert time == before + max(1, math.ceil(drop * window - 1e-9))


def test_a_seed_that_never_falls_takes_for_ever():
    losses = torch.stack([torch.ones(50), torch.linspace(1, 0, 50)], dim=1)
    never, halfway = drop_times(losses, 1.0, 0.0)
    assert never == math.inf and 25 < halfway < 35
    with pytest.raises(InputError, match=r"part = 2\.0, expected at most 1"):
        drop_times(losses, 1.0, 0.0, part=2.0)
    with pytest.raises(InputError, match="losses has 50 updates, expected at least 60"):
        drop_times(losses, 1.0, 0.0, window=60)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("softmax", [False, True])
def test_the_kind_draws_small_noise_of_the_right_shape(softmax, causal):
    task = LinearTask(3, n_context=6)
    model = Separate(softmax=softmax, causal=causal).build(task)(seeded())
    first, second = model.layers
    assert isinstance(first, SoftmaxSelfAttention if softmax else LinearSelfAttention)
    assert isinstance(second, LinearSelfAttention)
    assert first.causal == second.causal == causal
    assert model.positions.shape == (13, 20) and first.W_K.shape == (1, 24, 24)
    assert first.W_K.std().item() == pytest.approx(0.02, rel=0.1)
    assert model.positions.std().item() == pytest.approx(0.2, rel=0.2)
    again = Separate(softmax=softmax, causal=causal).build(task)(seeded())
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True)
    )

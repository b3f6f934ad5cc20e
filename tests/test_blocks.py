import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from icllib.attention import LinearSelfAttention, SoftmaxSelfAttention
from icllib.blocks import Clipped, Cut, Feedforward, Normed, Widened
from icllib.errors import InputError
from icllib.kinds import Blocks, Stack
from icllib.tasks import LinearTask


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@given(seed=st.integers(0, 99), factor=st.floats(0.5, 20.0))
def test_behind_a_norm_a_layer_adds_the_same_to_tokens_of_any_length(seed, factor):
    layer = Normed(LinearSelfAttention(4, generator=seeded(seed), init_std=0.5), 4).double()
    layer.norm.eps = 0.0
    tokens = torch.randn(2, 5, 4, generator=seeded(seed), dtype=torch.float64)
    once, scaled = layer(tokens) - tokens, layer(factor * tokens) - factor * tokens
    torch.testing.assert_close(scaled, once, atol=1e-9, rtol=1e-6)


def test_a_norm_changes_nothing_around_a_layer_that_does_nothing():
    tokens = torch.randn(2, 5, 4, generator=seeded())
    assert torch.equal(Normed(LinearSelfAttention(4), 4)(tokens), tokens)
    network = Feedforward(4, 7, generator=seeded())
    torch.nn.init.zeros_(network.outwards.weight)
    assert torch.equal(network(tokens), tokens)


def test_the_small_network_treats_every_token_alike():
    network = Feedforward(4, 7, generator=seeded())
    tokens = torch.randn(1, 5, 4, generator=seeded(1))
    order = torch.tensor([3, 1, 4, 0, 2])
    torch.testing.assert_close(network(tokens[:, order]), network(tokens)[:, order])


def test_a_wide_stack_answers_zero_before_training_and_leaves_the_inputs():
    layers = [Normed(SoftmaxSelfAttention(8, 2, 4, generator=seeded()), 8)]
    stack = Widened(4, 1, 8, layers, generator=seeded())
    tokens = torch.randn(3, 5, 4, generator=seeded(1))
    assert torch.equal(stack(tokens), tokens)
    torch.nn.init.ones_(stack.exit.weight)
    moved = stack(tokens)
    assert torch.equal(moved[..., :3], tokens[..., :3])
    assert not torch.equal(moved[..., 3], tokens[..., 3])


@given(seed=st.integers(0, 99), softmax=st.booleans(), norm=st.booleans(), wide=st.booleans())
def test_blocks_answer_the_query_whatever_the_order_of_the_examples(seed, softmax, norm, wide):
    kind = Blocks(2, 2, softmax, norm, hidden=6, width=8 if wide else 0)
    task = LinearTask(dim_x=3, n_context=5)
    model = kind.build(task)(seeded(seed)).double()
    for name, weight in model.named_parameters():
        if name.startswith("exit"):
            torch.nn.init.normal_(weight, generator=seeded(seed))
    tokens = torch.randn(2, 6, 4, generator=seeded(seed), dtype=torch.float64)
    order = torch.cat([torch.randperm(5, generator=seeded(seed)), torch.tensor([5])])
    torch.testing.assert_close(model(tokens[:, order])[:, -1], model(tokens)[:, -1])


def test_tokens_are_cut_off_behind_every_layer_and_small_ones_are_left():
    layer = LinearSelfAttention(4, generator=seeded(), init_std=0.5)
    small = 0.1 * torch.randn(2, 5, 4, generator=seeded(1))
    assert torch.equal(Clipped(layer, 10.0)(small), layer(small))
    large = Clipped(layer, 10.0)(100 * small)
    assert large.abs().max() == 10.0
    assert torch.equal(large, layer(100 * small).clamp(-10, 10))
    with pytest.raises(InputError, match="limit"):
        Clipped(layer, -1.0)


def test_a_cut_stack_is_the_stack_with_every_layer_cut():
    task = LinearTask(3, n_context=4)
    plain, cut = Stack(looped=3), Cut(Stack(looped=3), 10.0)
    stack, own = (model.build(task)(seeded()) for model in (plain, cut))
    assert own.looped == 3 and len(own.layers) == 1
    tokens = 0.1 * torch.randn(2, 5, 4, generator=seeded(1))
    torch.testing.assert_close(own(tokens), stack(tokens))
    wide = own(1e3 * tokens)
    assert wide.isfinite().all() and wide.abs().max() <= 10.0

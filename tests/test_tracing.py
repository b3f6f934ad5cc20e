import pytest
import torch
from torch import nn

from icllib.attention import MLP, LinearSelfAttention, SoftmaxSelfAttention, Transformer, trace
from icllib.construct import separate_transformer
from icllib.tasks import LinearTask
from icllib.tokens import separate_tokens


def drawn(kind=LinearSelfAttention, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return kind(3, generator=generator, init_std=0.5, dtype=torch.float64)


def tokens_of(seed=0):
    return torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_hand(layers, tokens, prefix="layers."):
    """The activations of a stack, one layer after the other."""
    found = {"tokens": tokens}
    for place, layer in enumerate(layers):
        inside = trace(layer, tokens)
        tokens = inside["out"]
        found |= {f"{prefix}{place}.{name}": a for name, a in inside.items() if name != "tokens"}
    return found


def same(found, expected):
    return list(found) == list(expected) and all(torch.equal(found[k], expected[k]) for k in found)


def test_a_layer_that_stands_twice_in_a_stack_is_traced_each_time():
    prompts = LinearTask(2, 1, 3).sample(2, torch.Generator().manual_seed(0), torch.float64)
    model, tokens = separate_transformer(2, 1, 3, 0.3, steps=3), separate_tokens(prompts)
    found = trace(model, tokens)
    assert same(found, by_hand(model.sequence, tokens))
    assert torch.equal(found["layers.3.out"], model(tokens))
    assert not torch.equal(found["layers.1.out"], found["layers.2.out"])


@pytest.mark.parametrize("looped", [0, 1, 4])
def test_a_looped_layer_is_traced_in_every_loop(looped):
    layer, tokens = drawn(SoftmaxSelfAttention), tokens_of()
    model = Transformer([layer], looped=looped)
    assert same(trace(model, tokens), by_hand([layer] * looped, tokens))


def test_a_stack_that_comes_back_to_a_layer_is_traced_in_order():
    first, second = drawn(seed=1), drawn(SoftmaxSelfAttention, 2)
    model, tokens = Transformer([first, second, first, first]), tokens_of()
    assert same(trace(model, tokens), by_hand([first, second, first, first], tokens))


def test_stacks_in_stacks_have_the_names_of_both():
    first, second = drawn(seed=1), drawn(seed=2)
    inner = Transformer([first, second, first])
    model, tokens = Transformer([inner], looped=2), tokens_of()
    expected = by_hand([first, second, first], tokens, "layers.0.layers.")
    again = by_hand([first, second, first], inner(tokens), "layers.1.layers.")
    assert same(trace(model, tokens), expected | {k: a for k, a in again.items() if k != "tokens"})


class Folded(nn.Module):
    """A module of the reader's own: a layer twice under one name, and one inside a list."""

    def __init__(self, step, others):
        super().__init__()
        self.step, self.others = step, nn.ModuleList(others)

    def forward(self, tokens):
        return self.others[0](self.step(self.step(tokens)))


def test_modules_of_the_reader_s_own_are_traced_by_their_names():
    step, other, tokens = drawn(seed=1), drawn(seed=2), tokens_of()
    found = trace(nn.Sequential(step, nn.Identity(), step), tokens)
    assert torch.equal(found["0.out"], step(tokens))
    assert torch.equal(found["2.out"], step(step(tokens)))
    found = trace(Folded(step, [other]), tokens)
    assert {name.rsplit(".", 1)[0] for name in found} == {"tokens", "step", "step(2)", "others.0"}
    assert torch.equal(found["step(2).out"], step(step(tokens)))
    assert torch.equal(found["others.0.out"], other(step(step(tokens))))


def test_after_a_trace_nobody_listens_even_if_it_failed():
    model = Transformer([drawn(), MLP(2, 4, 3, generator=torch.Generator().manual_seed(0))])
    with pytest.raises(ValueError, match="tokens has width 2"):
        trace(model, tokens_of()[..., :2])
    for module in model.modules():
        assert not module._forward_hooks and not module._forward_pre_hooks

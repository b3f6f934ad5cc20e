from itertools import pairwise

import pytest
import torch
from torch import nn

from icllib.attention import MLP, LinearSelfAttention, SoftmaxSelfAttention, Transformer
from icllib.blocks import FlatNetwork
from icllib.ensemble import Ensemble
from icllib.errors import shapes_only
from icllib.tasks import LinearTask
from icllib.training import loss_from_moments, loss_from_tokens

SEEDS = (3, 4, 8)


class Scaled(nn.Module):
    """A layer times a single number, a parameter without axes."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.factor = layer, nn.Parameter(torch.tensor(0.7))

    def forward(self, tokens):
        return self.factor * self.layer(tokens)


def stack(layers, heads=1, looped=None, dim_y=1):
    def build(generator):
        width = 3 + dim_y
        return Transformer(
            [
                LinearSelfAttention(width, heads, generator=generator, init_std=0.15)
                for _ in range(layers)
            ],
            looped,
        )

    return build


LINEAR = {
    "one layer": stack(1),
    "heads": stack(1, heads=3),
    "two answers": stack(2, heads=2, dim_y=2),
    "a loop": stack(1, looped=2),
    "a longer loop": stack(1, heads=2, looped=4),
    "layers of their own": stack(3),
    "many layers": stack(5, heads=2),
}
OTHERS = {
    "softmax": lambda g: Transformer(
        [SoftmaxSelfAttention(4, 2, generator=g, init_std=0.3)], looped=2
    ),
    "network before attention": lambda g: Transformer(
        [MLP(3, 5, 3, generator=g), LinearSelfAttention(4, generator=g, init_std=0.3)]
    ),
    "a number of its own": lambda g: Scaled(LinearSelfAttention(4, generator=g, init_std=0.3)),
    "the same layer twice": lambda g: Transformer(
        [SoftmaxSelfAttention(4, generator=g, init_std=0.3)] * 2
    ),
    "no attention": lambda g: FlatNetwork(7 * 4, (8, 8), 1, generator=g),
}
BUILDS = LINEAR | OTHERS


def ensemble(build, objective, dtype, reads_stacks=False):
    models = [build(torch.Generator().manual_seed(seed)).to(dtype) for seed in SEEDS]
    return Ensemble(models, SEEDS, objective, reads_stacks)


def found(one, prompts, way=None):
    if way is not None:
        one._find = getattr(one, way)
    with shapes_only():
        return one.losses_and_gradients(prompts, 0)


@pytest.mark.parametrize("n_context", [3, 9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", BUILDS)
def test_all_models_at_once_have_the_losses_and_gradients_of_each_alone(name, dtype, n_context):
    n_context = 6 if name == "no attention" else n_context  # its input has one length
    dim_y = 2 if name == "two answers" else 1
    task = LinearTask(dim_x=3, dim_y=dim_y, n_context=n_context, x_scale=0.5)
    prompts = task.sample(16, torch.Generator().manual_seed(0), dtype)
    build = BUILDS[name]
    expected = found(ensemble(build, loss_from_tokens, dtype), prompts, "_one_by_one")
    ways = [found(ensemble(build, loss_from_tokens, dtype), prompts, "_by_vmap")]
    if name in LINEAR:
        ways.append(found(ensemble(build, loss_from_moments, dtype, reads_stacks=True), prompts))
        ways.append(found(ensemble(build, loss_from_moments, dtype), prompts, "_by_vmap"))
        ways.append(found(ensemble(build, loss_from_moments, dtype), prompts, "_one_by_one"))
    tolerance = 1e-12 if dtype is torch.float64 else 1e-6
    for way in ways:
        for given, wanted in zip(way, expected, strict=True):
            assert float((given - wanted).norm() / wanted.norm()) < tolerance


@pytest.mark.parametrize("name", OTHERS)
def test_models_still_answer_after_their_gradients_were_found_at_once(name):
    task = LinearTask(dim_x=3, n_context=6, x_scale=0.5)
    prompts = task.sample(16, torch.Generator().manual_seed(0), torch.float32)
    one = ensemble(BUILDS[name], loss_from_tokens, torch.float32)
    losses, _ = found(one, prompts, "_by_vmap")
    for model, loss in zip(one.models, losses, strict=True):
        torch.testing.assert_close(loss_from_tokens(model, prompts).detach(), loss)


def test_the_models_weights_are_rows_of_the_table():
    one = ensemble(stack(2), loss_from_tokens, torch.float32)
    one.table += 1
    for place, model in enumerate(one.models):
        row = torch.cat([parameter.flatten() for parameter in model.parameters()])
        torch.testing.assert_close(row, one.table[place])
    rows = [one.stacked[name] for name in one.learning]
    assert all(a.data_ptr() < b.data_ptr() for a, b in pairwise(rows))


def test_a_frozen_parameter_is_in_no_row_and_gets_no_gradient():
    models = [stack(1)(torch.Generator().manual_seed(seed)) for seed in SEEDS]
    one = Ensemble(models, SEEDS, loss_from_moments, reads_stacks=True, trains=("W_Q", "P"))
    prompts = LinearTask(dim_x=3, n_context=6).sample(4, torch.Generator().manual_seed(0))
    assert one.table.shape == one.losses_and_gradients(prompts, 0)[1].shape == (3, 2 * 16)
    assert [p.requires_grad for p in models[0].parameters()] == [False, True, False, True]


class Odd(nn.Module):
    """A layer with something that `torch.vmap` cannot do."""

    def __init__(self, generator, kind):
        super().__init__()
        self.layer = LinearSelfAttention(4, generator=generator, init_std=0.3)
        self.kind = kind
        self.extra = {
            "dropout": lambda: nn.Dropout(0.3),
            "batch norm": lambda: nn.BatchNorm1d(4),
            "a look at a value": nn.Identity,
        }[kind]()
        self.unused = nn.Parameter(torch.ones(2))

    def forward(self, tokens):
        out = self.layer(tokens)
        if self.kind == "a look at a value" and float(out.detach().mean()) > 1e9:
            return tokens
        return self.extra(out.mT).mT if self.kind == "batch norm" else self.extra(out)


@pytest.mark.parametrize("kind", ["dropout", "batch norm", "a look at a value"])
def test_what_cannot_be_vectorised_is_computed_one_by_one(kind):
    task = LinearTask(dim_x=3, n_context=6)
    prompts = task.sample(16, torch.Generator().manual_seed(0))
    one = ensemble(lambda g: Odd(g, kind), loss_from_tokens, torch.float32)
    losses, gradients = found(one, prompts)
    for place, seed in enumerate(SEEDS):
        torch.default_generator.manual_seed((seed * 1_000_003) % 2**32)
        model = Odd(torch.Generator().manual_seed(seed), kind)
        loss = loss_from_tokens(model, prompts)
        loss.backward()
        torch.testing.assert_close(losses[place], loss.detach())
        expected = [torch.zeros_like(p) if p.grad is None else p.grad for p in model.parameters()]
        torch.testing.assert_close(gradients[place], torch.cat([g.flatten() for g in expected]))
        for own, buffer in zip(one.models[place].buffers(), model.buffers(), strict=True):
            torch.testing.assert_close(own, buffer)
    again = found(ensemble(lambda g: Odd(g, kind), loss_from_tokens, torch.float32), prompts)
    assert torch.equal(again[0], losses) and torch.equal(again[1], gradients)

import subprocess
import sys

import pytest
import torch
from torch import nn

from icllib import optimizers
from icllib.attention import LinearSelfAttention, Transformer
from icllib.ensemble import Ensemble
from icllib.optimizers import Adam, Each, Together, optimizer_of
from icllib.recipes import Recipe
from icllib.tasks import LinearTask
from icllib.training import loss_from_tokens

OPTIONS = {
    "Adam": {"betas": (0.9, 0.95)},
    "AdamW": {"weight_decay": 0.1},
    "SGD": {"momentum": 0.9, "nesterov": True},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Adagrad": {"lr_decay": 0.1},
    "NAdam": {},
    "RAdam": {},
    "Adamax": {},
    "Adadelta": {},
    "Rprop": {},
    "ASGD": {"t0": 2},
}


def models(dtype=torch.float64):
    def layers(seed):
        generator = torch.Generator().manual_seed(seed)
        return Transformer(
            [LinearSelfAttention(4, generator=generator, init_std=0.3) for _ in range(2)]
        )

    return Ensemble([layers(seed).to(dtype) for seed in range(3)], range(3), loss_from_tokens)


def updated(way, recipe, dtype=torch.float64):
    ensemble = models(dtype)
    optimizer = way(recipe, ensemble)
    prompts = LinearTask(dim_x=3, n_context=5).sample(4, torch.Generator().manual_seed(0), dtype)
    generator = torch.Generator().manual_seed(1)
    for step in range(6):
        gradients = torch.randn(ensemble.table.shape, generator=generator, dtype=dtype)
        goes_on = torch.tensor([True, step < 3, True])
        gradients[~goes_on] = 0
        optimizer.update(gradients, 0.1 / (1 + step), goes_on, prompts, step)
    return ensemble.table


@pytest.mark.parametrize("name", OPTIONS)
def test_one_optimiser_of_all_weights_does_what_one_a_model_does(name):
    assert set(OPTIONS) == optimizers._ELEMENTWISE
    recipe = Recipe(steps=9, optimizer=name, options=OPTIONS[name])
    together, each = updated(Together, recipe), updated(Each, recipe)
    assert not torch.equal(together, models().table)
    torch.testing.assert_close(together, each, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_our_adam_is_that_of_torch_bit_by_bit(dtype):
    generator = torch.Generator().manual_seed(0)
    ours = torch.randn(3, 40, generator=generator, dtype=dtype)
    theirs = nn.Parameter(ours.clone())
    one = Adam(ours, 0.1, betas=(0.9, 0.95), eps=1e-7)
    other = torch.optim.Adam([theirs], 0.1, betas=(0.9, 0.95), eps=1e-7, foreach=False)
    for step in range(50):
        ours.grad = torch.randn(ours.shape, generator=generator, dtype=dtype)
        theirs.grad = ours.grad.clone()
        one.param_groups[0]["lr"] = other.param_groups[0]["lr"] = 0.1 / (1 + step)
        one.step()
        other.step()
    assert torch.equal(ours, theirs.detach())


def test_adam_with_options_that_ours_lacks_is_that_of_torch():
    decays = optimizer_of(
        Recipe(steps=1, optimizer="Adam", options={"weight_decay": 0.1}), models()
    )
    assert isinstance(decays.optimizer, torch.optim.Adam)
    assert isinstance(optimizer_of(Recipe(steps=1), models()).optimizer, Adam)
    assert isinstance(optimizer_of(Recipe(steps=1, optimizer="LBFGS", options={}), models()), Each)


@pytest.mark.slow
def test_a_first_training_does_not_wait_for_the_compiler_of_torch():
    program = """
import sys
from icllib.attention import LinearSelfAttention
from icllib.recipes import Recipe
from icllib.tasks import LinearTask
from icllib.training import loss_from_moments, train
task, build = LinearTask(dim_x=3, n_context=6), lambda g: LinearSelfAttention(4, generator=g)
train(build, task, Recipe(steps=2, batch=8), (0, 1), objective=loss_from_moments, progress=False)
print("torch._dynamo" in sys.modules)
"""
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from icllib.errors import InputError
from icllib.experiments import NAMED
from icllib.files import digest, plain
from icllib.recipes import Recipe

OPTIMIZERS = [
    name
    for name, thing in sorted(vars(torch.optim).items())
    if isinstance(thing, type) and thing is not torch.optim.Optimizer
]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_of_torch_can_be_asked_for_by_its_name_alone(name):
    recipe = Recipe(steps=5, optimizer=name)
    made = getattr(torch.optim, name)(
        [nn.Parameter(torch.ones(2, 2))], lr=recipe.lr, **recipe.options
    )
    assert ("betas" in made.defaults) == ("betas" in recipe.options)
    assert Recipe(steps=5, optimizer=name, options={}).options == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"options": {"momentum": 0.9}}, "options has 'momentum', expected those of Adam: betas, "),
        ({"optimizer": "SGD", "options": {"betas": (0.9, 0.95)}}, "options has 'betas', expected"),
        ({"options": {"lr": 0.1}}, "options has 'lr'"),
        ({"options": {"betas": (2, 0)}}, "Adam says Invalid beta parameter at index 0: 2"),
        (
            {"optimizer": "SGD", "options": {"nesterov": True}},
            "SGD says Nesterov momentum requires",
        ),
        ({"options": {"eps": "small"}}, "options = {'eps': 'small'}: Adam says"),
        ({"options": [0.9, 0.95]}, "options = [0.9, 0.95], expected a dictionary"),
        ({"optimizer": "Optimizer"}, "optimizer = 'Optimizer', expected the name of a class"),
        ({"optimizer": "lr_scheduler"}, "optimizer = 'lr_scheduler', expected the name"),
        ({"optimizer": torch.optim.Adam}, "expected the name of a class in torch.optim"),
        ({"warmup": 2}, "warmup = 2, expected a fraction of the steps"),
        ({"trains": "W_Q"}, "trains = 'W_Q', expected a tuple of names: ('W_Q',)"),
    ],
)
def test_what_an_optimizer_cannot_work_with_is_named_when_the_recipe_is_made(arguments, message):
    with pytest.raises(InputError) as caught:
        Recipe(steps=5, **arguments)
    assert message in str(caught.value)


def test_another_optimizer_in_a_recipe_needs_its_own_options():
    with pytest.raises(InputError, match="options has 'betas'"):
        replace(Recipe(steps=5), optimizer="SGD")
    assert replace(Recipe(steps=5), optimizer="SGD", options=None).options == {}


def test_numbers_of_numpy_and_torch_make_the_same_recipe():
    plainly = Recipe(5, 64, 0.25, options={"betas": (0.5, 0.75)}, clip=0.5, trains=("P",))
    numpy = Recipe(
        np.int64(5), np.array(64), np.float32(0.25),
        options={"betas": np.array([0.5, 0.75], np.float32)}, clip=torch.tensor(0.5), trains=["P"],
    )  # fmt: skip
    assert numpy == plainly and hash(numpy) == hash(plainly) and repr(numpy) == repr(plainly)
    assert json.dumps(plain(numpy)) == json.dumps(plain(plainly))
    assert len({numpy, plainly, replace(plainly, lr=0.5)}) == 2


def test_a_stored_description_keeps_numpy_s_numbers():
    described = plain({"a": np.int64(3), "b": np.float32(0.5), "c": np.arange(2)})
    assert described == {"a": 3, "b": 0.5, "c": [0, 1]} and json.dumps(described)


def test_the_book_s_recipes_are_described_as_they_always_were():
    recipe = plain(NAMED["one-layer"].recipe)
    assert recipe == {
        "class": "Recipe", "steps": 200, "batch": 2048, "lr": 0.02, "optimizer": "Adam",
        "options": {"betas": [0.9, 0.95]}, "schedule": "cosine", "warmup": 0.05, "clip": 1.0,
        "trains": None, "data_seed": 0, "dtype": "float32",
    }  # fmt: skip
    assert digest(Recipe(5)) == digest(Recipe(5, options={"betas": (0.9, 0.95)}))


def test_making_a_recipe_does_not_load_torch_s_compiler():
    code = "import sys; from icllib.recipes import Recipe; Recipe(5, options={'eps': 1e-6}); "
    code += "print('torch._dynamo' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"

"""A small training, and what two of them are compared by."""

import torch

from icllib.attention import LinearSelfAttention
from icllib.tasks import LinearTask
from icllib.training import loss_from_moments, train

TASK = LinearTask(dim_x=3, n_context=6, x_scale=0.5)


def layer(generator):
    return LinearSelfAttention(4, generator=generator, init_std=0.3)


def quick(recipe, seeds=(0, 1), build=layer, objective=loss_from_moments, **options):
    return train(build, TASK, recipe, seeds, objective=objective, progress=False, **options)


def weights(trained):
    return [parameter for model in trained.models for parameter in model.parameters()]


def equal_bits(one, other):
    return all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))

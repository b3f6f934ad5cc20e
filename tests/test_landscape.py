from dataclasses import replace

import pytest
import torch

from icllib import landscape
from icllib.attention import LinearSelfAttention, Transformer, from_moments
from icllib.kinds import Stack
from icllib.learners import least_squares, predict, query_loss
from icllib.tasks import LinearTask

TASK = LinearTask(dim_x=2, n_context=6, x_dist="normal", noise_std=0.5)
PROMPTS = TASK.sample(500, torch.Generator().manual_seed(0), torch.float64)


def loss(model, prompts=PROMPTS):
    return float(query_loss(from_moments(model, prompts), prompts).mean().detach())


def test_the_bottom_from_a_structured_start_is_a_minimum_with_one_flat_direction_a_layer():
    model = Stack().build(TASK)(torch.Generator().manual_seed(0))
    moved, least, slope = landscape.bottom(model, PROMPTS)
    assert least == pytest.approx(loss(moved)) and least < loss(model.double()) and slope < 1e-6
    found = landscape.curvatures(moved, PROMPTS)
    # A's x-columns (2 · 3) and B's y-row (3): no answer depends on the other nine of 18 numbers.
    assert len(found) == 9 and found[0].abs() < 1e-7 * found[-1] and found[1] > 1e-5 * found[-1]


def test_the_curvatures_are_those_of_autograd_s_hessian():
    model = Transformer(
        [LinearSelfAttention(3, generator=torch.Generator().manual_seed(1), init_std=0.5)]
    ).double()
    with torch.no_grad():
        model.layers[0].W_K[0] = model.layers[0].W_V[0] = torch.eye(3)

    def of(numbers):
        read, written = numbers[:9].view(3, 3), numbers[9:].view(3, 3)
        tokens = torch.cat([PROMPTS.x, PROMPTS.y], -1)
        query = torch.nn.functional.pad(PROMPTS.x_query, (0, 1))
        answers = -torch.einsum("ij,bnj,bnk,kl,bl->bi", written, tokens, tokens, read, query)[:, 2:]
        return query_loss(answers, PROMPTS).mean()

    numbers = torch.cat([model.layers[0].W_Q.flatten(), model.layers[0].P.flatten()]).detach()
    expected = torch.linalg.eigvalsh(torch.func.hessian(of)(numbers))
    found = landscape.curvatures(model, PROMPTS)
    expected = expected[expected.abs().sort(descending=True).indices[: len(found)]].sort().values
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)


def test_at_a_saddle_one_curvature_is_negative():
    nothing = Transformer(
        [LinearSelfAttention(3, dtype=torch.float64)]
    )  # all zero: no slope, and ways down
    with torch.no_grad():
        nothing.layers[0].W_K[0] = nothing.layers[0].W_V[0] = torch.eye(3)
    _, least, slope = landscape.bottom(nothing, PROMPTS)
    assert slope == 0 and least == pytest.approx(float(PROMPTS.y_query.square().mean()) / 2)
    assert landscape.curvatures(nothing, PROMPTS)[0] < 0
    exact = replace(PROMPTS, y_query=predict(least_squares(PROMPTS), PROMPTS.x_query))
    assert landscape.curvatures(nothing, exact)[0] < 0

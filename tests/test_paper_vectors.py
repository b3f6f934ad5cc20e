"""The inputs, weights and outputs of the paper's own code, reproduced (conventions: index.json)."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from icllib import construct, datasets, learners
from icllib.attention import LinearSelfAttention, SoftmaxSelfAttention
from icllib.tasks import Prompts
from icllib.tokens import read_prediction

FOLDER = Path(__file__).parent / "reference"
CASES = {case["name"]: case for case in json.loads((FOLDER / "index.json").read_text())["cases"]}


def arrays(name):
    return datasets.paper_vectors(name)


def single(value):
    """A number as the paper's code keeps it: in single precision."""
    return float(np.float32(value))


def prompts_of(case, theirs):
    tokens, d = theirs["tokens_in"], case["Nx"]
    return Prompts(tokens[:, :-1, :d], tokens[:, :-1, d:], tokens[:, -1, :d], theirs["target"])


@pytest.mark.parametrize("name", CASES)
def test_our_layer_with_their_weights_gives_their_tokens(name):
    case, theirs = CASES[name], arrays(name)
    heads, width = case.get("heads", 1), theirs["tokens_in"].shape[-1]
    kind = SoftmaxSelfAttention if case.get("softmax") else LinearSelfAttention
    layer = kind(width, heads, dtype=torch.float64)
    with torch.no_grad():
        for ours, their_name in (("W_K", "Wk"), ("W_Q", "Wq"), ("W_V", "Wv")):
            getattr(layer, ours).copy_(theirs[their_name][0].T.reshape(heads, width, width))
        layer.P.copy_(theirs["P"][0].reshape(heads, width, width).mT)
        tokens = theirs["tokens_in"]
        for after, prediction in zip(
            theirs["tokens_after_layer"], theirs["prediction_per_layer"], strict=True
        ):
            tokens = layer(tokens)
            torch.testing.assert_close(tokens, after, rtol=0, atol=1e-10)
            torch.testing.assert_close(
                read_prediction(tokens, case["Ny"]), prediction, rtol=0, atol=1e-10
            )


@pytest.mark.parametrize("name", [name for name in CASES if "gd" in name])
def test_our_construction_gives_their_tokens(name):
    case, theirs = CASES[name], arrays(name)
    n = case["N"]
    lr = n * single(case.get("eta_over_N", case["eta"] / n))
    if "gamma" in case:
        layers = construct.gd_plus_plus_transformer(
            case["Nx"], 1, n, lr, single(case["gamma"]), case["layers"]
        ).layers
    else:
        w0 = theirs["W0"].float().double() if "W0" in theirs else None
        layers = [construct.gd_layer(case["Nx"], case["Ny"], n, lr, w0)] * case["layers"]
    tokens = theirs["tokens_in"]
    for layer, after in zip(layers, theirs["tokens_after_layer"], strict=True):
        tokens = layer(tokens).detach()
        torch.testing.assert_close(tokens, after, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", [name for name in CASES if "gd" in name])
def test_our_learners_give_their_predictions(name):
    case, theirs = CASES[name], arrays(name)
    prompts, n = prompts_of(case, theirs), case["N"]
    lr = n * single(case.get("eta_over_N", case["eta"] / n))
    w0 = theirs["W0"].float().double() if "W0" in theirs else None
    for steps, prediction in enumerate(theirs["prediction_per_layer"], start=1):
        if "gamma" in case:
            ours = learners.gd_plus_plus(prompts, lr, single(case["gamma"]), steps)
        else:
            ours = learners.predict(
                learners.gradient_descent(prompts, lr, steps, w0), prompts.x_query
            )
        if w0 is not None:  # their query token keeps −W_0 x_q in single precision
            ours = (
                ours
                - learners.predict(w0.expand(len(ours), -1, -1), prompts.x_query)
                - theirs["tokens_in"][:, -1, case["Nx"] :]
            )
        torch.testing.assert_close(ours, prediction, rtol=0, atol=1e-10)

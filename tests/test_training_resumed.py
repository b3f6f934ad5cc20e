"""A training that was interrupted ends as if it had not been; damaged checkpoints are refused."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
import torch
from torch import nn
from trainings import equal_bits, layer, quick

from icllib.attention import LinearSelfAttention
from icllib.files import FileError
from icllib.recipes import Recipe
from icllib.tasks import LinearTask
from icllib.training import loss_from_moments, loss_from_tokens, train


class PowerCutError(Exception):
    pass


@pytest.mark.parametrize(
    ("optimizer", "options"), [("Adam", {"betas": (0.9, 0.95)}), ("LBFGS", {"max_iter": 2})]
)
def test_an_interrupted_training_ends_with_the_same_bits(tmp_path, optimizer, options):
    recipe = Recipe(steps=40, batch=32, lr=0.05, optimizer=optimizer, options=options)
    whole = quick(recipe, every=5, keep_weights=True)
    calls = 0

    def breaks(model):
        nonlocal calls
        calls += 1
        if calls == 9:  # in the fifth measurement, at update 20
            raise PowerCutError
        return float(calls <= 8)

    path = tmp_path / "run"
    with pytest.raises(PowerCutError):
        quick(recipe, every=5, keep_weights=True, measures={"x": breaks}, checkpoint=path)
    assert path.exists()
    resumed = quick(recipe, every=5, keep_weights=True, measures={"x": breaks}, checkpoint=path)
    assert equal_bits(whole, resumed) and torch.equal(whole.losses, resumed.losses)
    assert resumed.steps == whole.steps and torch.equal(resumed.weights["P"], whole.weights["P"])
    assert (
        resumed.measured["x"].tolist() == [[1, 1]] * 4 + [[0, 0]] * 5
    )  # what was measured before is kept
    again = quick(recipe, every=5, keep_weights=True, measures={"x": breaks}, checkpoint=path)
    assert calls == 9 + 2 * 5 and equal_bits(again, whole)  # finished: nothing is left to do


@pytest.mark.slow
def test_a_killed_training_ends_with_the_same_bits(tmp_path):
    program = textwrap.dedent(
        """
        import sys, torch
        from icllib.attention import LinearSelfAttention
        from icllib.recipes import Recipe
        from icllib.tasks import LinearTask
        from icllib.training import loss_from_moments, train
        torch.set_num_threads(1)
        task = LinearTask(dim_x=3, n_context=6, x_scale=0.5)
        build = lambda g: LinearSelfAttention(4, generator=g, init_std=0.3)
        trained = train(build, task, Recipe(steps=400, batch=64), (0, 1), objective=loss_from_moments, every=20,
                        checkpoint=sys.argv[1] or None, progress=False)
        torch.save([model.state_dict() for model in trained.models] + [trained.losses], sys.argv[2])
        """
    )
    command = [sys.executable, "-c", program]
    checkpoint, whole, resumed = tmp_path / "checkpoint", tmp_path / "whole", tmp_path / "resumed"
    subprocess.run([*command, "", whole], check=True)
    first = subprocess.Popen([*command, checkpoint, resumed])
    while not checkpoint.exists() and first.poll() is None:
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL and not resumed.exists()
    subprocess.run([*command, checkpoint, resumed], check=True)
    (*models, losses), (*expected, expected_losses) = torch.load(resumed), torch.load(whole)
    assert torch.equal(losses, expected_losses)
    for one, other in zip(models, expected, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in other)


def test_a_damaged_or_foreign_checkpoint_is_refused_by_name(tmp_path):
    path = tmp_path / "run"
    recipe = Recipe(steps=4, batch=8)
    quick(recipe, checkpoint=path)
    content = path.read_bytes()
    for broken, message in (
        (content[:-1], "truncated or damaged"),
        (content[: len(content) // 2], "truncated or damaged"),
        (content[:100] + bytes([content[100] ^ 1]) + content[101:], "truncated or damaged"),
        (b"something else", "no checkpoint of icllib"),
        (b"", "no checkpoint of icllib"),
    ):
        path.write_bytes(broken)
        with pytest.raises(FileError, match=f"{path} .*{message}"):
            quick(recipe, checkpoint=path)
        assert path.read_bytes() == broken
    path.write_bytes(content)
    with pytest.raises(
        FileError,
        match=r"belongs to another training: its recipe.*'steps': 4.*expected.*'steps': 5",
    ):
        quick(Recipe(steps=5, batch=8), checkpoint=path)
    with pytest.raises(FileError, match=r"its seeds is \[0, 1\], expected \[0, 2\]"):
        quick(recipe, seeds=(0, 2), checkpoint=path)
    with pytest.raises(FileError, match="its task is"):
        train(
            layer,
            LinearTask(dim_x=3, n_context=7),
            recipe,
            (0, 1),
            objective=loss_from_moments,
            checkpoint=path,
            progress=False,
        )


class Regularised(nn.Module):
    """A layer with dropout and batch norm, and a parameter that nothing reads."""

    def __init__(self, generator):
        super().__init__()
        self.layer = LinearSelfAttention(4, generator=generator, init_std=0.3)
        self.dropout, self.norm = nn.Dropout(0.2), nn.BatchNorm1d(4)
        self.unused = nn.Parameter(torch.ones(2))

    def forward(self, tokens):
        return self.norm(self.dropout(self.layer(tokens)).mT).mT


@pytest.mark.parametrize("optimizer", ["Adam", "LBFGS"])
@pytest.mark.slow
def test_dropout_and_batch_norm_train_and_resume_with_the_same_bits(tmp_path, optimizer):
    recipe = Recipe(steps=12, batch=16, optimizer=optimizer, dtype="float64")
    options = {"build": Regularised, "objective": loss_from_tokens, "every": 4}
    before = torch.get_rng_state()
    whole = quick(recipe, **options)
    assert torch.equal(torch.get_rng_state(), before)  # whoever draws from torch's global generator
    calls = []

    def breaks(model):
        calls.append(model.training)
        if len(calls) == 5:
            raise PowerCutError
        return 0.0

    options |= {"measures": {"x": breaks}, "checkpoint": tmp_path / "run"}
    with pytest.raises(PowerCutError):
        quick(recipe, **options)
    torch.rand(7)
    resumed = quick(recipe, **options)
    assert equal_bits(whole, resumed) and torch.equal(whole.losses, resumed.losses)
    assert not any(calls)  # measured in evaluation mode
    for one, other in zip(whole.models, resumed.models, strict=True):
        assert torch.equal(one.norm.running_var, other.norm.running_var)
        assert torch.equal(one.unused, torch.ones(2))
    alone = quick(recipe, seeds=(1,), build=Regularised, objective=loss_from_tokens)
    torch.testing.assert_close(alone.losses[:, 0], whole.losses[:, 1], rtol=1e-9, atol=1e-12)

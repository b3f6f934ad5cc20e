import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from icllib import datasets
from icllib.errors import InputError

ROOT = Path(__file__).resolve().parent.parent


def test_penguins_have_plausible_measurements_and_three_species():
    birds = datasets.penguins()
    assert len(birds.species) == len(birds.body_mass) == 342 and set(birds.species) == {
        "Adelie",
        "Chinstrap",
        "Gentoo",
    }
    assert birds.flipper_length.min() > 170 and birds.body_mass.max() < 7000
    assert torch.corrcoef(torch.stack([birds.flipper_length, birds.body_mass]))[0, 1] > 0.8


def test_reviews_are_balanced_unit_vectors():
    bank = datasets.reviews()
    assert (
        bank.labels.sum() == 0
        and set(bank.labels.tolist()) == {-1.0, 1.0}
        and len(bank.sentences) == 120
    )
    assert (bank.embeddings.norm(dim=1) - 1).abs().max() < 1e-3  # stored with 11 bits


def test_the_vectors_of_the_paper_s_code_come_with_the_library_from_any_folder(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    theirs = datasets.paper_vectors("C_gd1_nx3_ny2_n7_W0")
    assert theirs["tokens_in"].shape == theirs["official_jax_f32_tokens_after_last"].shape
    assert all(array.dtype == torch.float64 for array in theirs.values())
    with pytest.raises(InputError, match=r"name = 'B'.*C_gd1_nx3_ny2_n7_W0"):
        datasets.paper_vectors("B")


@pytest.mark.slow
def test_an_installed_library_carries_its_data_results_and_vectors(tmp_path):
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    source = tmp_path / "book"
    for name in ("icllib", "results", "tests/reference"):
        shutil.copytree(
            ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", ".checkpoints")
        )
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run([*pip, "--target", tmp_path / "site", source], check=True)
    shutil.rmtree(source)
    code = (
        "import icllib; from icllib import datasets, experiments, store;"
        "print(icllib.__file__); datasets.paper_runs(); datasets.paper_vectors('A_gd1_nx10_ny1_n10_U0.5');"
        "print(store.load(experiments.named('one-layer')).provenance)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    output = subprocess.check_output(
        [sys.executable, "-c", code], cwd=tmp_path, text=True, env=environment
    )
    assert str(tmp_path / "site") in output and "python -m icllib run one-layer" in output

import hashlib
import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from icllib.datasets import machine_proof

ROOT = Path(__file__).resolve().parent.parent
SOURCE = (ROOT / "proof" / "OneStep.v").read_text(encoding="utf-8")
needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="no Coq here")


@pytest.fixture(scope="module")
def prove():
    sys.path.insert(0, str(ROOT / "tools"))
    spec = importlib.util.spec_from_file_location("prove", ROOT / "tools" / "prove.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(ROOT / "tools"))
    return module


def test_what_chapter_6_shows_is_what_the_checker_read(prove):
    record = machine_proof()
    assert record["source"] == hashlib.sha256(SOURCE.encode()).hexdigest(), "run `make proof`"
    assert record["statements"] == prove.statements(SOURCE)
    assert record["said"] == "Closed under the global context"
    assert {"one_layer_is_one_step", "K_layers_are_K_steps"} <= set(record["statements"])


def test_nothing_is_taken_for_granted(prove):
    words = SOURCE.split()
    assert not {"Admitted.", "Axiom", "Parameter", "Hypothesis", "Conjecture", "admit."} & set(
        words
    )
    assert sorted(prove.asked(SOURCE)) == sorted(prove.statements(SOURCE))


@needs_coq
@pytest.mark.slow
def test_the_checker_accepts_the_proofs(prove):
    assert prove.prove(SOURCE)["said"] == "Closed under the global context"


@needs_coq
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("block_mx 0 0 W_0 (- 1%:M)", "block_mx 0 0 W_0 1%:M"),
        ("block_mx 0 0 W_0 (- 1%:M)", "block_mx 0 0 0 (- 1%:M)"),
        ("block_mx 1%:M 0 0 0", "block_mx 1%:M 0 0 1%:M"),
        ("prompt Y (- (W_0 *m X_q))", "prompt Y (W_0 *m X_q)"),
        ("- rate *: gradient", "rate *: gradient"),
    ],
)
@pytest.mark.slow
def test_other_weights_are_not_proved(prove, right, wrong):
    assert SOURCE.count(right) == 1
    with pytest.raises(prove.ProofError, match="Coq does not accept"):
        prove.prove(SOURCE.replace(right, wrong))


@needs_coq
@pytest.mark.slow
def test_a_gap_is_found(prove):
    start = SOURCE.index("Proof.", SOURCE.index("Lemma labels_remember"))
    end = SOURCE.index("Qed.", start) + 4
    with pytest.raises(prove.ProofError, match="assumes something"):
        prove.prove(SOURCE[:start] + "Proof. Admitted." + SOURCE[end:])


def test_without_coq_a_sentence_says_what_to_do(prove, monkeypatch):
    monkeypatch.setattr(prove.shutil, "which", lambda name: None)
    with pytest.raises(prove.ProofError, match=r"coqc is not here; proof/README\.md"):
        prove.prove(SOURCE)

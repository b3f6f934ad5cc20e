"""The ledger: each claim, the numbers that decide it, and a tolerance chosen before measuring."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from icllib import evidence, evidence_beyond, evidence_exact, evidence_language
from icllib.errors import UnstableWarning
from icllib.evidence import Figure
from icllib.evidence import random_self_similar_layer as random_self_similar_layer
from icllib.store import FOLDER

__all__ = ["CLAIMS", "Claim", "Verdict", "decide"]


@dataclass(frozen=True)
class Claim:
    """A sentence that can be wrong. Sources: I the interview, P the paper, F its follow-ups."""

    id: str
    sentence: str
    source: str
    chapter: str
    measure: Callable[[Path], Iterator[Figure]]


@dataclass(frozen=True)
class Verdict:
    """A claim, measured: "holds" if all figures keep their bounds, "holds in part" if some do, else
    "does not hold here"."""

    id: str
    sentence: str
    source: str
    chapter: str
    command: str
    figures: tuple[Figure, ...]
    verdict: str

    def as_json(self) -> dict:
        """For machines: every figure says whether it holds."""
        figures = [asdict(figure) | {"holds": figure.holds} for figure in self.figures]
        return asdict(self) | {"figures": figures}


def decide(folder: Path = FOLDER) -> list[Verdict]:
    """Measure every claim on the stored results and say whether it holds.

    Raises:
        MissingResultError, StaleResultError: a result that a claim needs is not there, or not
            current.
    """
    verdicts = []
    for claim in CLAIMS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnstableWarning)
            figures = tuple(claim.measure(folder))
        kept = sum(figure.holds for figure in figures)
        verdict = (
            "holds" if kept == len(figures) else "holds in part" if kept else "does not hold here"
        )
        command = f"python -m icllib claims  # {claim.id}"
        verdicts.append(
            Verdict(
                claim.id, claim.sentence, claim.source, claim.chapter, command, figures, verdict
            )
        )
    return verdicts


#: Every claim that the chapters so far decide.
#:
#: :meta hide-value:
CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C01",
        "A fixed network labels new text from the examples in its prompt.",
        "I",
        "introduction",
        evidence_exact.few_shot,
    ),
    Claim(
        "C02",
        "Linear attention is the fast weights of 1991.",
        "I, P",
        "5",
        evidence_exact.fast_weights,
    ),
    Claim(
        "C03",
        "One linear layer can take exactly one step of gradient descent.",
        "P",
        "6",
        evidence_exact.one_step,
    ),
    Claim("C04", "K layers can take K steps.", "P", "7", evidence_exact.many_steps),
    Claim(
        "C05",
        "A trained one-layer model is a step of gradient descent.",
        "I, P",
        "10",
        evidence.one_layer,
    ),
    Claim(
        "C06",
        "It stays one out of distribution, up to a point.",
        "P",
        "10",
        evidence.out_of_distribution,
    ),
    Claim("C07", "More heads do not change it.", "P", "10", evidence.heads),
    Claim(
        "C08",
        "Training needs only the pressure to predict.",
        "I",
        "10, 15",
        evidence_beyond.pressure_to_predict,
    ),
    Claim(
        "C09",
        "Deep trained models are better than plain gradient descent.",
        "I, P",
        "7, 11",
        evidence.deep,
    ),
    Claim(
        "C10",
        "The learned algorithm can be read off the weights and run without the network.",
        "I",
        "11",
        evidence.read_off,
    ),
    Claim(
        "C11",
        "The optimum of one layer is preconditioned GD, and training reaches it.",
        "I, F",
        "12",
        evidence.optimum,
    ),
    Claim(
        "C12",
        "With a network before it, a layer takes the step on learned features.",
        "P",
        "9, 14",
        evidence_beyond.curves,
    ),
    Claim(
        "C13",
        "Of separate tokens a first layer can copy, and training finds copying, suddenly.",
        "P",
        "8, 15",
        evidence_beyond.copying_appears,
    ),
    Claim(
        "C14",
        "One softmax head cannot take the step; two nearly do.",
        "P",
        "9, 13",
        evidence_beyond.softmax,
    ),
    Claim(
        "C15",
        "LayerNorm spoils the exact step.",
        "P",
        "9, 13",
        evidence_beyond.layer_norm,
    ),
    Claim(
        "C16",
        "The architecture leans towards learning before it is trained.",
        "I",
        "10",
        evidence.before_training,
    ),
    Claim("C17", "Every activation can be recorded.", "I", "4", evidence_exact.recorded),
    Claim(
        "C18",
        "The loss inside is built from the context alone.",
        "P",
        "3, 6",
        evidence_exact.context_alone,
    ),
    Claim(
        "C19",
        "The trained circuit is that of an induction head.",
        "P",
        "8, 15",
        evidence_beyond.induction,
    ),
    Claim(
        "C20",
        "A language model that learns from its prompt does this.",
        "I",
        "16",
        evidence_language.language_model,
    ),
    Claim(
        "C21",
        "Training does not find copying where the first layer is linear.",
        "P",
        "15",
        evidence_beyond.copying_without_softmax,
    ),
)

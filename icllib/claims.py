"""The ledger: each claim, the numbers that decide it, and a tolerance chosen before measuring."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from icllib import evidence, evidence_beyond, evidence_exact
from icllib.claims_beyond import BEYOND
from icllib.errors import UnstableWarning, check_choice
from icllib.evidence import random_self_similar_layer as random_self_similar_layer
from icllib.experiments import NAMED
from icllib.ledger import Claim, Verdict
from icllib.ledger import Figure as Figure
from icllib.ledger import check as check
from icllib.ledger import store as store
from icllib.store import FOLDER

__all__ = ["CLAIMS", "decide"]

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class _Seeds(dict):
    """Name of an experiment → the number of its seeds, in words."""

    def __missing__(self, name: str) -> str:
        seeds = NAMED[name].seeds
        return _WORDS[seeds] if seeds < len(_WORDS) else f"{seeds:,}"


def decide(folder: Path = FOLDER, only: Sequence[str] = ()) -> list[Verdict]:
    """Measure every claim on the stored results and say whether it holds.

    Args:
        folder: where results lie.
        only: ids of the claims to measure; all unless given.

    Raises:
        InputError: no claim has such an id.
        MissingResultError, StaleResultError: a result that a claim needs is not there, or not
            current.
    """
    for name in only:
        check_choice("only", name, tuple(claim.id for claim in CLAIMS))
    return [_decided(claim, folder) for claim in CLAIMS if not only or claim.id in only]


def _decided(claim: Claim, folder: Path) -> Verdict:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnstableWarning)
        figures = tuple(claim.measure(folder))
    sure = claim.sure.format_map(_Seeds())
    return Verdict(
        claim.id,
        claim.sentence,
        claim.source,
        claim.where,
        claim.chapter,
        sure[:1].upper() + sure[1:],
        claim.command,
        figures,
    )


_CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C01",
        "A fixed network labels new text from the examples in its prompt.",
        "I",
        "its example of reviews",
        "introduction",
        evidence_exact.few_shot,
        "Two hundred prompts of one bank of reviews, one embedding, a layer written by hand. Both "
        "bounds are ends of 95 % intervals; other texts were not tried.",
    ),
    Claim(
        "C02",
        "Linear attention is the fast weights of 1991.",
        "I, P",
        "its remark on 1991",
        "5",
        evidence_exact.fast_weights,
        "An identity, checked in double precision on random weights, and derived on the page.",
    ),
    Claim(
        "C03",
        "One linear layer can take exactly one step of gradient descent.",
        "P",
        "Proposition 1",
        "6",
        evidence_exact.one_step,
        "Proved on paper and by a machine, and checked in double precision on four shapes. As sure "
        "as anything here can be.",
    ),
    Claim(
        "C04",
        "K layers can take K steps.",
        "P",
        "Proposition 1, layer upon layer",
        "7",
        evidence_exact.many_steps,
        "Proved, also by a machine, and checked in double precision up to fifty layers.",
    ),
    Claim(
        "C05",
        "A trained one-layer model is a step of gradient descent.",
        "I, P",
        "figure 2",
        "10",
        evidence.one_layer,
        "{one-layer} starts of one size and recipe. Loss, sensitivities and interpolation agree; "
        "the cosine keeps its bound by little.",
    ),
    Claim(
        "C06",
        "It stays one out of distribution, up to a point.",
        "P",
        "figures 2 and 6",
        "10",
        evidence.out_of_distribution,
        "{one-layer} starts, nine changed distributions. Where the point lies is our choice: the "
        "bound is on the loss, relative to a step that is tuned to the training inputs.",
    ),
    Claim(
        "C07",
        "More heads do not change it.",
        "P",
        "its remark on several heads",
        "10",
        evidence.heads,
        "{one-layer-heads2} starts with two heads, none with more. (How fast training is, they do "
        "change: C23.)",
    ),
    Claim(
        "C08",
        "Training needs only the pressure to predict.",
        "I",
        "on how such networks are trained",
        "10, 15",
        evidence_beyond.pressure_to_predict,
        "{one-layer} starts on the answer alone, {separate-causal} on every label behind a causal "
        "mask. Two tasks of regression; no text.",
    ),
    Claim(
        "C09",
        "Deep trained models are better than plain gradient descent.",
        "I, P",
        "figure 3, appendix A.10",
        "7, 11",
        evidence.deep,
        "{looped-2} starts of two loops, {deep-2}, {deep-3} and {deep-5} of three stacks. Means "
        "hang on single prompts, so trimmed means stand beside them; rivals are tuned by us.",
    ),
    Claim(
        "C10",
        "The learned algorithm can be read off the weights and run without the network.",
        "I",
        "on discovering algorithms",
        "11",
        evidence.read_off,
        "{looped-2} starts for the reading, one of them for the running. Two numbers are read, so "
        "little can go wrong; deeper stacks were not read here.",
    ),
    Claim(
        "C11",
        "The optimum of one layer is preconditioned GD, and training reaches it.",
        "I, F",
        "the studies of Ahn, Zhang, Mahankali and others",
        "12",
        evidence.optimum,
        "The optimum is a theorem. That training reaches it hangs on the start: sure from "
        "aligned ones, on six tasks; {optimum-random} random ones tell their share but roughly.",
    ),
    Claim(
        "C16",
        "The architecture leans towards learning before it is trained.",
        "I",
        "on what the architecture brings",
        "10",
        evidence.before_training,
        "Twenty random layers, five random MLPs, and one MLP that was trained. What “leans” "
        "means is our choice: a share of explained variance.",
    ),
    Claim(
        "C17",
        "Every activation can be recorded.",
        "I",
        "on opening the network",
        "4",
        evidence_exact.recorded,
        "An identity: what is recorded is enough to compute the answer again. True of any network "
        "whose code one has.",
    ),
    Claim(
        "C18",
        "The loss inside is built from the context alone.",
        "P",
        "the loss of Proposition 1",
        "3, 6",
        evidence_exact.context_alone,
        "An identity of the constructed layer, checked in double precision on one prompt and fifty "
        "queries; trained layers share it as far as they are the step.",
    ),
)

#: Every claim that the chapters so far decide, by its id.
#:
#: :meta hide-value:
CLAIMS: tuple[Claim, ...] = tuple(sorted((*_CLAIMS, *BEYOND), key=lambda claim: claim.id))

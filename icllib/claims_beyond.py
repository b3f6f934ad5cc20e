"""Claims on models less simple than one linear layer (chapters 13 and later)."""

from __future__ import annotations

from icllib import evidence_appendix, evidence_beyond, evidence_language
from icllib.ledger import Claim

__all__ = ["BEYOND"]

#: A row more is a `Claim` more, wherever it stands.
#:
#: :meta hide-value:
BEYOND: tuple[Claim, ...] = (
    Claim(
        "C12",
        "With a network before it, a layer takes the step on learned features.",
        "P",
        "Proposition 2, figure 4",
        "9, 14",
        evidence_beyond.curves,
        "{curves-1} starts with one layer and {curves-2} with two, one family of curves. The "
        "features were compared with sine and cosine, because the task is made of these.",
    ),
    Claim(
        "C13",
        "Of separate tokens a first layer can copy, and training finds copying, suddenly.",
        "P",
        "Proposition 3, figure 5",
        "8, 15",
        evidence_beyond.copying_appears,
        "The construction is exact; {separate-paper} starts at the paper's size, and "
        "{separate-6} of a small model for the suddenness. “Sudden” has many definitions, and we "
        "chose one.",
    ),
    Claim(
        "C14",
        "One softmax head cannot take the step; two nearly do.",
        "P",
        "appendix A.9, figures 11 and 12",
        "9, 13",
        evidence_beyond.softmax,
        "{softmax-1} starts with one head, {softmax-2} with two. That one head cannot was seen, "
        "not proved; two come nearer to another step, the centred one.",
    ),
    Claim(
        "C15",
        "LayerNorm spoils the exact step.",
        "P",
        "figure 14",
        "9, 13",
        evidence_beyond.layer_norm,
        "{norm-1} starts, one place for the norm, one training. The exact step is impossible "
        "behind a norm (chapter 9); how much training saves may depend on the recipe.",
    ),
    Claim(
        "C19",
        "The trained circuit is that of an induction head.",
        "P",
        "its remarks on induction heads",
        "8, 15",
        evidence_beyond.induction,
        "{separate-causal} starts of a small causal model. Attention maps and answers to letters "
        "fit; real induction heads, in models of language, were not looked at here.",
    ),
    Claim(
        "C20",
        "A language model that learns from its prompt does this.",
        "I",
        "as a hypothesis",
        "16",
        evidence_language.language_model,
        "One model, a thousandth of the large ones, on one bank of sentences and in one frame: "
        "sixteen prompts for the areas, six for the votes, twelve for the order.",
    ),
    Claim(
        "C21",
        "Training does not find copying where the first layer is linear.",
        "P",
        "the experiment of figure 5",
        "15",
        evidence_beyond.copying_without_softmax,
        "{separate-linear} small starts and {separate-paper-linear} at the paper's size. One that "
        "finds it is enough to refute a “not”; how the authors trained theirs, we do not know.",
    ),
    Claim(
        "C22",
        "Of few training tasks a layer learns the answers by heart, of thousands the step.",
        "P",
        "figure 16",
        "13",
        evidence_appendix.pools,
        "{pool-128} starts a pool, all on the same pool of its size; the turn lies where the "
        "layer's free numbers say. The bounds were chosen after chapter 13 had shown the losses.",
    ),
    Claim(
        "C23",
        "Training waits on plateaus, and a second head cures them.",
        "P",
        "figure 15",
        "13",
        evidence_appendix.plateaus,
        "{plateau-1} starts with each number of heads, one rate, one size of weights. Shorter is "
        "sure, as a distribution; “cured” is a word, and another definition may be kinder.",
    ),
    Claim(
        "C24",
        "With inputs larger than in training, a layer behind a LayerNorm beats gradient descent.",
        "P",
        "figure 14",
        "13",
        evidence_appendix.norms_outside,
        "{norm-1} starts with one layer and {norm-2} with two. The rival is a step tuned to the "
        "training inputs. With larger labels it is the other way round (chapter 13).",
    ),
)

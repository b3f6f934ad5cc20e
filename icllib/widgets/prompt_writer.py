"""A prompt written with sentences of the bank, and what three learners make of it (chapter 16)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import InputError, check_number, check_tensors
from icllib.widgets.base import LiveFigure, vector
from icllib.widgets.few_shot import vote_picture

__all__ = ["PromptWriter"]

_MOST = 12  # examples that a drawing holds


class PromptWriter(LiveFigure):
    """Choose examples by domain, flip labels, choose the question; see the votes, and the answers
    of one step, ridge and the nearest neighbour.

    Args:
        sentences: the texts.
        labels: ±1 for each, (n,).
        domains: what each is about.
        x: their vectors, (n, d).
        chosen: indices of the examples at first. query: of the question at first.
        strength: λ of ridge, on squared errors that are added up.

    Raises:
        ShapeError: sizes that disagree.
        InputError: an index without a sentence, too many examples, or λ ≤ 0.
    """

    name = "prompt_writer"
    caption = (
        "Tick sentences of several domains to put them into the prompt, press a label to flip it, "
        "choose another sentence to label. Each bar is the vote of an example. Can examples about "
        "food label a sentence about music? Flip all labels: which learners turn? And can you "
        "write a prompt on which the learners disagree?"
    )

    def __init__(
        self,
        sentences: Sequence[str],
        labels: Float[Tensor, "n"],
        domains: Sequence[str],
        x: Float[Tensor, "n d"],
        chosen: Sequence[int],
        query: int,
        strength: float = 1.0,
    ) -> None:
        n = len(sentences)
        check_tensors({"labels": (labels, ("n",)), "x": (x, ("n", "d"))}, {"n": n})
        if len(domains) != n:
            raise InputError(f"domains has {len(domains)} names, expected one a sentence, {n}")
        if not {*chosen, query} <= set(range(n)) or query in chosen or len(chosen) > _MOST:
            raise InputError(
                f"chosen = {list(chosen)} and query = {query}, expected different indices of the "
                f"{n} sentences, at most {_MOST} chosen"
            )
        if check_number("strength", strength) <= 0:
            raise InputError(f"strength = {strength}, expected λ > 0")
        names = list(dict.fromkeys(domains))
        data = {
            "sentences": list(sentences),
            "labels": vector("labels", labels),
            "domains": names,
            "domain": [names.index(domain) for domain in domains],
            "place": _places(domains, labels.tolist()),
            "x": [[round(value, 4) for value in row] for row in x.tolist()],
            "strength": float(strength),
            "most": _MOST,
        }
        state = {"domain": 0, "chosen": list(chosen), "flipped": [], "query": query}
        super().__init__(data=data, state=state)

    def _labels(self, state: dict) -> list[float]:
        labels = self.data["labels"]
        return [-labels[i] if i in state["flipped"] else labels[i] for i in state["chosen"]]

    def compute(self, state: dict) -> dict:
        """Each example's vote y_i ⟨x_i, x_q⟩; their sum, the answer of one step up to a positive
        factor; ridge's answer; the label of the nearest example, 0 without any."""
        every = torch.tensor(self.data["x"], dtype=torch.float64)
        x, asked = every[state["chosen"]], every[state["query"]]
        y = torch.tensor(self._labels(state), dtype=torch.float64)
        votes = y * (x @ asked)
        gram = x @ x.T + self.data["strength"] * torch.eye(len(x), dtype=torch.float64)
        ridge = torch.linalg.solve(gram, y) @ (x @ asked) if len(x) else 0.0
        nearest = y[(x - asked).square().sum(1).argmin()] if len(x) else 0.0
        return {
            "votes": votes.tolist(),
            "answer": float(votes.sum()),
            "ridge": float(ridge),
            "nearest": float(nearest),
        }

    def answers(self) -> list[str]:
        return [
            "Often: words of praise are alike wherever they stand. The votes of another domain are "
            "smaller, because there is less in common.",
            "All three: each is odd in the labels. None of them knows what the words mean.",
            "One step and ridge nearly always agree on so few examples. The nearest neighbour "
            "hangs on one example alone: let that one be about the same thing and disagree.",
        ]

    def picture(self) -> str:
        result, state = self.compute(self.state), self.state
        domains, place = self.data["domains"], self.data["place"]
        names = [f"{domains[self.data['domain'][i]]} {place[i]}" for i in state["chosen"]]
        word = "positive" if result["answer"] > 0 else "negative"
        return vote_picture(
            names,
            self._labels(state),
            result["votes"],
            f"The votes of {len(names)} examples and their sum for the sentence "
            f"“{self.data['sentences'][state['query']]}” One step answers "
            f"{result['answer']:+.2f}, {word}.",
        )


def _places(domains: Sequence[str], labels: Sequence[float]) -> list[int]:
    """Each sentence's number in its domain, praise and complaints in turn."""
    counts: Counter[tuple[str, float]] = Counter()
    places = []
    for domain, label in zip(domains, labels, strict=True):
        counts[domain, label] += 1
        places.append(2 * counts[domain, label] - (label > 0))
    return places

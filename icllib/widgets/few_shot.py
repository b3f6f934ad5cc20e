"""A frozen layer labels reviews from the examples in its prompt (introduction)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.attention import LinearSelfAttention
from icllib.errors import InputError, ShapeError, check_tensors
from icllib.plots import COLORS, canvas, to_svg
from icllib.widgets.base import LiveFigure, vector

__all__ = ["FewShot"]


class FewShot(LiveFigure):
    """Choose the examples of a prompt, flip their labels, choose the query; the layer's weights
    never change.

    The layer is used with a fixed P, whatever the number of examples, so that not even the step
    size changes.

    Args:
        sentences: texts of the examples and the queries.
        labels: ±1 for each sentence, (n,).
        x: their vectors, (n, N_x).
        layer: one linear self-attention layer with one head, on tokens of width N_x + 1.
        bank: indices of the sentences to choose examples from.
        queries: indices of the sentences to ask about.
        chosen: indices of the examples that are in the prompt at first.

    Raises:
        ShapeError: sizes that disagree.
        InputError: an index without a sentence, or a query that is also an example.
    """

    name = "few_shot"
    caption = (
        "Tick reviews to put them into the prompt, press a label to flip it, choose another "
        "review to label. Each bar is the vote of the review with its number, in the colour of "
        "its label; the sum of all is the layer's answer. Can you turn the answer with a single "
        "label? With all of them? And what does the layer answer without examples?"
    )

    def __init__(
        self,
        sentences: Sequence[str],
        labels: Float[Tensor, "n"],
        x: Float[Tensor, "n N_x"],
        layer: LinearSelfAttention,
        bank: Sequence[int],
        queries: Sequence[int],
        chosen: Sequence[int],
    ) -> None:
        sizes = check_tensors(
            {"labels": (labels, ("n",)), "x": (x, ("n", "N_x"))}, {"n": len(sentences)}
        )
        if layer.dim_token != sizes["N_x"] + 1 or layer.n_heads != 1:
            raise ShapeError(
                f"layer has dim_token = {layer.dim_token} and {layer.n_heads} heads, expected N_x "
                f"+ 1 = {sizes['N_x'] + 1} and one head"
            )
        for name, indices in (("bank", bank), ("queries", queries), ("chosen", chosen)):
            if not set(indices) <= set(range(len(sentences))):
                raise InputError(
                    f"{name} = {list(indices)}, expected indices of the {len(sentences)} sentences"
                )
        if set(bank) & set(queries) or not set(chosen) <= set(bank):
            raise InputError(
                "bank and queries share a sentence, or chosen has one that is not in bank"
            )
        data = {
            "sentences": list(sentences),
            "labels": vector("labels", labels),
            "x": x.double().tolist(),
            "bank": list(bank),
            "queries": list(queries),
        } | {
            name: getattr(layer, name)[0].detach().double().tolist()
            for name in ("W_K", "W_Q", "W_V", "P")
        }
        super().__init__(
            data=data, state={"chosen": sorted(chosen), "flipped": [], "query": queries[0]}
        )

    def compute(self, state: dict) -> dict:
        """Each example's vote, the answer (their sum), and the CRC-32 checksum of the weights'
        bytes."""
        matrices = [
            torch.tensor(self.data[name], dtype=torch.float64)
            for name in ("W_K", "W_Q", "W_V", "P")
        ]
        W_K, W_Q, W_V, P = matrices
        chosen = torch.tensor(state["chosen"], dtype=torch.long)
        signs = torch.tensor(
            [-1.0 if i in state["flipped"] else 1.0 for i in state["chosen"]], dtype=torch.float64
        )
        x = torch.tensor(self.data["x"], dtype=torch.float64)
        labels = torch.tensor(self.data["labels"], dtype=torch.float64)[chosen] * signs
        tokens = torch.cat([x[chosen], labels[:, None]], dim=1)
        query = torch.cat([x[state["query"]], torch.zeros(1, dtype=torch.float64)])
        scores = tokens @ W_K.T @ (W_Q @ query)
        votes = -scores * (tokens @ W_V.T @ P.T)[:, -1]
        checksum = zlib.crc32(torch.stack(matrices).numpy().tobytes())
        return {
            "votes": votes.tolist(),
            "answer": float(votes.sum()),
            "checksum": f"{checksum:08x}",
        }

    def answers(self) -> list[str]:
        return [
            "One label turns the answer only where its vote is more than half of the answer. A "
            "vote is large where the sentence resembles the one to label; a sentence unlike it "
            "votes against its own label.",
            "With all labels flipped every vote changes its sign, and so does the answer: the "
            "layer follows the prompt, not what words mean. Without examples the answer is 0. "
            "The checksum never moves.",
        ]

    def picture(self) -> str:
        result, chosen = self.compute(self.state), self.state["chosen"]
        word = "positive" if result["answer"] > 0 else "negative"
        return vote_picture(
            [f"example {self.data['bank'].index(i) + 1}" for i in chosen],
            [self.data["labels"][i] for i in chosen],
            result["votes"],
            f"The votes of {len(chosen)} examples and their sum for the review "
            f"“{self.data['sentences'][self.state['query']]}” The layer answers "
            f"{result['answer']:+.2f}, {word}.",
        )


def vote_picture(
    names: Sequence[str], labels: Sequence[float], votes: Sequence[float], alt: str
) -> str:
    """The votes of the examples as bars in the colours of their labels, and their sum, as SVG."""
    colors = [COLORS["gd" if label > 0 else "trained"][0] for label in labels]
    figure, ax = canvas(
        5,
        3.2,
        xlabel="vote: negative to the left, positive to the right",
        title="Votes and answer",
    )
    rows = range(len(names))
    ax.barh(rows, votes, color=colors, height=0.6)
    ax.barh(len(names), sum(votes), color=COLORS["query"][0], height=0.8)
    ax.set_yticks([*rows, len(names)], [*names, "answer"])
    ax.axvline(0, color=COLORS["muted"][0], linewidth=0.8)
    return to_svg(figure, alt)

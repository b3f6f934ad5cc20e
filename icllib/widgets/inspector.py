"""Every number of an attention layer, and the numbers that it came from (chapter 4)."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.attention import SoftmaxSelfAttention, trace
from icllib.errors import InputError, ShapeError, check_tensors
from icllib.plots import COLORS, canvas, to_svg
from icllib.widgets.base import LiveFigure

__all__ = ["Inspector"]

_PICTURE_COLUMNS = 12  # of numbers, in the plain picture
_BLOCKS = ("tokens", "queries", "keys", "values", "scores", "weights", "mixed", "update", "out")
Cell = tuple[str, int, int]


class Inspector(LiveFigure):
    """Point at a number of a softmax self-attention layer with one head, and see every number that
    it was made from.

    Args:
        layer: one head.
        tokens: one prompt, (T, dim_token); the last token is the query's, which offers no key and
            no value.

    Raises:
        ShapeError: tokens of another width, or a layer with more than one head.
        InputError: fewer than two tokens.
    """

    name = "inspector"
    parts = ("inspector_numbers.js",)
    caption = (
        "Choose any number: by mouse, by touch, or with the Tab and arrow keys. It shows what it "
        "was made from, and the row of the matrix that made it. Step back along the largest term "
        "until you reach the tokens. Which numbers does a number in “keys” depend on? Does any "
        "number in “weights” depend on “values”?"
    )

    def __init__(self, layer: SoftmaxSelfAttention, tokens: Float[Tensor, "T dim_token"]) -> None:
        sizes = check_tensors({"tokens": (tokens, ("T", "dim_token"))})
        if layer.n_heads != 1 or layer.dim_token != sizes["dim_token"]:
            raise ShapeError(
                f"layer has {layer.n_heads} heads and dim_token = {layer.dim_token}, expected one "
                f"head and {sizes['dim_token']}"
            )
        if sizes["T"] < 2:
            raise InputError(f"tokens has {sizes['T']} tokens, expected at least 2")
        data = {"tokens": tokens.double().tolist()} | {
            name: getattr(layer, name)[0].detach().double().tolist()
            for name in ("W_K", "W_Q", "W_V", "P")
        }
        super().__init__(data=data, state={"cell": ["out", sizes["T"] - 1, sizes["dim_token"] - 1]})

    def _arrays(self) -> dict[str, Tensor]:
        rows, width = len(self.data["W_K"]), len(self.data["W_K"][0])
        layer = SoftmaxSelfAttention(width, dim_head=rows, dtype=torch.float64)
        for name in ("W_K", "W_Q", "W_V", "P"):
            getattr(layer, name).data[0] = torch.tensor(self.data[name], dtype=torch.float64)
        with torch.no_grad():
            found = trace(layer, torch.tensor([self.data["tokens"]], dtype=torch.float64))
        return {name: found[name].reshape(found[name].shape[-2:]) for name in _BLOCKS}

    def _parents(self, cell: Cell, arrays: dict[str, Tensor]) -> list[Cell]:
        """The cells that one cell is computed from directly."""
        name, row, column = cell

        def across(block: str, row: int) -> list[Cell]:
            return [(block, row, i) for i in range(arrays[block].shape[1])]

        match name:
            case "tokens":
                return []
            case "queries" | "keys" | "values":
                return across("tokens", row)
            case "scores":
                return across("queries", row) + across("keys", column)
            case "weights":
                return across("scores", row)
            case "mixed":
                return across("weights", row) + [
                    ("values", i, column) for i in range(len(arrays["values"]))
                ]
            case "update":
                return across("mixed", row)
            case _:
                return [("tokens", row, column), ("update", row, column)]

    def _rebuild(self, cell: Cell, parents: list[Cell], arrays: dict[str, Tensor]) -> float:
        """The value of a cell, from the values of its parents and the weights alone."""
        name, row, column = cell
        if name == "tokens":
            return float(arrays["tokens"][row, column])
        numbers = torch.stack([arrays[block][i, j] for block, i, j in parents])
        if name in ("queries", "keys", "values", "update"):
            matrix = {"queries": "W_Q", "keys": "W_K", "values": "W_V", "update": "P"}[name]
            return float(numbers @ torch.tensor(self.data[matrix][column], dtype=torch.float64))
        first, second = numbers.chunk(2) if name in ("scores", "mixed") else (numbers, numbers)
        match name:
            case "scores":
                return float(first @ second) / math.sqrt(len(first))
            case "weights":
                return float(numbers.softmax(0)[column])
            case "mixed":
                return float(first @ second)
        return float(numbers.sum())

    def compute(self, state: dict) -> dict:
        """Every block as rows of numbers, the chosen cell's value, its parents, and the value
        rebuilt from them."""
        arrays = self._arrays()
        cell = tuple(state["cell"])
        parents = self._parents(cell, arrays)
        return {name: arrays[name].tolist() for name in _BLOCKS} | {
            "value": float(arrays[cell[0]][cell[1], cell[2]]),
            "rebuilt": self._rebuild(cell, parents, arrays),
            "parents": [[block, str(i), str(j)] for block, i, j in parents],
        }

    def answers(self) -> list[str]:
        return [
            "A number in “keys” depends on its own token alone, by a row of W_K: "
            "no other token, no query.",
            "None does: who is listened to is decided by queries and keys. Values are only mixed "
            "by the weights, afterwards.",
            "Behind the last slot of “out” stand all tokens, all keys and all values, but only "
            "the query's own query vector, scores and weights.",
        ]

    def picture(self) -> str:
        arrays = self._arrays()
        figure, ax = canvas(5, 4.2, title="Every number of one head")
        left, top, tallest = 0.0, 0.0, 0
        for name in _BLOCKS:
            rows, columns = arrays[name].shape
            if left + columns > _PICTURE_COLUMNS:
                left, top, tallest = 0.0, top - tallest - 2, 0
            ax.text(left, top + 0.3, name, fontsize=9)
            for i in range(rows):
                for j in range(columns):
                    text = f"{float(arrays[name][i, j]):.1f}".replace("-", "−")
                    ax.text(
                        left + j + 0.5, top - i - 0.5, text, ha="center", va="center", fontsize=7
                    )
            ax.plot(
                [left, left + columns, left + columns, left, left],
                [top, top, top - rows, top - rows, top],
                color=COLORS["muted"][0],
                linewidth=0.8,
            )
            left, tallest = left + columns + 1, max(tallest, rows)
        ax.set(
            xlim=(-0.2, _PICTURE_COLUMNS + 0.2),
            ylim=(top - tallest - 0.3, 1.2),
            xticks=[],
            yticks=[],
        )
        ax.grid(False)
        ax.spines[:].set_visible(False)
        value = float(arrays["out"][-1, -1])
        return to_svg(
            figure,
            "The numbers of one attention head in the order of computing: tokens, queries, keys, "
            "values, scores, weights, mixed values, update and output. The last slot of the "
            f"query's token becomes {value:.2f}.",
        )

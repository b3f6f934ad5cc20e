"""Pairs stored in one matrix, and recalled (chapter 5)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from matplotlib.patches import Rectangle
from torch import Tensor

from icllib.errors import InputError, check_choice, check_count, check_tensors
from icllib.plots import COLORS, canvas, to_svg
from icllib.widgets.base import LiveFigure

__all__ = ["LETTERS", "Memory"]

_GLYPHS = {
    "A": ".###. #...# ##### #...# #...#",
    "C": ".#### #.... #.... #.... .####",
    "E": "##### #.... ####. #.... #####",
    "F": "##### #.... ####. #.... #....",
    "H": "#...# #...# ##### #...# #...#",
    "K": "#..#. #.#.. ##... #.#.. #..#.",
    "L": "#.... #.... #.... #.... #####",
    "N": "#...# ##..# #.#.# #..## #...#",
    "T": "##### ..#.. ..#.. ..#.. ..#..",
    "U": "#...# #...# #...# #...# .###.",
    "X": "#...# .#.#. ..#.. .#.#. #...#",
    "Z": "##### ...#. ..#.. .#... #####",
}
#: Twelve letters as values: 5 × 5 pictures, row by row, ink +1 and paper −1, (25,) each.
LETTERS: dict[str, list[float]] = {
    name: [1.0 if sign == "#" else -1.0 for sign in glyph.replace(" ", "")]
    for name, glyph in _GLYPHS.items()
}


class Memory(LiveFigure):
    """Store letters under keys in a matrix memory, and recall each by its key.

    Args:
        keys: random keys of length one, (12, d).
        pairs: how many letters are stored at first, 1 to 12.
        rule: "sum" or "delta".

    Raises:
        ShapeError: not twelve keys.
        InputError: keys that do not have length one, `pairs` outside its range, or an unknown rule.
    """

    name = "memory"
    caption = (
        "Upper row: the letters stored. Lower row: what the matrix recalls for each key, each "
        "letter in shades of its own (the scale under the large one says which). Store more: "
        "which letters shine through, and why these? Then take orthogonal keys, and go from 8 "
        "letters to 9. Then take random keys and the delta rule: which letter is always perfect?"
    )

    def __init__(self, keys: Float[Tensor, "12 d"], pairs: int = 5, rule: str = "sum") -> None:
        sizes = check_tensors({"keys": (keys, ("pairs", "d"))}, {"pairs": len(LETTERS)})
        lengths = keys.norm(dim=1)
        if not torch.allclose(lengths, torch.ones_like(lengths), atol=1e-6):
            raise InputError(
                f"keys have lengths from {lengths.min():.3f} to {lengths.max():.3f}, expected 1"
            )
        check_count("pairs", pairs)
        check_choice("rule", rule, ("sum", "delta"))
        if pairs > len(LETTERS):
            raise InputError(f"pairs = {pairs}, expected at most {len(LETTERS)}")
        d = sizes["d"]
        orthogonal = torch.linalg.qr(keys.double().T, mode="complete")[
            0
        ].T  # d of them, and then they come round again
        data = {
            "letters": list(LETTERS),
            "values": list(LETTERS.values()),
            "random": keys.double().tolist(),
            "orthogonal": [orthogonal[i % d].tolist() for i in range(len(LETTERS))],
        }
        super().__init__(
            data=data, state={"pairs": pairs, "keys": "random", "rule": rule, "asked": 0}
        )

    def compute(self, state: dict) -> dict:
        """What is recalled for each stored key, and its squared error as a fraction of the
        letter's squared length."""
        n = state["pairs"]
        keys, values = (
            torch.tensor(self.data[name][:n], dtype=torch.float64)
            for name in (state["keys"], "values")
        )
        memory = torch.zeros(values.shape[1], keys.shape[1], dtype=torch.float64)
        for key, value in zip(keys, values, strict=True):
            known = memory @ key if state["rule"] == "delta" else 0.0
            memory += torch.outer(value - known, key)
        recalled = keys @ memory.T
        errors = (recalled - values).square().sum(1) / values.square().sum(1)
        return {
            "recalled": recalled.tolist(),
            "errors": errors.tolist(),
            "mean_error": float(errors.mean()),
        }

    def answers(self) -> list[str]:
        keys = torch.tensor(self.data["random"], dtype=torch.float64)
        products = keys @ keys[0]
        place = 1 + int(products[1:].abs().argmax())
        other, number = self.data["letters"][place], f"{products[place]:.2f}".replace("-", "−")
        return [
            "A letter shines through as strongly as its key resembles the key that asks: what "
            "comes back is every letter, times the dot product of the keys. For "
            f"{self.data['letters'][0]} the largest is {other}'s "
            f"({number}): a negative one shines through with light and dark exchanged.",
            f"Up to {keys.shape[1]} orthogonal keys recall without error. There are no more "
            "orthogonal directions: the next letter shares its key with the first, and both come "
            "back as their sum.",
            "The letter stored last: the delta rule writes what is missing for its key, after "
            "all others. The earlier ones may have been changed since.",
        ]

    def picture(self) -> str:
        result, n = self.compute(self.state), self.state["pairs"]
        figure, ax = canvas(5, 2.0, title="Stored (above) and recalled (below)", aspect="equal")
        for row, letters in enumerate((self.data["values"][:n], result["recalled"])):
            for place, pixels in enumerate(letters):
                ink = max(1.0, *map(abs, pixels))
                for index, value in enumerate(pixels):
                    shade = (value / ink + 1) / 2
                    corner = (6 * place + index % 5, 6 * (1 - row) + 4 - index // 5)
                    ax.add_patch(
                        Rectangle(
                            corner, 1, 1, facecolor=COLORS["ink"][0], alpha=shade, edgecolor="none"
                        )
                    )
        ax.set(xlim=(0, 6 * n), ylim=(0, 12), xticks=[], yticks=[])
        ax.grid(False)
        ax.spines[:].set_visible(False)
        return to_svg(
            figure,
            f"{n} letters stored in one matrix under random keys, and what their keys recall: the "
            f"letters, with shades of the others. The mean error is {result['mean_error']:.2f} of "
            "a letter's squared length.",
        )

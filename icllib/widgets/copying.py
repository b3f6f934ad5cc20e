"""Who looks at whom by position, and what is copied (chapter 8)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from icllib import construct
from icllib.attention import trace
from icllib.errors import check_choice, check_number, check_tensors
from icllib.plots import COLORS, canvas, to_svg
from icllib.tasks import Prompts
from icllib.tokens import separate_tokens
from icllib.widgets.base import LiveFigure

__all__ = ["Copying"]


class Copying(LiveFigure):
    """The attention of a softmax copying layer over positions, by the scale of its logits.

    Args:
        y: the labels of one prompt with one output, (N,).
        logit_scale: the score of a token with its successor, 0 to 60.
        shift: "next" (each token reads the one behind it) or "before".

    Raises:
        ShapeError: labels that are no vector.
        InputError: a scale outside its range, or an unknown shift.
    """

    name = "copying"
    caption = (
        "Rows ask, columns are read; a square's area is the attention weight. Raise the logit "
        "scale: where does the largest error fall below 0.01? At scale 60 switch off the query's "
        "view of itself, and explain what it copies. Then turn the shift round: what does the "
        "first x copy?"
    )

    def __init__(
        self, y: Float[Tensor, "N"], logit_scale: float = 4.0, shift: str = "next"
    ) -> None:
        check_tensors({"y": (y, ("N",))})
        check_number("logit_scale", logit_scale, minimum=0.0)
        check_choice("shift", shift, ("next", "before"))
        state = {"scale": float(logit_scale), "shift": shift, "sees_query": True}
        super().__init__(data={"y": y.tolist()}, state=state)

    def compute(self, state: dict) -> dict:
        """The weights (2N + 1, 2N + 1), what each x-token and the query copy (N + 1), and the
        largest error."""
        labels = torch.tensor(self.data["y"], dtype=torch.float64)
        n = len(labels)
        zeros = torch.zeros(1, n, 1, dtype=torch.float64)
        prompts = Prompts(zeros, labels[None, :, None], zeros[:, 0], zeros[:, 0])
        layer = construct.softmax_copy_layer(1, 1, n, state["scale"])
        with torch.no_grad():
            if state["shift"] == "before":
                layer.W_K[0, 2:, 2:] = torch.diag(torch.ones(2 * n, dtype=torch.float64), -1)
            layer.sees_query = state["sees_query"]
            if not layer.sees_query:
                layer.W_K[0, -1, -1] = 0
            found = trace(layer, separate_tokens(prompts))
        weights = found["weights"][0, 0]
        weights = torch.nn.functional.pad(weights, (0, 2 * n + 1 - weights.shape[1]))
        copied = found["update"][0, ::2, 1]
        wanted = torch.cat([labels, torch.zeros(1, dtype=torch.float64)])
        return {
            "weights": weights.tolist(),
            "copied": copied.tolist(),
            "error": float((copied - wanted).abs().max()),
        }

    def answers(self) -> list[str]:
        enough = next(
            (
                c
                for c in range(61)
                if self.compute({**self.state, "scale": float(c)})["error"] < 0.01
            ),
            60,
        )
        blind = self.compute({"scale": 60.0, "shift": "next", "sees_query": False})["copied"][-1]
        return [
            f"At a scale of {enough}. The weight that is left for all the others "
            "shrinks like e to the minus scale.",
            f"It copies {blind:.3f}, the mean of what all others hold: half of the tokens are "
            "labels, half are inputs with an empty label. A query without a successor scores all "
            "tokens alike.",
            "The first x has nobody before it, so it copies the mean as well. Every other x "
            "copies the label of the example before it.",
        ]

    def picture(self) -> str:
        result, n = self.compute(self.state), len(self.data["y"])
        figure, ax = canvas(
            4, 3.8, xlabel="token that is read", ylabel="token that asks", aspect="equal"
        )
        for row, weights in enumerate(result["weights"]):
            for column, weight in enumerate(weights):
                ax.plot([column], [row], "s", markersize=15 * weight**0.5, color=COLORS["gd"][0])
        names = [f"{part}{i + 1}" for i in range(n) for part in "xy"] + ["q"]
        ax.set(xlim=(-0.6, 2 * n + 0.6), ylim=(2 * n + 0.6, -0.6))
        ax.set_xticks(range(2 * n + 1), names)
        ax.set_yticks(range(2 * n + 1), names)
        return to_svg(
            figure,
            f"Attention weights between {2 * n + 1} separate tokens at logit scale "
            f"{self.state['scale']:.0f}: each token looks mostly at the one behind it. The "
            f"largest error of a copied label is {result['error']:.2f}.",
        )

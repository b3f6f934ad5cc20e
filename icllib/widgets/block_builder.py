"""One layer is one step, built by hand (chapter 6)."""

from __future__ import annotations

import torch
from torch import Tensor

from icllib.attention import LinearSelfAttention
from icllib.errors import check_number, check_tensors
from icllib.learners import gradient_descent
from icllib.plots import COLORS, canvas, to_svg
from icllib.tasks import Prompts
from icllib.tokens import join_tokens, read_prediction
from icllib.widgets.base import LiveFigure, vector

__all__ = ["BlockBuilder"]

_MATRICES = ("W_K", "W_Q", "W_V", "P")


class BlockBuilder(LiveFigure):
    """Fill the blocks of W_K, W_Q, W_V and P, and compare the layer with one step of gradient
    descent.

    Each matrix is four names of blocks: x-to-x, y-to-x, x-to-y, y-to-y (what is read, then what is
    written).

    Args:
        x: inputs of the examples, (N, N_x).
        y: their labels, (N,).
        x_query: the query, (N_x,).
        w0: W_0, (1, N_x).
        lr: η.

    Raises:
        ShapeError: sizes that disagree.
        InputError: values that are not finite.
    """

    name = "block_builder"
    caption = (
        "Every matrix reads the x-part (left column) and the y-part (right column) of a token "
        "and writes the x-part (upper row) and the y-part (lower row). Choose the blocks until "
        "each dot sits in its ring. The last token is the query. Once it is solved: turn the "
        "signs of two blocks so that the error stays 0, and find a block that does not matter."
    )

    def __init__(self, x: object, y: object, x_query: object, w0: object, lr: float) -> None:
        check_number("lr", lr)
        inputs, start = (torch.as_tensor(values, dtype=torch.float64) for values in (x, w0))
        sizes = check_tensors(
            {"x": (inputs, ("N", "N_x")), "w0": (start, ("N_y", "N_x"))}, {"N_y": 1}
        )
        data = {
            "x": inputs.tolist(),
            "y": vector("y", y, sizes["N"]),
            "x_query": vector("x_query", x_query, sizes["N_x"]),
            "w0": start[0].tolist(),
            "lr": lr,
        }
        super().__init__(data=data, state={name: ["0"] * 4 for name in _MATRICES} | {"hint": ""})

    def _block(self, name: str, rows: int, columns: int) -> Tensor:
        step = self.data["lr"] / len(self.data["x"])
        sign = -1.0 if name.startswith("−") else 1.0
        match name.removeprefix("−"):
            case "0":
                return torch.zeros(rows, columns)
            case "W₀":
                return sign * torch.tensor([self.data["w0"]], dtype=torch.float64)
            case "I":
                return sign * torch.eye(rows, dtype=torch.float64)
            case _:
                return sign * step * torch.eye(rows, dtype=torch.float64)

    def _layer(self, state: dict) -> LinearSelfAttention:
        d = len(self.data["w0"])
        layer = LinearSelfAttention(d + 1, dtype=torch.float64)
        for matrix in _MATRICES:
            weight = getattr(layer, matrix).data[0]
            weight[:d, :d], weight[:d, d:], weight[d:, :d], weight[d:, d:] = (
                self._block(name, rows, columns)
                for name, (rows, columns) in zip(
                    state[matrix], ((d, d), (d, 1), (1, d), (1, 1)), strict=True
                )
            )
        return layer

    def compute(self, state: dict) -> dict:
        """The tokens after the layer and after the step, the largest error, and both
        predictions."""
        x, y, query, w0 = (
            torch.tensor(self.data[name], dtype=torch.float64)
            for name in ("x", "y", "x_query", "w0")
        )
        prompts = Prompts(
            x[None], y[None, :, None], query[None], torch.zeros(1, 1, dtype=torch.float64)
        )
        tokens = join_tokens(prompts, w0[None])
        after = self._layer(state)(tokens).detach()
        delta = gradient_descent(prompts, self.data["lr"], 1, w0[None])[0, 0] - w0
        target = tokens.clone()
        target[..., -1] -= tokens[..., :-1] @ delta
        return {
            "after": after[0].tolist(),
            "target": target[0].tolist(),
            "error": float((after - target).abs().max()),
            "prediction": float(read_prediction(after, 1)),
            "gd_prediction": float(read_prediction(target, 1)),
        }

    def answers(self) -> list[str]:
        return [
            "Keys and queries carry x alone, a value is the residual W₀x − y, P scales "
            "by η/N: “Show the solution” fills in the blocks of Proposition 1.",
            "A sign may move between factors that are multiplied: turn x to x of both W_K and "
            "W_Q, or one of them and y to y of P. Of P the block x to x does not matter, for the "
            "values' x-part is 0.",
            "Keys and queries that both read the y-part compare labels as well, and every token "
            "with an entry in its y-part goes wrong: here all of them. The query would stay "
            "right if W₀ were 0.",
        ]

    def picture(self) -> str:
        result = self.compute(self.state)
        before = [token[-1] for token in result["after"]]
        wanted = [token[-1] for token in result["target"]]
        figure, ax = canvas(
            5,
            2.8,
            xlabel="token (the last is the query)",
            ylabel="y-part",
            title="A layer of zeros",
        )
        at = range(1, len(before) + 1)
        ax.plot(
            at,
            wanted,
            "o",
            markersize=11,
            markerfacecolor="none",
            markeredgewidth=2,
            color=COLORS["gd"][0],
        )
        ax.plot(at, before, "o", color=COLORS["ink"][0])
        ax.plot(len(before), before[-1], "o", color=COLORS["query"][0])
        ax.set_xticks(list(at))
        return to_svg(
            figure,
            "With all blocks zero the layer moves no token. It predicts "
            f"{result['prediction']:.2f} for the query; one gradient step predicts "
            f"{result['gd_prediction']:.2f}.",
        )

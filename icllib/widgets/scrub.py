"""Scrubbing through the training of one layer: its two products, its loss, its cosine (chapter
10)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import InputError, ShapeError, check_count, check_number
from icllib.plots import COLORS, LEARNERS, canvas, label_line, to_svg
from icllib.widgets.base import LiveFigure

__all__ = ["Scrub"]

_MATRICES = ("W_K", "W_Q", "W_V", "P")


class Scrub(LiveFigure):
    """A = W_KᵀW_Q and B = P W_V of a one-head layer at every measured step of its training.

    Args:
        steps: updates before each measurement, R numbers.
        seeds: which of the trained seeds to show, by place.
        weights: of `training.Trained`: a parameter whose name ends in W_K, W_Q, W_V or P → (R, S,
            1, …).
        measured: "loss" and "cosine" → (R, S).
        dim_x: N_x.
        n_context: N, to read η off the products.
        best_lr: η*, which the reading is compared with.

    Raises:
        InputError: a matrix or a measurement is missing, or a product's diagonal on x has the mean
            0 at the end.
        ShapeError: the layers have several heads.
    """

    name = "scrub"
    caption = (
        "One layer in training. Left, A = W_Kᵀ W_Q; right, B = P W_V; each seed has one scale of "
        "colours for its whole training, and its products are scaled so that A's diagonal on x "
        "has the mean 1 at the end. Move through training: when do A's diagonal and B's corner "
        "begin to grow? What is the loss where the cosine passes one half? Then change the seed."
    )

    def __init__(
        self,
        steps: Sequence[int],
        seeds: Sequence[int],
        weights: Mapping[str, Float[Tensor, "R S 1 a b"]],
        measured: Mapping[str, Float[Tensor, "R S"]],
        dim_x: int,
        n_context: int,
        best_lr: float,
    ) -> None:
        check_count("dim_x", dim_x)
        check_count("n_context", n_context)
        check_number("best_lr", best_lr, minimum=0.0)
        read, written = _products(weights)
        for name in ("loss", "cosine"):
            if name not in measured:
                raise InputError(f"measured has {', '.join(measured)}, expected {name} as well")
        data = {
            "steps": list(steps),
            "dimX": dim_x,
            "n": n_context,
            "best": float(best_lr),
            "runs": [
                {
                    "seed": int(seed),
                    **_scaled(read[:, seed], written[:, seed], dim_x),
                    "loss": [round(float(value), 5) for value in measured["loss"][:, seed]],
                    "cosine": [round(float(value), 5) for value in measured["cosine"][:, seed]],
                }
                for seed in seeds
            ],
        }
        super().__init__(data=data, state={"run": 0, "at": 0})

    def compute(self, state: dict) -> dict:
        """η read off the products, loss and cosine; and of the entries that the answer depends on
        (A's columns for x, B's row for y) the share that is the identity and the share that is the
        corner."""
        run, d = self.data["runs"][state["run"]], self.data["dimX"]
        read, written = (
            torch.tensor(run[name][state["at"]], dtype=torch.float64) for name in ("A", "B")
        )
        diagonal = float(read.diagonal()[:d].mean())
        corner = float(written[d, d])
        return {
            "lr": -self.data["n"] * diagonal * corner,
            "identity": d * diagonal**2 / float(read[:, :d].square().sum()),
            "corner": corner**2 / float(written[d].square().sum()),
            "loss": run["loss"][state["at"]],
            "cosine": run["cosine"][state["at"]],
        }

    def answers(self) -> list[str]:
        steps, run = self.data["steps"], self.data["runs"][0]
        half = next((at for at, cosine in enumerate(run["cosine"]) if cosine > 0.5), len(steps) - 1)
        rates = [
            self.compute({"run": place, "at": len(steps) - 1})["lr"]
            for place in range(len(self.data["runs"]))
        ]
        return [
            "A's diagonal and B's corner grow together, for each is of use only with the other: "
            "the step is their product.",
            f"Seed {run['seed']} passes one half by update {steps[half]}, with the loss "
            f"{run['loss'][half]:.3f}: between {run['loss'][0]:.3f} at the start and "
            f"{run['loss'][-1]:.3f} at the end.",
            "The seeds differ in the columns of A and B that the answer does not read. What it "
            "reads is the same, and so is η: "
            + ", ".join(f"{rate:.2f}" for rate in rates)
            + f" read off at the end; the best is {self.data['best']:.2f}.",
        ]

    def picture(self) -> str:
        figure, ax = canvas(
            5, 3.0, xlabel="updates", ylabel="cosine with GD", title="Training finds the step"
        )
        for run in self.data["runs"]:
            ax.plot(self.data["steps"], run["cosine"], **(LEARNERS["trained"] | {"marker": ""}))
        ax.axhline(1, color=COLORS["gd"][0])
        label_line(
            ax, self.data["steps"][-1], 1, "one step of GD", COLORS["gd"][0], xytext=(-92, -14)
        )
        first, last = self.data["runs"][0]["cosine"][0], self.data["runs"][0]["cosine"][-1]
        return to_svg(
            figure,
            f"Cosine with one gradient step by update of training, for {len(self.data['runs'])} "
            f"seeds: from {first:.2f} it rises to {last:.3f}.",
        )


def _products(weights: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """W_KᵀW_Q and P W_V at each snapshot of each seed."""
    found = {name.rsplit(".", 1)[-1]: tensor.double() for name, tensor in weights.items()}
    for name in _MATRICES:
        if name not in found:
            raise InputError(
                f"weights has {', '.join(found) or 'nothing'}, expected {name} as well"
            )
    if found["P"].shape[2] != 1:
        raise ShapeError(f"weights has {found['P'].shape[2]} heads, expected one")
    return (found["W_K"].mT @ found["W_Q"])[:, :, 0], (found["P"] @ found["W_V"])[:, :, 0]


def _scaled(
    read: Float[Tensor, "R a a"], written: Float[Tensor, "R a a"], dim_x: int
) -> dict[str, list]:
    """Both products of a seed by one factor, with the convention of `alignment.merge` at the end
    of training, and the largest entry of each."""
    factor = read[-1].diagonal()[:dim_x].mean()
    if factor == 0:
        raise InputError(
            "weights has W_KᵀW_Q with a zero diagonal on x at the end, expected one "
            "that can be scaled to 1"
        )
    products = {"A": read / factor, "B": written * factor}
    largest = [math.ceil(10 * float(product.abs().max())) / 10 for product in products.values()]
    return {
        name: [_rounded(matrix) for matrix in product] for name, product in products.items()
    } | {"largest": largest}


def _rounded(matrix: Tensor) -> list[list[float]]:
    return [[round(float(value), 4) for value in row] for row in matrix]

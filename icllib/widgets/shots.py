"""Every learner's answer as a prompt grows (chapter 3)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from icllib import learners, theory
from icllib.errors import InputError, ShapeError, check_number, check_tensors
from icllib.plots import COLORS, LEARNERS, canvas, to_svg
from icllib.tasks import LinearTask, Prompts
from icllib.widgets.base import LiveFigure

__all__ = ["Shots"]

_NAMES = ("mean", "nearest", "1 GD step", "5 GD steps", "ridge (Bayes)", "least squares")


class Shots(LiveFigure):
    """Add examples to a prompt with one input, change the noise and the query; six learners answer.

    The labels are y_i = w x_i + σ z_i with w, x_i, z_i ~ N(0, 1), so that one draw serves every σ.

    Args:
        x: the inputs of several prompts, (draws, n).
        z: the noise of their labels at σ = 1, (draws, n).
        w: their true weights, (draws,).
        noise_std: σ at first, 0 to 2.

    Raises:
        ShapeError: sizes that disagree, or a prompt without examples.
        InputError: a σ outside its range.
    """

    name = "shots"
    caption = (
        "Six learners draw their answers to every query (left); right, their answers to the one "
        "that is asked, beside the true one. Add examples one at a time. Set the noise to zero, "
        "then raise it: which learners still believe every label? Move the query: who follows a "
        "line, and who jumps?"
    )

    def __init__(
        self,
        x: Float[Tensor, "draws n"],
        z: Float[Tensor, "draws n"],
        w: Float[Tensor, "draws"],
        noise_std: float = 0.5,
    ) -> None:
        axes = {"x": (x, ("draws", "n")), "z": (z, ("draws", "n")), "w": (w, ("draws",))}
        if min(check_tensors(axes).values()) == 0:
            raise ShapeError(
                f"x has shape {tuple(x.shape)}, expected at least one prompt with an example"
            )
        check_number("noise_std", noise_std, minimum=0.0)
        if noise_std > 2:
            raise InputError(f"noise_std = {noise_std}, expected at most 2")
        data = {"x": x.tolist(), "z": z.tolist(), "w": w.tolist(), "names": list(_NAMES)}
        super().__init__(
            data=data,
            state={"draw": 0, "shots": min(3, x.shape[1]), "noise": noise_std, "query": 1.5},
        )

    def compute(self, state: dict) -> dict:
        """The labels; the six answers in the order of the names, the slopes of the last four, the
        true answer w x_q; and where the nearest neighbour changes, with the label that it takes up
        to there (the last one has no end)."""
        n, sigma, draw = state["shots"], state["noise"], state["draw"]
        x, z = (torch.tensor(self.data[name][draw][:n], dtype=torch.float64) for name in ("x", "z"))
        w, query = self.data["w"][draw], torch.tensor([[state["query"]]], dtype=torch.float64)
        prompts = Prompts(x[None, :, None], (w * x + sigma * z)[None, :, None], query, w * query)
        lr = theory.best_step_size(LinearTask(1, 1, n, x_dist="normal", noise_std=sigma))
        fitted = [
            learners.gradient_descent(prompts, lr, 1),
            learners.gradient_descent(prompts, lr, 5),
            learners.ridge(prompts, sigma**2 / n) if sigma > 0 else learners.least_squares(prompts),
            learners.least_squares(prompts),
        ]
        slopes = [float(weights) for weights in fitted]
        nearest = prompts.y[0, (x - query[0]).abs().argmin(), 0]
        answers = [
            float(prompts.y.mean()),
            float(nearest),
            *(slope * state["query"] for slope in slopes),
        ]
        sorted_x, order = x.sort()
        return {
            "labels": prompts.y[0, :, 0].tolist(),
            "answers": answers,
            "slopes": slopes,
            "truth": w * state["query"],
            "borders": ((sorted_x[1:] + sorted_x[:-1]) / 2).tolist(),
            "nearest": prompts.y[0, order, 0].tolist(),
        }

    def answers(self) -> list[str]:
        return [
            "Without noise least squares and ridge are the same formula, and one example is "
            "enough for both: its label divided by its input is the weight.",
            "Least squares and the nearest neighbour believe every label: with one noisy example "
            "they answer as if there were no noise. Ridge and one step of gradient descent "
            "shrink towards 0, the more the noisier the labels are: both know σ.",
            "The mean answers the same everywhere, and the nearest neighbour jumps from label to "
            "label: far from the examples both only repeat what they have seen. The four that "
            "fit a line answer there what nobody has shown them.",
        ]

    def picture(self) -> str:
        result, draw, n = self.compute(self.state), self.state["draw"], self.state["shots"]
        x = torch.tensor(self.data["x"][draw][:n])
        reach = max(4.0, *(1.1 * abs(y) for y in [*result["labels"], result["truth"]]))
        figure, ax = canvas(
            5, 3.2, xlabel="input (x)", ylabel="label (y)", title=f"A prompt with {n} examples"
        )
        for slope, style in zip(result["slopes"], ("gd", "gd", "optimum", "other"), strict=True):
            ax.plot([-3, 3], [-3 * slope, 3 * slope], **LEARNERS[style])
        ax.plot(x, result["labels"], "o", color=COLORS["data"][0])
        ax.axvline(self.state["query"], color=COLORS["query"][0])
        ax.plot([self.state["query"]], [result["truth"]], "D", color=COLORS["query"][0])
        ax.set(xlim=(-3, 3), ylim=(-reach, reach))
        answers = ", ".join(
            f"{name} {value:.2f}" for name, value in zip(_NAMES, result["answers"], strict=True)
        )
        return to_svg(
            figure,
            f"{n} examples and the lines that four learners draw through them. The answers for "
            f"the query: {answers}; the true one is {result['truth']:.2f}.",
        )

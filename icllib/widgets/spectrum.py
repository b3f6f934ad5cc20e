"""What K steps leave of every eigendirection (chapter 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import InputError, ShapeError, check_count, check_number, check_tensors
from icllib.plots import COLORS, LEARNERS, canvas, to_svg
from icllib.widgets.base import LiveFigure

__all__ = ["Spectrum"]


class Spectrum(LiveFigure):
    """The transfer function of K steps of gradient descent or GD++: the fraction of each
    eigendirection that is left.

    In a direction with eigenvalue λ of (1/N) Σ x xᵀ, the inputs are scaled by a and the labels by
    b, from a = b = 1: b ← b (1 − η λ a²) and a ← a (1 − γ N λ a²). After K steps b is what is left
    of the answer's error.

    Args:
        eigenvalues: of many prompts, (prompts, N_x); the loss is ½ s times the mean over prompts
            of Σ b².
        n_context: N.
        variance: s, of one coordinate of the query.
        tuned: number of steps → (η of tuned gradient descent, η and γ of tuned GD++), for the
            buttons.

    Raises:
        ShapeError: no eigenvalues.
        InputError: numbers that are not finite, or a `tuned` without its three numbers.
    """

    name = "spectrum"
    caption = (
        "The curve is what K steps leave of a direction, by its eigenvalue; the strokes below "
        "are eigenvalues of real prompts. The loss is averaged over W* and the query of each "
        "prompt; “middle prompt” is the median of these averages, not of single queries. Tune η "
        "for one step and for many. Then tune η and γ: where is the curve flat at 0? Then raise "
        "γ further."
    )

    def __init__(
        self,
        eigenvalues: Float[Tensor, "prompts N_x"],
        n_context: int,
        variance: float,
        tuned: Mapping[int, Sequence[float]],
    ) -> None:
        sizes = check_tensors({"eigenvalues": (eigenvalues, ("prompts", "N_x"))})
        if min(sizes.values()) == 0:
            raise ShapeError(
                f"eigenvalues has shape {tuple(eigenvalues.shape)}, expected at least one"
            )
        check_count("n_context", n_context)
        check_number("variance", variance, minimum=0.0)
        for steps, values in tuned.items():
            if len(values) != 3:
                raise InputError(
                    f"tuned[{steps}] has {len(values)} numbers, expected η, then η and γ of GD++"
                )
        data = {
            "eigenvalues": [[round(float(value), 5) for value in row] for row in eigenvalues],
            "n": n_context,
            "s": float(variance),
            "tuned": {
                str(steps): [float(value) for value in values] for steps, values in tuned.items()
            },
            "most": float(eigenvalues.max()),
        }
        first = next(iter(tuned.values()))
        super().__init__(
            data=data, state={"steps": min(tuned), "lr": round(float(first[0]), 2), "gamma": 0.0}
        )

    def _left(self, eigenvalues: Tensor, state: dict) -> Tensor:
        a = b = torch.ones_like(eigenvalues)
        for _ in range(state["steps"]):
            a, b = (
                a * (1 - state["gamma"] * self.data["n"] * eigenvalues * a**2),
                b * (1 - state["lr"] * eigenvalues * a**2),
            )
        return b

    def compute(self, state: dict) -> dict:
        """The transfer function on 101 eigenvalues; the mean and the median over prompts of the
        loss, which is averaged over W* and the query; and that loss before any step."""
        grid = torch.linspace(0, 1, 101, dtype=torch.float64) * self.data["most"]
        eigenvalues = torch.tensor(self.data["eigenvalues"], dtype=torch.float64)
        losses = self.data["s"] / 2 * self._left(eigenvalues, state).square().sum(1)
        return {
            "left": self._left(grid, state).tolist(),
            "loss": float(losses.mean()),
            "median": float(losses.quantile(0.5, interpolation="lower")),
            "zero": self.data["s"] / 2 * eigenvalues.shape[1],
        }

    def answers(self) -> list[str]:
        counts = sorted(map(int, self.data["tuned"]))
        (few, first), (many, last) = (
            (k, self.data["tuned"][str(k)]) for k in (counts[0], counts[-1])
        )
        return [
            f"The best η hardly changes, {first[0]:.1f} for {few} and {last[0]:.1f} for {many} "
            "steps: the largest eigenvalues forbid more, for beyond 2/η a direction grows with "
            "every step. More steps only bend the curve towards 0 in the middle.",
            "γ lets the large eigenvalues shrink first, so that a larger η is safe: the curve is "
            "flat near 0 over the upper part of the spectrum. Small eigenvalues are still left "
            "over.",
            "Beyond the tuned γ the curve leaves at the right. There few prompts have "
            "eigenvalues: they ruin the mean, while the middle prompt hardly notices.",
        ]

    def picture(self) -> str:
        result = self.compute(self.state)
        figure, ax = canvas(
            5, 3.0, xlabel="eigenvalue (λ)", ylabel="left after K steps", title="Transfer function"
        )
        grid = torch.linspace(0, 1, 101) * self.data["most"]
        ax.plot(grid, result["left"], **LEARNERS["gd"])
        ax.axhline(0, color=COLORS["muted"][0], linewidth=0.8)
        flat = [value for row in self.data["eigenvalues"][:20] for value in row]
        ax.plot(flat, [-1.0] * len(flat), "|", color=COLORS["data"][0])
        ax.set(ylim=(-1.1, 1.1))
        return to_svg(
            figure,
            f"What {self.state['steps']} step leaves of each eigendirection: all of it at λ = 0, "
            f"a straight line down with the eigenvalue. The mean loss is {result['loss']:.3f}, "
            f"from {result['zero']:.3f} before the step.",
        )

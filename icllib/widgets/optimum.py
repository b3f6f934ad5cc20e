"""The best matrix for a spectrum, beside the best single step and whitening (chapter 12)."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from icllib.errors import check_count, check_number
from icllib.plots import COLORS, LEARNERS, canvas, label_line, to_svg
from icllib.widgets.base import LiveFigure, vector

__all__ = ["Optimum"]

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Optimum(LiveFigure):
    """Gaussian inputs with a spectrum that the reader draws: what each direction is multiplied by,
    and what it costs.

    In the basis of the covariance everything is diagonal. With g_i = (1 + 1/N) λ_i + (Σ λ + σ²)/N,
    a matrix with the eigenvalues m_i has the loss ½ (Σ λ_i − 2 λ_i² m_i + λ_i² g_i m_i² + σ²). The
    best has m_i = 1/g_i; the best single step m_i = Σ λ² / Σ λ² g for all; whitening m_i = 1/λ_i.

    Args:
        spectrum: λ, the eigenvalues to begin with, powers of two from 1/8 to 8 fit the sliders.
        n_context: N to begin with.

    Raises:
        InputError: an eigenvalue that is not above 0.
    """

    name = "optimum"
    caption = (
        "Draw a spectrum with the sliders. Above, what each learner multiplies a direction by; "
        "below, their losses by the number of examples. Raise N step by step: when does "
        "whitening overtake the single step? Make all eigenvalues equal: which two curves fall "
        "together? Then raise the noise: what does the optimum give up first?"
    )

    def __init__(
        self, spectrum: Sequence[float] = (0.25, 0.5, 1.0, 2.0, 4.0), n_context: int = 20
    ) -> None:
        values = vector("spectrum", spectrum)
        for place, value in enumerate(values):
            check_number(f"spectrum[{place}]", value, above=0)
        check_count("n_context", n_context)
        logs = [
            float(v)
            for v in torch.log2(torch.tensor(values, dtype=torch.float64)).round(decimals=2)
        ]
        super().__init__(
            data={"sizes": list(_SIZES)}, state={"logs": logs, "n": n_context, "noise": 0.0}
        )

    def compute(self, state: dict) -> dict:
        """The three learners' multipliers and losses at N, and their losses at all sizes."""
        eigenvalues = 2.0 ** torch.tensor(state["logs"], dtype=torch.float64)
        noise = state["noise"] ** 2

        def learners(n: int) -> dict[str, tuple[list[float], float]]:
            g = (1 + 1 / n) * eigenvalues + (eigenvalues.sum() + noise) / n
            square = eigenvalues**2
            multipliers = {
                "best": 1 / g,
                "scalar": (square.sum() / (square * g).sum()).expand(len(g)),
                "white": 1 / eigenvalues,
            }
            costs = {
                name: float((eigenvalues - 2 * square * m + square * g * m**2).sum() + noise) / 2
                for name, m in multipliers.items()
            }
            return {name: (m.tolist(), costs[name]) for name, m in multipliers.items()}

        now = learners(state["n"])
        by_size = [learners(n) for n in self.data["sizes"]]
        return {
            "zero": float(eigenvalues.sum() + noise) / 2,
            **{name: multipliers for name, (multipliers, _) in now.items()},
            **{f"{name}_loss": loss for name, (_, loss) in now.items()},
            **{f"{name}_by_n": [sizes[name][1] for sizes in by_size] for name in now},
        }

    def answers(self) -> list[str]:
        result = self.compute(self.state)
        by_size = zip(self.data["sizes"], result["white_by_n"], result["scalar_by_n"], strict=True)
        overtaken = next((n for n, white, scalar in by_size if white < scalar), None)
        when = f"by N = {overtaken}" if overtaken else "not at any of these N"
        return [
            f"With the spectrum at the start, {when}. With few examples whitening makes small, "
            "badly known directions large.",
            "The optimum and the single step: with equal eigenvalues Γ is a multiple of the "
            "identity, so one number serves all.",
            "The small directions: there σ² in Γ is largest beside λ.",
        ]

    def picture(self) -> str:
        result = self.compute(self.state)
        figure, ax = canvas(
            5,
            3.2,
            xlabel="examples in the prompt (N)",
            ylabel="expected loss",
            title="Three ways to take one step",
            xscale="log",
            yscale="log",
        )
        for name, look, text, above in (  # points that a name stands above the end of its line
            ("best", "optimum", "optimum", -4),
            ("scalar", "gd", "one step size", -3),
            ("white", "other", "whitening", 9),
        ):
            ax.plot(self.data["sizes"], result[f"{name}_by_n"], **LEARNERS[look])
            label_line(
                ax,
                self.data["sizes"][-1],
                result[f"{name}_by_n"][-1],
                text,
                LEARNERS[look]["color"],
                xytext=(4, above),
            )
        ax.axhline(result["zero"], color=COLORS["muted"][0], linewidth=0.8)
        ax.set(xlim=(0.8, 12000), ylim=(None, 4 * result["zero"]))
        n = self.state["n"]
        return to_svg(
            figure,
            f"Expected loss by number of examples. At N = {n} the optimum has "
            f"{result['best_loss']:.2f}, one step size for all {result['scalar_loss']:.2f}, "
            f"whitening {result['white_loss']:.2f}; only the optimum is never the worst.",
        )

"""Learning by heart against learning the method, by the number of training tasks (chapter 13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jaxtyping import Float
from torch import Tensor

from icllib.errors import InputError, ShapeError, check_number
from icllib.plots import COLORS, LEARNERS, canvas, label_line, to_svg
from icllib.widgets.base import LiveFigure

__all__ = ["Pools"]


class Pools(LiveFigure):
    """Choose what the pool fixes, its size and the update; see the loss on the pool and on new
    prompts.

    Args:
        pools: what a pool fixes → its sizes, and the losses on the pool and on new prompts, (sizes,
            R) each. The same number of sizes for all.
        steps: updates before each of the R measurements.
        gd: the loss of the tuned step of gradient descent on new prompts.
        zero: that of answering 0.

    Raises:
        ShapeError: numbers of sizes or measurements that disagree.
        InputError: no pool, or a loss that is not above 0.
    """

    name = "pools"
    caption = (
        "Above, the losses of one layer while it trains on a pool; below, those of all pools at "
        "the update that you choose. Start with the smallest pool and let it grow: when does the "
        "layer stop learning by heart? Go back to the first updates of the smallest pool: what "
        "happens to new prompts? Then let the pool fix only the functions: how many does "
        "it take?"
    )

    def __init__(
        self,
        pools: Mapping[str, tuple[Sequence[int], Float[Tensor, "n R"], Float[Tensor, "n R"]]],
        steps: Sequence[int],
        gd: float,
        zero: float,
    ) -> None:
        if not pools:
            raise InputError("pools is empty, expected what at least one pool fixes")
        counts = {len(sizes) for sizes, *_ in pools.values()}
        for kind, (sizes, *losses) in pools.items():
            for values in losses:
                if values.shape != (len(sizes), len(steps)) or len(counts) > 1:
                    raise ShapeError(
                        f"pools[{kind!r}] has {len(sizes)} sizes and losses "
                        f"{tuple(values.shape)}, expected ({max(counts)}, {len(steps)})"
                    )
                check_number(f"pools[{kind!r}]", float(values.min()), above=0)
        kinds = [
            {"name": kind, "sizes": list(sizes), "seen": seen.tolist(), "new": new.tolist()}
            for kind, (sizes, seen, new) in pools.items()
        ]
        super().__init__(
            data={"kinds": kinds, "steps": list(steps), "gd": gd, "zero": zero},
            state={"kind": 0, "size": 0, "at": len(steps) - 1},
        )

    def compute(self, state: dict) -> dict:
        """Both losses of the chosen pool by update, and of all pools at the chosen update."""
        kind, at = self.data["kinds"][state["kind"]], state["at"]
        result = {}
        for name in ("seen", "new"):
            result[name] = kind[name][state["size"]]
            result[f"{name}_by_size"] = [losses[at] for losses in kind[name]]
            result[f"{name}_now"] = result[name][at]
        return result

    def answers(self) -> list[str]:
        first = self.data["kinds"][0]
        near = next(
            (
                size
                for size, seen, new in zip(first["sizes"], first["seen"], first["new"], strict=True)
                if new[-1] < 1.15 * seen[-1]
            ),
            None,
        )
        told = (
            f"With {near:,} prompts both losses lie close together at the end"
            if near
            else "With none of these pools do both losses come close"
        )
        return [
            f"{told}: there are too many answers to store, and the step is what is left.",
            "New prompts become worse than answering 0, and stay so: the layer never passes "
            "through the step on its way to the stored answers.",
            "A few dozen. Every prompt shows new inputs, so that only the functions can be known "
            "by heart, and a linear layer has little room for them.",
        ]

    def picture(self) -> str:
        kind = self.data["kinds"][self.state["kind"]]
        result = self.compute(self.state)
        figure, ax = canvas(
            5,
            3.2,
            xlabel=f"pool: {kind['name']}",
            ylabel="loss",
            title="By heart, or by a method",
            xscale="log",
            yscale="log",
        )
        for name, look, text in (("seen", "other", "the pool's"), ("new", "trained", "new ones")):
            losses = result[f"{name}_by_size"]
            ax.plot(kind["sizes"], losses, **LEARNERS[look])
            label_line(
                ax, kind["sizes"][0], losses[0], text, LEARNERS[look]["color"], xytext=(6, 4)
            )
        ax.axhline(self.data["gd"], **LEARNERS["gd"])
        ax.axhline(self.data["zero"], color=COLORS["muted"][0], linewidth=0.8)
        small, large = kind["sizes"][0], kind["sizes"][-1]
        return to_svg(
            figure,
            f"Loss by size of the pool. With {small:,} the layer has "
            f"{result['seen_by_size'][0]:.3f} on the pool and "
            f"{result['new_by_size'][0]:.2f} on new prompts; with {large:,}: "
            f"{result['seen_by_size'][-1]:.3f} and {result['new_by_size'][-1]:.3f}.",
        )

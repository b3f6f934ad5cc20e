"""Live figures to try, one of each kind, and the states that they are tried in."""

import math

import torch

from icllib import construct
from icllib.attention import SoftmaxSelfAttention
from icllib.ledger import Figure, Verdict
from icllib.widgets import (
    BlockBuilder,
    Copying,
    Curves,
    Descent,
    Emergence,
    FewShot,
    Inspector,
    Kernels,
    Ledger,
    LineFit,
    Loops,
    Memory,
    Optimum,
    Pools,
    PromptWriter,
    Scrub,
    Shots,
    Spectrum,
)

# The inspector's blocks, in the order of the computation.
BLOCKS = (
    "tokens",
    "queries",
    "keys",
    "values",
    "scores",
    "weights",
    "mixed",
    "update",
    "out",
)


def numbers(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def few_shot(seed=0):
    layer = construct.gd_layer(4, 1, 8, 8.0)
    labels = torch.where(numbers(seed, 10) > 0, 1.0, -1.0).double()
    return FewShot(
        [f"Review {i} <b>" for i in range(10)],
        labels,
        numbers(seed, 10, 4),
        layer,
        range(8),
        [8, 9],
        [0, 3, 5],
    )


def prompt_writer(**changes):
    given = {
        "sentences": [f"Sentence {i} <b>" for i in range(8)],
        "labels": torch.tensor([1.0, -1.0] * 4).double(),
        "domains": ["film", "film", "food", "food"] * 2,
        "x": numbers(3, 8, 4),
        "chosen": [0, 1, 2, 5],
        "query": 4,
    }
    return PromptWriter(**given | changes)


def block_builder(seed=0):
    return BlockBuilder(
        numbers(seed, 4, 2),
        numbers(seed + 1, 4),
        numbers(seed + 2, 2),
        numbers(seed + 3, 1, 2),
        lr=0.7,
    )


def inspector(n_heads=1):
    layer = SoftmaxSelfAttention(
        3, n_heads, dim_head=2, generator=torch.Generator().manual_seed(0), init_std=1.0
    )
    return Inspector(layer, numbers(0, 4, 3))


def memory(**options):
    return Memory(torch.nn.functional.normalize(numbers(0, 12, 8), dim=1), **options)


def scrub():
    weights = {
        f"layers.0.{m}": numbers(k, 4, 2, 1, 3, 3) for k, m in enumerate(("W_K", "W_Q", "W_V", "P"))
    }
    return Scrub(
        [0, 5, 10, 15],
        [1, 0],
        weights,
        {"loss": numbers(7, 4, 2), "cosine": numbers(8, 4, 2)},
        2,
        6,
        3.0,
    )


def curves():
    """A small kernel on 21 inputs, and three examples."""
    grid = torch.linspace(-5, 5, 21)
    return Curves(grid, torch.cos(grid[:, None] - grid) / 5, 1.8, [2, 9, 17])


def pools():
    """Three sizes of two kinds of pool, four measurements."""
    losses = [(numbers(seed, 3, 4) / 2).exp() for seed in range(4)]
    kinds = {"prompts": ([16, 64, 512], *losses[:2]), "functions": ([2, 8, 32], *losses[2:])}
    return Pools(kinds, [0, 10, 20, 40], 0.2, 0.4)


def emergence():
    """Four measurements of two seeds, five tokens."""
    maps = torch.stack([numbers(seed, 2, 5, 4).softmax(-1) for seed in range(4)])
    return Emergence([0, 10, 20, 40], maps, numbers(9, 4, 2).exp() / 5, 0.2, 0.4)


def verdict(name, source, chapter, *figures):
    sentence = f"What {name} <says> of a plateau."
    return Verdict(name, sentence, source, "figure 1", chapter, "Sure.", f"run {name}", figures)


def ledger():
    """One claim that holds, one that does so in part, one that does not; one without a page."""
    good, bad = Figure("a", 1.0, "≤", 2.0, "× b"), Figure("c", -0.5, "≥", 0.9, "cosine", 1.0)
    exact = Figure("d", 1e-16, "≤", 1e-12)
    verdicts = [
        verdict("C01", "I", "introduction", exact),
        verdict("C02", "I, P", "3, 10", good, bad),
        verdict("C03", "F", "99", bad),
    ]
    return Ledger(verdicts, {"introduction": "../intro.html", "3": "03.html", "10": "10.html"})


SOLUTION = {
    "W_K": ["I", "0", "0", "0"],
    "W_Q": ["I", "0", "0", "0"],
    "W_V": ["0", "0", "W₀", "−I"],
    "P": ["0", "0", "0", "η/N I"],
    "hint": "",
}
FIGURES = {
    "line_fit": lambda: LineFit(numbers(0, 6), numbers(1, 6)),
    "descent": Descent,
    "block_builder": block_builder,
    "few_shot": few_shot,
    "shots": lambda: Shots(numbers(0, 3, 20), numbers(1, 3, 20), numbers(2, 3)),
    "inspector": inspector,
    "memory": memory,
    "kernels": lambda: Kernels(numbers(0, 9), numbers(1, 9)),
    "copying": lambda: Copying(numbers(0, 4)),
    "scrub": lambda: scrub(),
    "loops": lambda: Loops(
        [0, 5], [1.0, 6.0], [0.0, 0.2], [0.4, 0.1], (5.0, 0.16), (9.0, 0.2, 0.11), 10, 0.4
    ),
    "optimum": Optimum,
    "ledger": lambda: ledger(),
    "pools": lambda: pools(),
    "curves": lambda: curves(),
    "emergence": lambda: emergence(),
    "prompt_writer": lambda: prompt_writer(),
    "spectrum": lambda: Spectrum(
        numbers(0, 7, 4).abs() / 5, 10, 1 / 12, {1: [6.0, 6.0, 0.0], 3: [5.9, 20.0, 0.2]}
    ),
}


def states(name, figure):
    """A handful of states that a reader could reach."""
    yield figure.state
    for seed in range(4):
        if name == "line_fit":
            yield {
                "x": numbers(seed, 6).tolist(),
                "y": numbers(seed + 9, 6).tolist(),
                "by_hand": bool(seed % 2),
                "left": -0.3,
                "right": 1.1,
            }
        elif name == "descent":
            yield {
                "lr": 0.3 + 0.6 * seed,
                "steps": 7 * seed,
                "ratio": (1, 5, 20, 100)[seed],
                "start": numbers(seed, 2).tolist(),
            }
        elif name == "few_shot":
            yield {"chosen": list(range(seed, 7)), "flipped": [seed, 6], "query": 8 + seed % 2}
        elif name == "prompt_writer":
            yield {
                "domain": seed % 2,
                "chosen": [0, 1, 2, 3, 5, 6, 7][: 2 * seed],
                "flipped": [0, 3][:seed],
                "query": 4,
            }
        elif name == "shots":
            yield {
                "draw": seed % 3,
                "shots": (1, 2, 7, 20)[seed],
                "noise": 0.6 * seed,
                "query": -1.0 + 0.8 * seed,
            }
        elif name == "inspector":
            for block in BLOCKS:
                yield {"cell": [block, seed % 3, seed % 2]}
        elif name == "kernels":
            yield {"sharpness": 1.0 + 15 * seed, "lr": 1.0 + seed, "log_epsilon": -1.0 * seed + 1}
        elif name == "copying":
            yield {
                "scale": 7.0 * seed,
                "shift": ("next", "before")[seed % 2],
                "sees_query": seed < 2,
            }
        elif name == "scrub":
            yield {"run": seed % 2, "at": seed}
        elif name == "loops":
            yield {"at": seed % 2}
        elif name == "optimum":
            yield {
                "logs": numbers(seed, 5).tolist(),
                "n": (1, 5, 100, 1000)[seed],
                "noise": 0.7 * seed,
            }
        elif name == "curves":
            at = [(3 * seed + 7 * k) % 21 for k in range(3)]
            yield {"at": at, "y": numbers(seed, 3).tolist(), "amplitude": 1.0, "phase": 2.0}
        elif name == "emergence":
            yield {"run": seed % 2, "at": seed, "asks": seed + seed // 3}
        elif name == "ledger":
            yield {
                "verdict": ("", "holds", "holds in part", "does not hold here")[seed],
                "chapter": ("10", "", "", "99")[seed],
                "source": ("", "", "paper", "follow-ups")[seed],
                "words": ("SAYS", "c01 sure", "cosine", "nothing")[seed],
                "open": ["C02"] * (seed % 2),
            }
        elif name == "pools":
            yield {"kind": seed % 2, "size": seed % 3, "at": seed}
        elif name == "spectrum":
            yield {"steps": 1 + seed, "lr": 2.0 + seed, "gamma": 0.05 * seed}
        elif name == "memory":
            keys, rule = ("random", "orthogonal")[seed % 2], ("sum", "delta")[seed // 2]
            yield {"pairs": 3 + 3 * seed, "keys": keys, "rule": rule, "asked": seed}
        else:
            square, row = ["0", "I", "−I", "η/N I", "−η/N I"], ["0", "W₀", "−W₀"]
            yield {
                m: [square[(seed + k) % 5], "0", row[(seed + k) % 3], square[(seed + k + 2) % 5]]
                for k, m in enumerate(SOLUTION)
                if m != "hint"
            } | {"hint": ""}
    if name == "block_builder":
        yield SOLUTION


def close(a, b):
    if isinstance(a, list):
        return len(a) == len(b) and all(map(close, a, b))
    return a == b if isinstance(a, str | bool) else math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)

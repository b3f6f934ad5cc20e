"""Figures 8, 11, 12 and 14 of von Oswald et al. (2023): blocks, softmax and norms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from icllib.alignment import Predictor, predictor, sensitivity
from icllib.datasets import paper_runs
from icllib.exhibits import Curve, Exhibit, Heat, Panel, Row, at_least, at_most
from icllib.experiments import PAPER, load, load_rivals
from icllib.paper_measures import (
    OUTSIDE,
    apart,
    by_tokens,
    ends,
    losses,
    scaled_inputs,
    step,
    worst_cosine,
)

__all__ = ["blocks", "heads", "norms", "softmax"]


def _cosines(answer: Predictor, rivals: Mapping[int, Predictor]) -> list[float]:
    """The mean sensitivity cosine with each rival, on few prompts at a time: deep stacks of blocks
    keep much for their derivatives."""
    found = torch.zeros(4, len(rivals))
    for part in range(4):
        source = torch.Generator().manual_seed(200 + part)
        prompts = PAPER.sample(100, source, torch.float64)
        own = sensitivity(answer, prompts).flatten(1)
        for place, rival in enumerate(rivals.values()):
            other = sensitivity(rival, prompts).flatten(1)
            found[part, place] = torch.cosine_similarity(own, other, dim=1).mean()
    return found.mean(0).tolist()


def blocks(folder: Path) -> Exhibit:
    """Figure 8: blocks with small networks and four heads, beside GD++ with up to twelve steps."""
    table, long = (load_rivals(f"rivals-{name}", folder=folder) for name in ("paper", "long"))
    rivals = {k: table.predictor("GD++", k) for k in (2, 3, 4, 5)}
    rivals |= {k: long.predictor("GD++", k) for k in (10, 12)}
    steps = {"GD, twelve steps": long.predictor("GD", 12)}
    models = {
        "12 softmax blocks": load("blocks-12", folder=folder).models[0],
        "4 linear blocks": load("linear-blocks-4", folder=folder).models[0],
    }
    answers = {name: predictor(model.double()) for name, model in models.items()}
    found = losses(answers | steps | {("steps", k): one for k, one in rivals.items()}, PAPER, 2000)
    cosines = {name: _cosines(answer, rivals) for name, answer in answers.items()}
    linear, softmax = (found[name].trimmed for name in ("4 linear blocks", "12 softmax blocks"))
    four, twelve = found["steps", 4].trimmed, found["steps", 12].trimmed
    gd = found["GD, twelve steps"].trimmed
    rows = [
        at_most("4 linear: loss ÷ 4 steps of GD++", linear / four, 1.1),
        at_least(
            "4 linear: largest cosine with GD++",
            max(cosines["4 linear blocks"]),
            0.95,
        ),
        Row("4 linear: loss ÷ 12 steps of GD++", linear / twelve),
        Row("12 softmax: loss ÷ 12 steps of GD++", softmax / twelve),
        Row("12 softmax: loss ÷ 12 steps of GD", softmax / gd),
        Row("12 softmax: largest cosine with GD++", max(cosines["12 softmax blocks"])),
    ]
    looks = ("other", "trained")
    curves = tuple(
        Curve(name, look, list(rivals), cosines[name])
        for name, look in zip(cosines, looks, strict=True)
    )
    panel = Panel("Which GD++ is nearest?", "steps of GD++", "sensitivity cosine", curves)
    return Exhibit((panel,), tuple(rows))


def _heads_of(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """η_h W_KᵀW_Q of both softmax heads, on x, with the corner of P W_V as η_h."""
    scores = layer.W_K.mT @ layer.W_Q / layer.dim_head**0.5
    corner = (layer.P @ layer.W_V)[:, -1, -1]
    both = corner[:, None, None] * scores
    return both[0, :-1, :-1], both[1, :-1, :-1]


def heads(folder: Path) -> Exhibit:
    """Figure 11: the two trained softmax heads, and their sum."""
    pairs = [_heads_of(m.layers[0]) for m in load("softmax-2", folder=folder).models]

    def beside(matrix: Tensor) -> float:
        return float((matrix - torch.diag(matrix.diagonal())).square().mean().sqrt())

    left, kept, each = [], [], []
    for first, second in pairs:
        off = (first - torch.diag(first.diagonal()), second - torch.diag(second.diagonal()))
        left.append(float(torch.cosine_similarity(off[0].flatten(), -off[1].flatten(), dim=0)))
        each += [beside(one) / one.diagonal().abs().mean().item() for one in (first, second)]
        kept.append(beside(first + second) / (first + second).diagonal().abs().mean().item())
    rows = (
        Row("a head: off the diagonal ÷ on it", max(each)),
        at_least("heads off the diagonal: minus their cosine", min(left), 0.9),
        at_most("sum: off the diagonal ÷ on it", max(kept), 0.05),
    )
    names, (first, second) = ("head 1", "head 2", "sum"), pairs[0]
    matrices = (first, second, first + second)
    return Exhibit(tuple(Heat(n, m, 10) for n, m in zip(names, matrices, strict=True)), rows)


def softmax(folder: Path) -> Exhibit:
    """Figure 12: one softmax head and two."""
    gd, rows, best = step(PAPER), [], {}
    for count, run in ((1, "softmax1h"), (2, "softmax2h")):
        models = by_tokens(load(f"softmax-{count}", folder=folder).models)
        final, theirs = paper_runs()[run]["final"], paper_runs()[run]["loss_gd"]
        found = losses({"GD": gd} | models, PAPER, 4000)
        level = [loss / found["GD"].mean for loss in ends(found, models)]
        cosine, own = worst_cosine(models, gd), final["tf"] / theirs
        if count == 1:
            rows.append(at_least("1 head: loss ÷ the step's, best seed", level[0], 1.2, own))
            rows.append(at_most("1 head: cosine, worst seed", cosine, 0.9, final["cos"]))
        else:
            rows.append(at_most("2 heads: loss ÷ the step's, worst seed", level[-1], 1.1, own))
            what = "2 heads: cosine, worst seed"
            rows.append(at_least(what, cosine, 0.93, final["cos"]))
        best[count] = models[min(models, key=lambda seed, found=found: found[seed].mean)]
    shown = {"GD": gd, "1 head": best[1], "2 heads": best[2]}
    looks = {"GD": "gd", "1 head": "other", "2 heads": "trained"}
    panel, ways = scaled_inputs(shown, looks)
    ood = paper_runs()["softmax2h"]["ood_same_distribution"]
    beside, own = apart(ways["2 heads"], ways["GD"]), apart(ood["tf_input"], ood["gd_input"])
    what = "2 heads, scaled inputs: factor from GD"
    rows.append(at_most(what, beside, OUTSIDE, own))
    return Exhibit((panel,), tuple(rows))


def norms(folder: Path) -> Exhibit:
    """Figure 14: linear layers behind a LayerNorm, one and two."""
    table, theirs = load_rivals("rivals-paper", folder=folder), paper_runs()["ln1"]
    ood = theirs["ood_same_distribution"]
    own = {
        "loss": theirs["final"]["tf"] / theirs["loss_gd"],
        "cosine": theirs["final"]["cos"],
        "twice": ood["tf_input"][-1] / ood["gd_input"][-1],
    }
    panels, rows = [], []
    for layers, name, look, rival, known in (
        (1, "GD", "gd", step(PAPER), own),
        (2, "GD++", "gdpp", table.predictor("GD++", 2), {}),
    ):
        models = by_tokens(load(f"norm-{layers}", folder=folder).models)
        found = losses({name: rival} | models, PAPER, 4000)
        best = min(models, key=lambda seed, found=found: found[seed].mean)
        who = {name: rival, "trained": models[best]}
        title = f"{layers} layer{'s' * (layers > 1)}"
        panel, ways = scaled_inputs(who, {name: look, "trained": "trained"}, title)
        panels.append(panel)
        over = found[best].mean / found[name].mean
        cosine = worst_cosine({0: models[best]}, rival)
        twice = ways["trained"][-1] / ways[name][-1]
        rows += [
            at_least(f"{title}: loss ÷ {name}'s, best seed", over, 1.05, known.get("loss")),
            at_least(f"{title}: cosine with {name}", cosine, 0.8, known.get("cosine")),
            at_most(f"{title}: inputs × 2, loss ÷ {name}'s", twice, 1.0, known.get("twice")),
        ]
    return Exhibit(tuple(panels), tuple(rows))

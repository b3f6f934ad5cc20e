"""Figures 1 to 3 and 7 of von Oswald et al. (2023): one layer, loops, and five layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from icllib import construct
from icllib.alignment import Predictor, compare, reads
from icllib.attention import Transformer
from icllib.datasets import paper_runs
from icllib.exhibits import Curve, Exhibit, Panel, Row, at_least, at_most
from icllib.experiments import PAPER, load, load_rivals
from icllib.paper_measures import (
    OUTSIDE,
    apart,
    applications,
    clipped,
    cosine_path,
    curves_of,
    ends,
    five_with_rivals,
    gd_layer,
    interpolated,
    losses,
    on_and_on,
    rising,
    scaled_inputs,
    step,
    tuned_when_clipped,
    unclipped,
    worst_cosine,
)
from icllib.weights import without_stripes

__all__ = [
    "deep",
    "five_layers",
    "many_loops",
    "one_layer",
    "repeated",
    "two_loops",
]

_LOOK = {"GD": "gd", "GD++": "gdpp", "trained": "trained", "interpolated": "other"}


def repeated(folder: Path) -> Exhibit:
    """Figure 1, right: one trained layer, applied fifty times with λ = 0.75, and so many steps."""
    layers = [model.layers[0] for model in load("one-layer", folder=folder).models]
    seen = [on_and_on(without_stripes(layer), 0.75) for layer in layers]
    gd, as_trained = on_and_on(gd_layer(PAPER), 0.75), on_and_on(layers[0], 0.75, 3)
    theirs = paper_runs()["lsa1_seed0"]["iterate_layer"]
    panel = applications("One layer, fifty times", seen, gd)
    rows = (
        Row("GD: loss after 50", gd[-1], theirs["gd"][-1]),
        Row("trained: loss after 50, worst seed", max(s[-1] for s in seen), theirs["tf"][-1]),
        at_most(
            "trained: factor from GD, worst seed",
            max(apart(one, gd) for one in seen),
            1.1,
            apart(theirs["tf"], theirs["gd"]),
        ),
        at_most(
            "loss ÷ loss before, largest",
            max(rising(one) for one in [*seen, gd]),
            1.0,
        ),
        at_most("with stripes: loss after 3 ÷ GD's", as_trained[2] / gd[2], 1.1),
    )
    return Exhibit((panel,), rows)


_SIZES = {5: ("one-layer-nx5", "lsa1_nx5"), 10: ("one-layer", "lsa1_seed0")} | {
    20: ("one-layer-nx20", "lsa1_nx20")
}


def one_layer(folder: Path) -> Exhibit:
    """Figure 2: loss, alignment, interpolation for three sizes, larger inputs."""
    rows, sizes = [], {}
    for size, (name, run) in _SIZES.items():
        sizes[size], own = _of_size(folder, name, run)
        rows += own
    loaded = load("one-layer", folder=folder)
    who = {"GD": step(PAPER), "trained": loaded.models[0]}
    outside, panel = _larger_inputs(who, "lsa1_seed0", "gd", 1.1)
    steps = loaded.result.record["steps"]
    path = tuple(Curve("", "trained", steps, c) for c in loaded.measured["cosine"].T)
    looks = {name: _LOOK[name] for name in ("GD", "trained", "interpolated")}
    by_size = {name: [sizes[n][name] for n in sizes] for name in looks}
    panels = (
        Panel("Alignment", "updates", "sensitivity cosine", path),
        Panel("Three sizes", "N = N_x", "loss", curves_of(by_size, list(sizes), looks)),
        panel,
    )
    return Exhibit(panels, (*rows, outside))


def _of_size(folder: Path, name: str, run: str) -> tuple[dict[str, float], list[Row]]:
    """One layer of a size beside its step, and the layer between the two: losses, and rows."""
    loaded, theirs = load(name, folder=folder), paper_runs()[run]
    task, models = loaded.experiment.task, dict(enumerate(loaded.models))
    gd, size, final = step(task), task.dim_x, theirs["final"]
    halves = {("half", k): interpolated(m, gd_layer(task), size) for k, m in models.items()}
    found = losses({"GD": gd} | models | halves, task)
    prompts = task.sample(2000, torch.Generator().manual_seed(98))
    cosine = min(compare(reads(m), gd, prompts).sensitivity_cosine for m in models.values())
    level = {
        "GD": found["GD"].mean,
        "trained": max(found[k].mean for k in models),
        "interpolated": max(found[k].mean for k in halves),
    }
    at, own = f"N = {size}: ", theirs["loss_gd"]
    trained, half = (level[k] / level["GD"] for k in ("trained", "interpolated"))
    return level, [
        at_most(at + "loss ÷ GD's", trained, 1.01, final["tf"] / own),
        at_most(at + "interpolated ÷ GD's", half, 1.01, final["interp"] / own),
        at_least(at + "cosine", cosine, 0.99, final["cos"]),
    ]


def _larger_inputs(
    contestants: Mapping[str, Predictor | nn.Module], run: str, beside: str, bound: float = OUTSIDE
) -> tuple[Row, Panel]:
    """Inputs from half to twice the scale of training: a row for the trained model (beside the last
    of its rivals), and a panel."""
    panel, found = scaled_inputs(contestants, _LOOK)
    rival = [name for name in contestants if name.startswith("GD")][-1]
    theirs = paper_runs().get(run, {}).get("ood_same_distribution")
    row = at_most(
        f"scaled inputs: factor from {rival}",
        apart(found["trained"], found[rival]),
        bound,
        apart(theirs["tf_input"], theirs[f"{beside}_input"]) if theirs else None,
    )
    return row, panel


def _alignment(
    folder: Path, name: str, rivals: Mapping[str, Predictor]
) -> tuple[Panel, dict[str, Tensor]]:
    """The cosines with GD and GD++ on the way: drawn, and as numbers."""
    loaded = load(name, folder=folder)
    paths = cosine_path(loaded, rivals)
    steps, curves = loaded.result.record["steps"], []
    for rival, path in paths.items():
        seeds = path.T
        curves += [Curve("", _LOOK[rival], steps, one) for one in seeds[1:]]
        curves.append(Curve(rival, _LOOK[rival], steps, seeds[0]))
    panel = Panel("Alignment", "updates", "sensitivity cosine", tuple(curves), limits=(0.6, 1.02))
    return panel, paths


def _loops(
    folder: Path, name: str, rate: float, pair: tuple[float, float], run: str
) -> tuple[list[Row], dict[str, Predictor | nn.Module]]:
    """A looped layer beside GD with a rate and GD++ with a pair of numbers: rows, and who takes
    part. Of more than two loops or steps the tokens are cut off, as in the paper."""
    models = [unclipped(model) for model in load(name, folder=folder).models]
    depth, answers = models[0].looped, reads if models[0].looped <= 2 else clipped
    steps = construct.gd_transformer(10, 1, 10, rate, depth)
    bent = construct.gd_plus_plus_transformer(10, 1, 10, *pair, 1).layers[0]
    halves = [interpolated(model, bent, 10) for model in models]
    gd, gdpp = answers(steps), answers(Transformer([bent], depth))
    trained = {seed: answers(model) for seed, model in enumerate(models)}
    between = {("half", seed): answers(model) for seed, model in enumerate(halves)}
    found = losses({"GD": gd, "GD++": gdpp} | trained | between, PAPER)
    worst, half = ends(found, trained)[-1], ends(found, between)[-1]
    cosine, own = worst_cosine(trained, gdpp), _of_their_loops(run)
    level = {key: found[key].mean for key in ("GD", "GD++")}
    rows = [
        at_most("loss ÷ GD's", worst / level["GD"], 0.9, own.get("gd")),
        at_most("loss ÷ GD++'s", worst / level["GD++"], 1.05, own.get("gdpp")),
        at_most("interpolated ÷ GD++'s", half / level["GD++"], 1.05, own.get("half")),
        at_least("cosine with GD++", cosine, 0.98, own.get("cosine")),
    ]
    who = {"GD": gd, "GD++": gdpp, "trained": trained[0], "interpolated": between["half", 0]}
    return rows, who


def _of_their_loops(run: str) -> dict[str, float]:
    """The same numbers of a run of the authors' code, if it was run."""
    if run not in paper_runs():
        return {}
    theirs = paper_runs()[run]
    final, bent = theirs["final"], theirs["loss_gdpp"]
    own = {"gd": final["tf"] / theirs["loss_gd"], "gdpp": final["tf"] / bent}
    return own | {"half": final["interp"] / bent, "cosine": final["cos_pp"]}


def deep(folder: Path) -> Exhibit:
    """Figure 3: one layer looped twice, and five layers of their own."""
    loops, five = two_loops(folder), five_layers(folder)
    rows = [replace(row, what=f"2 loops: {row.what}") for row in loops.rows]
    rows += [replace(row, what=f"5 layers: {row.what}") for row in five.rows]
    panels = [replace(panel, title=f"{panel.title}, two loops") for panel in loops.panels]
    panels += [replace(panel, title=f"{panel.title}, five layers") for panel in five.panels]
    return Exhibit(tuple(panels), tuple(rows))


def two_loops(folder: Path) -> Exhibit:
    """Figure 3a: one layer, looped twice."""
    table, run = load_rivals("rivals-paper", folder=folder), "lsa2rec_seed0"
    (rate,), pair = (table.values(form, 2) for form in ("GD", "GD++"))
    rows, who = _loops(folder, "looped-2", rate, pair, run)
    panel, paths = _alignment(folder, "looped-2", {name: who[name] for name in ("GD", "GD++")})
    falls = float((paths["GD"].max(0).values - paths["GD"][-1]).min())
    curve = [line["cos"] for line in paper_runs()[run]["curve"]]
    what = "cosine with GD: peak less end"
    rows.append(at_least(what, falls, 0.01, max(curve) - curve[-1]))
    row, outside = _larger_inputs(who, run, "gdpp")
    return Exhibit((panel, outside), (*rows, row))


def five_layers(folder: Path) -> Exhibit:
    """Figure 3b: five layers of their own."""
    (who, models), theirs = five_with_rivals(folder), paper_runs()["lsa5_bs512"]
    level = {key: one.mean for key, one in losses(who | dict(enumerate(models)), PAPER).items()}
    worst = max(level[k] for k in range(len(models)))
    prompts = PAPER.sample(1000, torch.Generator().manual_seed(98), torch.float64)
    cosine = min(compare(one, who["GD++"], prompts).sensitivity_cosine for one in models)
    panel, paths = _alignment(folder, "deep-5-path", who)
    row, outside = _larger_inputs(who | {"trained": models[0]}, "lsa5_bs512", "gdpp")
    final, gd, bent = theirs["final"], theirs["loss_gd"], theirs["loss_gdpp"]
    nearer = float((paths["GD++"] - paths["GD"])[-1].min())
    apart_by = final["cos_pp"] - final["cos"]
    rows = (
        at_most("loss ÷ GD's", worst / level["GD"], 0.9, final["tf"] / gd),
        at_most("loss ÷ GD++'s, a pair a layer", worst / level["GD++"], 1.05, final["tf"] / bent),
        at_least("cosine with it", cosine, 0.95, final["cos_pp"]),
        at_least("cosine with it less that with GD", nearer, 0.01, apart_by),
        row,
    )
    return Exhibit((panel, outside), rows)


def many_loops(folder: Path) -> Exhibit:
    """Figure 7: one layer, looped ten times."""
    table = load_rivals("rivals-long", folder=folder)
    (rate,) = table.values("GD", 10)
    rows, who = _loops(folder, "looped-10", rate, tuned_when_clipped(10), "")
    row, outside = _larger_inputs(who, "", "gdpp")
    fives, free = dict(enumerate(five_with_rivals(folder)[1])), table.predictor("GD++", 10)
    found = losses({"ten": who["trained"], "free": free} | fives, PAPER)
    beside = found["ten"].mean / ends(found, fives)[-1]
    apart_from_free = found["free"].mean / found["ten"].mean
    rows += [
        at_least("loss ÷ that of five layers", beside, 1.0),
        Row("GD++ not cut off: loss ÷ trained's", apart_from_free),
    ]
    return Exhibit((outside,), (*rows, row))

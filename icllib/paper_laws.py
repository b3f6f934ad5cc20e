"""Figures 6, 9, 10 and 13 of von Oswald et al. (2023): other laws of inputs, weights, damping, and
the bend of GD++."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from icllib.alignment import read_off
from icllib.datasets import paper_runs
from icllib.exhibits import Curve, Exhibit, Heat, Panel, Row, at_least, at_most
from icllib.experiments import PAPER, load, load_rivals
from icllib.paper_measures import (
    OUTSIDE,
    OtherLaws,
    apart,
    applications,
    condition_numbers,
    curves_of,
    five_with_rivals,
    gd_layer,
    on_and_on,
    step,
    swept,
)
from icllib.tokens import join_tokens
from icllib.weights import products, without_stripes

__all__ = ["PRINTED", "bends", "damping", "other_laws", "weights"]

#: What the paper prints in appendix A.10: number of examples → (smallest and largest eigenvalue of
#: X Xᵀ over 10,000 prompts, the γ of a trained layer looped twice). Its smallest eigenvalue for
#: N = 10 is cut off at 1e-10, and left out here.
PRINTED: dict[int, tuple[float | None, float, float]] = {
    10: (None, 4.6, 0.179),
    25: (0.097, 7.712, 0.099),
    50: (0.666, 10.845, 0.056),
    100: (2.870, 17.196, 0.029),
}
_SCALES = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0]


def other_laws(folder: Path) -> Exhibit:
    """Figure 6: teachers of other sizes, and normal, exponential and Laplace inputs."""
    table = load_rivals("rivals-paper", folder=folder)
    steps, five = five_with_rivals(folder)
    once, looped = (load(name, folder=folder).models[0] for name in ("one-layer", "looped-2"))
    rows, panels = [], []
    for title, run, beside, rival, trained in (
        ("One layer", "lsa1_seed0", "gd", step(PAPER), once),
        ("Two loops", "lsa2rec_seed0", "gdpp", table.predictor("GD++", 2), looped),
        ("Five layers", "lsa5_bs512", "gdpp", steps["GD++"], five[0]),
    ):
        look = "GD" if beside == "gd" else "GD++"
        who = {look: rival, "trained": trained}
        laws = swept(who, {a: OtherLaws(a) for a in _SCALES})
        teachers = swept(who, {a: replace(PAPER, w_scale=a) for a in _SCALES})
        theirs = paper_runs()[run]
        same, other = theirs["ood_same_distribution"], theirs["ood_other_distribution"]
        for what, ours, own in (
            ("W* × 0.5 to × 5", teachers, (same["tf_weight"], same[f"{beside}_weight"])),
            ("other laws", laws, (other["tf_input"], other[f"{beside}_input"])),
        ):
            what = f"{title}, {what}: factor from {look}"
            rows.append(at_most(what, apart(ours["trained"], ours[look]), OUTSIDE, apart(*own)))
        curves = curves_of(laws, _SCALES, {look: beside, "trained": "trained"})
        panels.append(Panel(title, "norm of all inputs", "loss", curves, "log"))
    return Exhibit(tuple(panels), tuple(rows))


def _blocks(A: Tensor, B: Tensor) -> tuple[float, float, float]:
    """Of scaled products: the largest entry of A beside its x-diagonal, the largest of B beside
    its diagonal relative to the corner, and the spread of B's x-diagonal around its mean."""
    dim_x = len(A) - 1
    inside = A - torch.eye(dim_x + 1).to(A)
    inside[-1, -1] = 0.0  # where y meets y
    beside = (B - torch.diag(B.diagonal())).abs().max() / B[-1, -1].abs()
    diagonal = B.diagonal()[:dim_x]
    return float(inside.abs().max()), float(beside), float(diagonal.std() / diagonal.mean().abs())


def weights(folder: Path) -> Exhibit:
    """Figure 9: W_KᵀW_Q and P W_V of one layer, and of one looped three times."""
    one = [without_stripes(m.layers[0]) for m in load("one-layer", folder=folder).models]
    three = [m.layers[0] for m in load("looped-3", folder=folder).models]
    first, third = ([tuple(t[0] for t in products(one)) for one in ones] for ones in (one, three))
    theirs = paper_runs()["lsa1_seed0"]["normalised_WKQ_and_WPV_of_trained_TF"]
    own = _blocks(torch.tensor(theirs["query_key"]), torch.tensor(theirs["value_proj"]))
    single, looped = ([_blocks(*pair) for pair in pairs] for pairs in (first, third))
    rows = (
        at_most(
            "one layer: A beside its diagonal of ones",
            max(b[0] for b in single),
            0.1,
            own[0],
        ),
        at_most("three loops: the same of A", max(b[0] for b in looped), 0.1),
        at_most(
            "three loops: B beside its diagonal ÷ corner",
            max(b[1] for b in looped),
            0.1,
        ),
        at_most("three loops: spread of B's x-diagonal", max(b[2] for b in looped), 0.1),
    )
    names = ("A, one layer", "B, one layer", "A, three loops", "B, three loops")
    matrices = (*first[0], *third[0])
    return Exhibit(tuple(Heat(n, m, 10) for n, m in zip(names, matrices, strict=True)), rows)


def damping(folder: Path) -> Exhibit:
    """Figure 10: the layer applied fifty times with λ = 1, 0.875 and 0.75."""
    layers = [without_stripes(m.layers[0]) for m in load("one-layer", folder=folder).models]
    panels, rows = [], []
    for strength, relation, bound in ((1.0, "≥", 1.0), (0.875, "", 1.0), (0.75, "≤", 0.5)):
        gd = on_and_on(gd_layer(PAPER), strength)
        seen = [on_and_on(layer, strength) for layer in layers]
        panels.append(applications(f"λ = {strength:g}", seen, gd))
        ends = sorted(one[-1] / one[0] for one in seen)
        at = f"λ = {strength:g}: last ÷ first loss, "
        their = paper_runs()["lsa1_seed0"]["iterate_layer"]
        own = [their[k][-1] / their[k][0] if strength == 0.75 else None for k in ("gd", "tf")]
        rows.append(Row(at + "GD", gd[-1] / gd[0], own[0], relation, bound))
        rows.append(Row(at + "trained", ends[2], own[1], relation, bound))
    return Exhibit(tuple(panels), tuple(rows))


def _spectra(n_context: int) -> Tensor:
    """The eigenvalues of Σ x xᵀ of 10,000 prompts, a thousand at a time: a hundred examples each
    would fill the memory."""
    task, source = replace(PAPER, n_context=n_context), torch.Generator().manual_seed(3)
    drawn = (task.sample(1000, source, torch.float64).x for _ in range(10))
    return torch.cat([torch.linalg.eigvalsh(x.mT @ x).clamp_min(0) for x in drawn])


def _read_gamma(folder: Path, n_context: int) -> float:
    """γ before the sum of a trained layer looped twice, the mean of its seeds."""
    name = "looped-2" if n_context == 10 else f"looped-2-n{n_context}"
    loaded = load(name, folder=folder)
    prompts = loaded.experiment.task.sample(1000, torch.Generator().manual_seed(4))
    tokens = join_tokens(prompts)
    found = [read_off(model.layers[0], tokens, 10).gamma for model in loaded.models]
    return sum(found) / len(found)


def bends(folder: Path) -> Exhibit:
    """Figure 13: what γ does to the eigenvalues, and which γ training finds."""
    spectra = {n: _spectra(n) for n in PRINTED}
    found = {n: _read_gamma(folder, n) for n in PRINTED}
    rows = tuple(_bend_rows(spectra, found))
    return Exhibit(_bend_panels(spectra, found), rows, "the paper's text")


def _extremes(spectrum: Tensor) -> Tensor:
    """The smallest and the largest eigenvalue of all prompts."""
    return torch.stack([spectrum.min(), spectrum.max()])


def _by_formula(spectrum: Tensor, gamma: float) -> float:
    """The condition number by the paper's argument: the most that any eigenvalue between the
    extremes may become, over the least that an extreme becomes."""
    grid = torch.linspace(*_extremes(spectrum).tolist(), 400, dtype=spectrum.dtype)
    return float(condition_numbers(grid, gamma))


def _best(spectrum: Tensor) -> float:
    """The γ with the least condition number by that argument."""
    gammas = torch.linspace(0, 1 / float(spectrum.max()), 200)[:-1].tolist()
    return min(gammas, key=lambda gamma: _by_formula(spectrum, gamma))


def _bend_rows(spectra: Mapping[int, Tensor], found: Mapping[int, float]) -> list[Row]:
    rows = []
    for n, (low, high, gamma) in PRINTED.items():
        least, most = _extremes(spectra[n]).tolist()
        if low is not None:
            rows.append(Row(f"N = {n}: least eigenvalue", least, low))
        rows += [
            Row(f"N = {n}: largest eigenvalue", most, high),
            Row(f"N = {n}: γ found", found[n], gamma),
            at_most(f"N = {n}: factor from the paper's γ", apart([found[n]], [gamma]), 1.1),
            at_most(f"N = {n}: largest eigenvalue × γ", most * found[n], 1.0, most * gamma),
        ]
        if low is not None:
            what = f"N = {n}: γ found ÷ best by extremes"
            rows.append(at_most(what, found[n] / _best(spectra[n]), 1.0))
    plain, here, more, twice = (
        condition_numbers(spectra[25], factor * found[25]) for factor in (0.0, 1.0, 1.2, 2.0)
    )
    what = "N = 25: "
    median = float(here.median() / plain.median())
    beyond, far = (float(k.quantile(0.9) / here.quantile(0.9)) for k in (more, twice))
    rows += [
        at_most(what + "median condition number, with γ ÷ without", median, 0.5),
        at_least(what + "worst tenth, 1.2 γ ÷ γ", beyond, 1.0),
        at_least(what + "worst tenth, 2 γ ÷ γ", far, 2.0),
    ]
    return rows


def _bend_panels(spectra: Mapping[int, Tensor], found: Mapping[int, float]) -> tuple[Panel, ...]:
    grid = torch.linspace(0, 14, 141)
    left = []
    for n, gamma in found.items():
        bent = grid * (1 - gamma * grid) ** 2
        left.append(Curve(f"{n}", "gdpp", grid, bent.where(gamma * grid <= 1, torch.nan)))
    centre = []
    for n in (100, 50, 25):
        last = 0.98 / float(spectra[n].max())
        gammas = torch.linspace(0, last, 60).tolist()
        curve = [_by_formula(spectra[n], gamma) for gamma in gammas]
        centre.append(Curve(f"{n}", "gdpp", gammas, curve))
        mark = [_by_formula(spectra[n], found[n])] * 2
        centre.append(Curve("", "optimum", [found[n]] * 2, [1.0, *mark[1:]]))
    right, edges = [], torch.linspace(1, 40, 40)
    for name, gamma, look in (
        ("γ = 0", 0.0, "gd"),
        ("γ found", found[25], "trained"),
        ("2 γ", 2 * found[25], "other"),
    ):
        kappas = condition_numbers(spectra[25], gamma).float()
        right.append(Curve(name, look, edges[:-1], torch.histogram(kappas, edges).hist))
    return (
        Panel("λ bent, by N", "eigenvalue (λ)", "after one bend", tuple(left), labelled=True),
        Panel("Extremes, by N", "γ", "condition number", tuple(centre), "log", labelled=True),
        Panel("N = 25", "condition number", "prompts", tuple(right), steps=True, labelled=True),
    )

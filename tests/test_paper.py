"""The sixteen figures of the paper: what decides them, and what they are measured with."""

import re
from dataclasses import replace

import pytest
import torch

from icllib import alignment, construct, paper, theory
from icllib.attention import Transformer
from icllib.errors import InputError
from icllib.exhibits import Exhibit, Heat, Panel, at_most
from icllib.experiments import LARGE, NAMED, PAPER
from icllib.paper import FIGURES
from icllib.paper_layers import repeated
from icllib.paper_measures import (
    OtherLaws,
    apart,
    clipped,
    condition_numbers,
    gd_layer,
    losses,
    on_and_on,
    rising,
    step,
)
from icllib.store import MissingResultError


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_all_sixteen_figures_are_there_with_commands_that_exist():
    assert list(FIGURES) == list(range(1, 17))
    for figure in FIGURES.values():
        names = re.findall(r"run (\S+)", figure.commands)
        assert names == [*figure.experiments, *figure.full_size]
        assert set(figure.experiments) <= set(NAMED) and set(figure.full_size) <= set(LARGE)
        assert figure.commands.count("--device cuda") == len(figure.full_size)
    assert {name for figure in FIGURES.values() for name in figure.full_size} == set(LARGE)


def test_an_unknown_figure_and_a_missing_result_are_refused(tmp_path):
    with pytest.raises(InputError, match="number = 17, expected one of 1 to 16"):
        paper.measure(17)
    with pytest.raises(MissingResultError, match="one-layer"):
        paper.measure(1, tmp_path)


@pytest.mark.slow
def test_a_figure_that_is_off_is_called_so(monkeypatch):
    """Trained layers that step twice as far are not the step, and the table says so."""
    right = repeated(paper.FOLDER)
    assert not [row for row in right.missed if row.what.startswith("trained: factor")]
    monkeypatch.setattr("icllib.paper_layers.without_stripes", lambda _: _twice_the_step())
    wrong = repeated(paper.FOLDER)
    assert wrong.verdict != "agrees"
    assert [row.what for row in wrong.missed if row.what.startswith("trained: factor")]


def _twice_the_step():
    return construct.gd_layer(10, 1, 10, 2 * theory.best_step_size(PAPER))


@pytest.mark.parametrize("seed", range(3))
def test_no_bend_leaves_every_condition_number_as_it_is(seed):
    x = torch.randn(20, 30, 5, generator=seeded(seed), dtype=torch.float64)
    spectra = torch.linalg.eigvalsh(x.mT @ x)
    plain = spectra[:, -1] / spectra[:, 0]
    torch.testing.assert_close(condition_numbers(spectra, 0.0), plain)
    bent = x - 0.004 * x @ (x.mT @ x)
    torch.testing.assert_close(
        condition_numbers(spectra, 0.004), torch.linalg.cond(bent.mT @ bent), rtol=1e-8, atol=0
    )


def test_an_eigenvalue_at_one_over_gamma_is_lost():
    assert condition_numbers(torch.tensor([1.0, 2.0]).double(), 0.5) > 1e200


def test_damping_by_one_is_plain_repetition_and_the_first_damped_step_is_a_shorter_one():
    lr = theory.best_step_size(PAPER)
    prompts = PAPER.sample(2000, seeded(5), torch.float64)
    thrice = Transformer([gd_layer(PAPER)], looped=3)
    answers = alignment.predictor(thrice)(prompts).detach()
    loss = (answers - prompts.y_query).square().sum(1).mean() / 2
    assert on_and_on(gd_layer(PAPER), 1.0, times=3)[-1] == pytest.approx(float(loss), rel=1e-12)
    shorter = construct.gd_layer(10, 1, 10, 0.75 * lr)
    assert on_and_on(gd_layer(PAPER), 0.75, 1) == pytest.approx(on_and_on(shorter, 1.0, 1))


def test_what_overflows_counts_as_infinite():
    assert on_and_on(construct.gd_layer(10, 1, 10, 1e60), 1.0, times=9)[-1] == float("inf")


def test_curves_are_apart_by_the_largest_factor_one_way_or_the_other():
    assert apart([1.0, 2.0, 3.0], [1.0, 4.0, 2.0]) == 2.0
    assert apart([4.0], [1.0]) == apart([1.0], [4.0]) == 4.0
    assert apart([float("nan"), 1.0], [1.0, 1.0]) == float("inf")
    assert rising([4.0, 2.0, 3.0]) == 1.5 and rising([1.0, float("inf")]) == float("inf")


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_other_laws_have_the_norm_that_is_asked_for_and_labels_of_their_teacher(scale):
    prompts = OtherLaws(scale).sample(900, seeded(), torch.float64)
    norms = prompts.x.flatten(1).norm(dim=1)
    torch.testing.assert_close(norms, torch.full_like(norms, scale))
    torch.testing.assert_close(prompts.y, prompts.x @ prompts.weights.mT)
    torch.testing.assert_close(
        prompts.y_query, torch.einsum("boi,bi->bo", prompts.weights, prompts.x_query)
    )
    positive = float((prompts.x > 0).flatten(1).all(1).double().mean())
    assert 0.28 < positive < 0.39  # a third are exponential
    assert prompts == OtherLaws(scale).sample(900, seeded(), torch.float64)


def test_tokens_that_stay_small_are_not_changed_by_being_cut_off():
    stack = construct.gd_transformer(10, 1, 10, theory.best_step_size(PAPER), steps=2)
    prompts = PAPER.sample(100, seeded(), torch.float64)
    torch.testing.assert_close(clipped(stack)(prompts), alignment.predictor(stack)(prompts))
    large = replace(PAPER, x_scale=1e4).sample(100, seeded(), torch.float64)
    assert clipped(stack)(large).abs().max() == 10.0


def test_the_step_has_the_loss_of_its_closed_form():
    found = losses({"GD": step(PAPER), "layer": Transformer([gd_layer(PAPER)])}, PAPER, 4000)
    expected = theory.expected_loss(PAPER, theory.best_step_size(PAPER))
    assert found["GD"].mean == pytest.approx(expected, abs=2 * found["GD"].interval)
    assert found["layer"].mean == pytest.approx(found["GD"].mean, rel=1e-10)


def test_an_exhibit_wants_a_text_for_every_panel(capsys):
    panels = (Panel("a", "x", "y", ()), Heat("b", torch.eye(3), 2))
    found = Exhibit(panels, (at_most("far", 2.0, 1.0),))
    with pytest.raises(InputError, match="alts has 1 texts, expected 2"):
        paper.exhibit(found, 1, "Caption.", ["only one"])
    assert "does not" in str(paper.numbers(found, 1))
    assert "0 of 1" in str(paper.overview({1: found}))
    paper.exhibit(found, 1, "Caption.", ["a line", "a matrix"])
    assert "python -m icllib run one-layer" in capsys.readouterr().out

"""What live figures compute, in the terms of the mathematics."""

import math

import pytest
import torch
from live_figures import (
    BLOCKS,
    FIGURES,
    SOLUTION,
    block_builder,
    few_shot,
    inspector,
    memory,
    numbers,
    prompt_writer,
    scrub,
)

from icllib import construct, theory
from icllib.learners import gd_plus_plus
from icllib.tasks import LinearTask
from icllib.tokens import join_tokens
from icllib.widgets import Copying, Descent, Optimum, Scrub, Spectrum


def test_the_solution_s_blocks_are_proposition_one():
    figure = block_builder()
    result = figure.compute(SOLUTION)
    assert result["error"] < 1e-14
    prompts = LinearTask(2, 1, 4).sample(1, torch.Generator().manual_seed(0), dtype=torch.float64)
    layer = construct.gd_layer(2, 1, 4, 0.7, torch.tensor([figure.data["w0"]], dtype=torch.float64))
    ours = figure._layer(SOLUTION | {"P": ["η/N I", "0", "0", "η/N I"]})
    torch.testing.assert_close(ours(join_tokens(prompts)), layer(join_tokens(prompts)))


def test_blocks_of_zeros_leave_the_start_s_prediction():
    figure = block_builder()
    start = sum(w * x for w, x in zip(figure.data["w0"], figure.data["x_query"], strict=True))
    assert figure.compute(figure.state)["prediction"] == pytest.approx(start)


def test_the_least_squares_line_beats_every_line_by_hand():
    figure = FIGURES["line_fit"]()
    best = figure.compute(figure.state | {"by_hand": False})
    for seed in range(20):
        left, right = numbers(seed, 2).tolist()
        by_hand = figure.compute(figure.state | {"by_hand": True, "left": left, "right": right})
        assert by_hand["loss"] == by_hand["my_loss"] >= best["loss"]


def test_the_line_fit_begins_with_a_line_that_is_not_yet_fitted():
    figure = FIGURES["line_fit"]()
    result = figure.compute(figure.state)
    assert result["w"] == result["b"] == 0
    assert result["loss"] > figure.compute(figure.state | {"by_hand": False})["loss"]


def test_the_path_is_the_sum_of_its_two_components():
    figure = Descent(lr=1.7, steps=6, ratio=5)
    result = figure.compute(figure.state)
    angle = torch.tensor(figure.data["angle"], dtype=torch.float64)
    turn = torch.stack(
        [torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])]
    )
    path = torch.tensor(result["path"], dtype=torch.float64) @ turn  # in the bowl's own directions
    left = torch.tensor([result["steep"], result["flat"]], dtype=torch.float64).T
    torch.testing.assert_close(path, path[0] * left, rtol=0, atol=1e-12)


def test_the_path_diverges_exactly_above_two():
    figure = Descent()
    angle, (a, b) = figure.data["angle"], figure.state["start"]
    steep = a * math.cos(angle) + b * math.sin(angle)
    flat = b * math.cos(angle) - a * math.sin(angle)
    assert min(abs(steep), abs(flat)) > 1, "the path has a wall to go down and a valley"
    below, above = (figure.compute(figure.state | {"lr": lr, "steps": 40}) for lr in (1.98, 2.1))
    assert below["losses"][-1] < below["losses"][0] and not below["diverges"]
    assert above["losses"][-1] > above["losses"][0] and above["diverges"]


def test_flipping_all_labels_turns_the_answer_and_not_the_checksum():
    figure = few_shot()
    before, after = (
        figure.compute(figure.state),
        figure.compute(figure.state | {"flipped": [0, 3, 5]}),
    )
    assert (
        after["answer"] == pytest.approx(-before["answer"])
        and after["checksum"] == before["checksum"]
    )


def test_flipping_all_labels_of_a_prompt_turns_every_learner():
    figure = prompt_writer()
    before = figure.compute(figure.state)
    after = figure.compute(figure.state | {"flipped": figure.state["chosen"]})
    for name in ("answer", "ridge", "nearest"):
        assert after[name] == pytest.approx(-before[name]) and after[name] != 0
    assert figure.compute(figure.state | {"chosen": []}) == {
        "votes": [], "answer": 0.0, "ridge": 0.0, "nearest": 0.0
    }  # fmt: skip


def test_every_number_of_the_inspector_is_rebuilt_from_its_parents():
    figure = inspector()
    arrays = figure.compute(figure.state)
    for block in BLOCKS:
        for row, line in enumerate(arrays[block]):
            for column, value in enumerate(line):
                result = figure.compute({"cell": [block, row, column]})
                assert result["value"] == value and result["rebuilt"] == pytest.approx(
                    value, abs=1e-12
                )
                assert bool(result["parents"]) == (block != "tokens")


def test_copying_is_exact_for_large_logits_and_copies_the_mean_if_the_query_is_blind():
    figure = Copying(numbers(0, 4))
    assert figure.compute(figure.state | {"scale": 50.0})["error"] < 1e-12
    blind = figure.compute(figure.state | {"scale": 50.0, "sees_query": False})
    assert blind["copied"][-1] == pytest.approx(sum(figure.data["y"]) / 8)
    turned = figure.compute(figure.state | {"scale": 50.0, "shift": "before"})
    assert turned["copied"][1] == pytest.approx(figure.data["y"][0])


@pytest.mark.parametrize("gamma", [0.0, 0.02])
def test_the_transfer_function_is_what_gd_plus_plus_leaves(gamma):
    prompts = LinearTask(3, 1, 6).sample(5, torch.Generator().manual_seed(0), dtype=torch.float64)
    eigenvalues, vectors = torch.linalg.eigh(prompts.x.mT @ prompts.x / 6)
    figure = Spectrum(eigenvalues, 6, 1.0, {1: [1.0, 1.0, 0.0]})
    left = figure._left(eigenvalues, {"steps": 4, "lr": 0.7, "gamma": gamma})  # (5, 3)
    operator = vectors @ torch.diag_embed(left) @ vectors.mT
    error = torch.einsum("boi,bij,bj->bo", prompts.weights, operator, prompts.x_query)
    by_learner = prompts.y_query - gd_plus_plus(prompts, 0.7, gamma, 4)
    torch.testing.assert_close(error, by_learner, rtol=0, atol=1e-12)


def test_orthogonal_keys_recall_every_letter_and_a_full_memory_does_not():
    figure = memory()
    orthogonal = figure.state | {"keys": "orthogonal"}
    assert max(figure.compute(orthogonal | {"pairs": 8})["errors"]) < 1e-24
    assert max(figure.compute(orthogonal | {"pairs": 9})["errors"]) > 0.5
    assert figure.compute(figure.state | {"pairs": 8})["mean_error"] > 0.1


def test_the_delta_rule_recalls_the_last_letter_exactly():
    result = memory().compute({"pairs": 12, "keys": "random", "rule": "delta", "asked": 0})
    assert result["errors"][-1] < 1e-24 < result["errors"][0]


def test_without_noise_two_examples_tell_ridge_and_least_squares_the_truth():
    figure = FIGURES["shots"]()
    result = figure.compute({"draw": 1, "shots": 2, "noise": 0.0, "query": 2.0})
    assert result["answers"][4] == pytest.approx(result["truth"]) and result["answers"][
        5
    ] == pytest.approx(result["truth"])
    noisy = figure.compute({"draw": 1, "shots": 2, "noise": 1.0, "query": 2.0})
    assert abs(noisy["slopes"][2]) < abs(noisy["slopes"][3])  # ridge shrinks


def test_the_construction_is_all_identity_and_corner_and_its_rate_is_read_off():
    layer = construct.gd_layer(2, 1, 6, 3.0)
    weights = {
        name: parameter.detach().expand(1, 1, -1, -1, -1)
        for name, parameter in layer.named_parameters()
    }
    one = torch.ones(1, 1)
    found = Scrub([0], [0], weights, {"loss": one, "cosine": one}, 2, 6, 3.0)
    result = found.compute(found.state)
    assert result["lr"] == pytest.approx(3) and result["identity"] == result[
        "corner"
    ] == pytest.approx(1)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_the_optimum_of_a_spectrum_is_that_of_theory_and_nothing_beats_it(noise):
    figure = Optimum((0.25, 1.0, 4.0), 20)
    result = figure.compute(figure.state | {"noise": noise})
    covariance = torch.diag(torch.tensor([0.25, 1.0, 4.0], dtype=torch.float64))
    task = LinearTask(3, n_context=20, covariance=covariance, noise_std=noise)
    best = theory.best_preconditioner(task)
    assert result["best"] == pytest.approx(best.diagonal().tolist())
    assert result["best_loss"] == pytest.approx(theory.preconditioned_loss(task, best))
    assert result["scalar_loss"] == pytest.approx(
        theory.expected_loss(task, theory.best_step_size(task))
    )
    white = theory.preconditioned_loss(task, torch.linalg.inv(covariance))
    assert result["white_loss"] == pytest.approx(white)
    for name in ("scalar", "white"):
        assert all(
            b <= o + 1e-12 for b, o in zip(result["best_by_n"], result[f"{name}_by_n"], strict=True)
        )


def test_a_looped_layer_that_runs_gd_plus_plus_has_its_transfer_function():
    figure = FIGURES["loops"]()
    result = figure.compute({"at": 0})
    grid = torch.linspace(0, 1, 61, dtype=torch.float64) * 0.4
    assert result["trained"] == pytest.approx(((1 - 1.0 * grid) ** 2).tolist())
    assert result["gd"] == pytest.approx(((1 - 5.0 * grid) ** 2).tolist())
    assert result["loss"] == 0.4


def test_single_precision_is_measured_on_the_points_of_double_and_is_not_better():
    figure = FIGURES["kernels"]()
    for log, single in figure.data["single"]:
        double = figure.compute(figure.state | {"log_epsilon": log, "lr": 1.0})["error"]
        assert single > (0.9 if log > -3 else 100) * double, (
            log
        )  # equal but for rounding, until rounding is all


def test_products_have_the_scale_of_merged_layers_at_the_end_of_training():
    figure = scrub()
    for run in figure.data["runs"]:
        assert sum(run["A"][-1][i][i] for i in range(2)) / 2 == pytest.approx(1, abs=1e-3)
        for name, largest in zip("AB", run["largest"], strict=True):
            assert (
                max(abs(v) for matrix in run[name] for row in matrix for v in row) <= largest + 1e-4
            )

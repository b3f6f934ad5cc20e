"""The live figures: the same arithmetic in Python and in the module, and a page that is alive
without a kernel."""

import json
import math
from pathlib import Path

import pytest
import torch

import icllib
from icllib import construct, theory
from icllib.attention import SoftmaxSelfAttention
from icllib.errors import InputError, ShapeError
from icllib.learners import gd_plus_plus
from icllib.ledger import Figure, Verdict
from icllib.tasks import LinearTask
from icllib.tokens import join_tokens
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


@pytest.mark.browser
@pytest.mark.parametrize("name", FIGURES)
def test_python_and_the_module_compute_the_same(name, browser):
    figure = FIGURES[name]()
    page = browser.new_page()
    module = figure._esm.replace("export default", "return", 1)
    for state in states(name, figure):
        made = f"const figure = (() => {{ {module} }})();"
        script = f"([data, state]) => {{ {made} return figure.compute(data, state); }}"
        theirs = page.evaluate(script, [figure.data, state])
        ours = figure.compute(state)
        assert set(ours) == set(theirs)
        assert all(close(ours[key], theirs[key]) for key in ours), state
    page.close()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_an_answer_to_what_its_caption_asks(name):
    figure = FIGURES[name]()
    assert "?" in figure.caption or name == "block_builder"
    assert len(figure.answers()) >= 2 and all(
        answer.strip().endswith(".") for answer in figure.answers()
    )
    page = figure.page()
    assert '<details class="icl-answers">' in page and page.count("<li>") >= len(figure.answers())
    assert figure.words == {"caption": figure.caption, "answers": figure.answers()}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_carries_its_picture_and_its_values_on_the_page(name):
    figure = FIGURES[name]()
    page = figure._repr_mimebundle_()[0]["text/html"]
    assert page.count("</script>") == 2 and 'role="img"' in page and "<figcaption>" in page
    values = page.split('class="icl-values">')[1].split("</script>")[0]
    assert json.loads(values) == {"data": figure.data, "state": figure.state}
    assert "http://" not in page.replace("http://www.w3.org/", "") and "https://" not in page


@pytest.mark.parametrize("name", FIGURES)
def test_in_a_live_notebook_a_figure_is_a_widget(name):
    assert "application/vnd.jupyter.widget-view+json" in FIGURES[name]()._repr_mimebundle_()[0]


def test_the_ledger_leaves_what_passes_every_filter_and_counts_it():
    figure = ledger()

    def shown(**state):
        return figure.compute(figure.state | state)["shown"]

    assert shown() == ["C01", "C02", "C03"]
    assert figure.compute(figure.state)["counts"] == [1, 1, 1]
    assert shown(verdict="holds in part") == shown(chapter="3") == shown(source="paper") == ["C02"]
    assert shown(chapter="1") == []  # and not "10"
    assert shown(words="COSINE plateau") == ["C02", "C03"]
    assert shown(words="cosine", source="interview") == ["C02"]


def test_the_ledger_without_scripts_is_a_whole_table_with_links_to_the_chapters_that_there_are():
    figure = ledger()
    table = figure.picture().split("<table")[1]
    assert table.count("<tr>") == 1 + 3 and table.count("<a href") == 3
    assert '<a href="../intro.html">the introduction</a>' in table and ">chapter 10</a>" in table
    for claim in figure.data["claims"]:
        for text in (claim["command"], claim["sure"], *(f["text"] for f in claim["figures"])):
            assert text in table
    assert "&lt;says&gt;" in table


def test_the_ledger_answers_from_its_verdicts():
    first, second, third = ledger().answers()
    assert first.startswith("C02 (c: −0.5 cosine (≥ 0.9)), C03 (")
    assert second.startswith("For 1 of 2: C01.") and third == (
        "The introduction and chapter 3 and chapter 10 and chapter 99."
    )


def test_in_the_book_every_chapter_that_has_a_page_is_linked():
    figure = Ledger([verdict("C01", "P", "introduction, 3, 99", Figure("a", 1.0, "≤", 2.0))])
    intro, third, none = figure.data["claims"][0]["pages"]
    assert (intro, third, none) == ("../intro.html", "03_in_context_learning.html", "")


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


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: LineFit([1.0, 2.0], [1.0]), ShapeError, "y has shape (1,)"),
        (lambda: LineFit([], []), ShapeError, "x is empty"),
        (lambda: LineFit([math.nan], [1.0]), InputError, "x holds 1 values"),
        (lambda: Descent(lr=3.0), InputError, "lr = 3.0"),
        (lambda: Descent(ratio=3), InputError, "ratio = 3, expected one of 1, 2"),
        (lambda: Descent(steps=-1), InputError, "steps = -1"),
        (
            lambda: BlockBuilder(
                numbers(0, 4, 2), numbers(0, 3), numbers(0, 2), numbers(0, 1, 2), 1.0
            ),
            ShapeError,
            "y has shape (3,)",
        ),
        (
            lambda: BlockBuilder(
                numbers(0, 4, 2), numbers(0, 4), numbers(0, 2), numbers(0, 2, 2), 1.0
            ),
            ShapeError,
            "w0 has shape (2, 2)",
        ),
        (
            lambda: FewShot(
                ["a"],
                torch.ones(1),
                torch.ones(1, 2),
                construct.gd_layer(3, 1, 1, 1.0),
                [0],
                [0],
                [0],
            ),
            ShapeError,
            "dim_token = 4",
        ),
        (
            lambda: FewShot(
                ["a"],
                torch.ones(1),
                torch.ones(1, 2),
                construct.gd_layer(2, 1, 1, 1.0),
                [0],
                [7],
                [0],
            ),
            InputError,
            "queries = [7]",
        ),
        (
            lambda: FewShot(
                ["a"],
                torch.ones(1),
                torch.ones(1, 2),
                construct.gd_layer(2, 1, 1, 1.0),
                [0],
                [0],
                [0],
            ),
            InputError,
            "share a sentence",
        ),
        (lambda: prompt_writer(x=numbers(0, 7, 4)), ShapeError, "x has shape (7, 4)"),
        (lambda: prompt_writer(query=0), InputError, "query = 0"),
        (lambda: prompt_writer(chosen=[8]), InputError, "chosen = [8]"),
        (lambda: prompt_writer(domains=["film"]), InputError, "domains has 1 names"),
        (lambda: prompt_writer(strength=0.0), InputError, "strength = 0.0"),
        (
            lambda: Shots(numbers(0, 2, 5), numbers(0, 2, 4), numbers(0, 2)),
            ShapeError,
            "z has shape (2, 4)",
        ),
        (
            lambda: Shots(numbers(0, 2, 5), numbers(0, 2, 5), numbers(0, 2), noise_std=3.0),
            InputError,
            "noise_std = 3.0",
        ),
        (lambda: inspector(n_heads=2), ShapeError, "layer has 2 heads"),
        (
            lambda: Spectrum(numbers(0, 0, 4), 10, 0.1, {1: [1.0, 1.0, 0.0]}),
            ShapeError,
            "eigenvalues has shape (0, 4)",
        ),
        (
            lambda: Spectrum(numbers(0, 2, 4), 10, 0.1, {1: [1.0]}),
            InputError,
            "tuned[1] has 1 numbers",
        ),
        (lambda: Kernels(numbers(0, 4), numbers(0, 3)), ShapeError, "y has shape (3,)"),
        (lambda: Kernels(numbers(0, 0), numbers(0, 0)), ShapeError, "x is empty"),
        (lambda: Copying(numbers(0, 4, 1)), ShapeError, "y has shape (4, 1)"),
        (lambda: Copying(numbers(0, 4), shift="up"), InputError, "shift = 'up'"),
        (lambda: Memory(numbers(0, 12, 8)), InputError, "expected 1"),
        (lambda: Memory(numbers(0, 3, 8)), ShapeError, "keys has shape (3, 8)"),
        (lambda: memory(pairs=13), InputError, "pairs = 13"),
        (lambda: Ledger([]), InputError, "verdicts is empty"),
        (lambda: memory(rule="product"), InputError, "rule = 'product'"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)


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


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Scrub([0], [0], {}, {}, 2, 6, 3.0), "expected W_K"),
        (lambda: Optimum((1.0, -1.0)), r"spectrum\[1\] = -1.0"),
        (lambda: Loops([0], [], [], [], (1.0, 1.0), (1.0, 1.0, 1.0), 10, 1.0), "differ in length"),
        (
            lambda: Loops([0], [1.0], [1.0], [0.0], (1.0, 1.0), (1.0, 1.0, 1.0), 10, 1.0),
            "not above 0",
        ),
    ],
)
def test_figures_of_trained_models_refuse_what_they_cannot_show(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_modules_of_figures_are_short_and_their_lines_fit():
    for path in (Path(icllib.__file__).parent / "widgets").glob("*.[jc]s*"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert max(map(len, lines)) <= 100, path.name
        assert len(lines) <= (
            300 if path.name in ("shared.js", "drawing.js", "live.css") else 150
        ), path.name

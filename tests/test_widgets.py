"""The live figures: the same arithmetic in Python and in the module, and a page that is alive
without a kernel."""

import json
import math
from functools import cache
from pathlib import Path

import pytest
import torch
from live_figures import (
    FIGURES,
    close,
    inspector,
    ledger,
    memory,
    numbers,
    prompt_writer,
    states,
    verdict,
)

import icllib
from icllib import construct
from icllib.errors import InputError, ShapeError
from icllib.ledger import Figure
from icllib.widgets import (
    BlockBuilder,
    Copying,
    Descent,
    FewShot,
    Kernels,
    Ledger,
    LineFit,
    LiveFigure,
    Loops,
    Memory,
    Optimum,
    Scrub,
    Shots,
    Spectrum,
)


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


@cache
def displayed(name: str) -> tuple[LiveFigure, dict]:
    """A figure, and what a notebook is given to show it in each of its ways."""
    figure = FIGURES[name]()
    return figure, figure._repr_mimebundle_()[0]


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_an_answer_to_what_its_caption_asks(name):
    figure, shown = displayed(name)
    assert "?" in figure.caption or name == "block_builder"
    assert len(figure.answers()) >= 2 and all(
        answer.strip().endswith(".") for answer in figure.answers()
    )
    page = shown["text/html"]
    assert '<details class="icl-answers">' in page and page.count("<li>") >= len(figure.answers())
    assert figure.words == {"caption": figure.caption, "answers": figure.answers()}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_carries_its_picture_and_its_values_on_the_page(name):
    figure, shown = displayed(name)
    page = shown["text/html"]
    assert page.count("</script>") == 2 and 'role="img"' in page and "<figcaption>" in page
    values = page.split('class="icl-values">')[1].split("</script>")[0]
    assert json.loads(values) == {"data": figure.data, "state": figure.state}
    assert "http://" not in page.replace("http://www.w3.org/", "") and "https://" not in page


@pytest.mark.parametrize("name", FIGURES)
def test_in_a_live_notebook_a_figure_is_a_widget(name):
    assert "application/vnd.jupyter.widget-view+json" in displayed(name)[1]


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

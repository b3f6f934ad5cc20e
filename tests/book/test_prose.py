"""What the prose says about a page's numbers, read from the numbers that the page printed."""

import math
import re

import pytest
from bs4 import BeautifulSoup
from listing import ROOT
from reading import Page

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def printed(site):
    def of(name: str) -> str:
        soup = BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        return "\n".join(output.get_text() for output in soup.select(".cell_output pre"))

    return of


@pytest.fixture(scope="module")
def shown(site):
    return lambda name: Page(site / f"{name}.html")


def numbers(pattern: str, text: str) -> list[float]:
    """All numbers that the one group of a pattern finds, in order; at least one."""
    found = [float(match) for match in re.findall(pattern, text)]
    assert found, f"the page does not print {pattern!r}"
    return found


def test_the_weights_stay_while_the_answers_improve(printed, shown):
    text = printed("intro")
    before, after = re.search(r"before: (\w{8}), after: (\w{8})", text).groups()
    assert before == after
    assert re.search(r"so (\w+)\nthe label that we hid: \1\n", text)
    accuracy = shown("intro").column("Reviews labelled right", "16 directions (%)")
    every = shown("intro").column("Reviews labelled right", "all 384 (%)")
    assert all(abs(one - other) < 3 for one, other in zip(accuracy, every, strict=True))
    assert (
        accuracy == sorted(accuracy) and accuracy[0] > 60 and accuracy[-1] < 95
    )  # it learns, and is far from perfect


def test_chapter_1(printed, shown):
    text = printed("chapters/01_linear_regression")
    assert "the nearest guess was 500 g" in text
    by_equations, by_lstsq = numbers(r"relative error in single precision: (\S+)", text)
    assert by_lstsq < by_equations / 10
    condition, squared = numbers(r"of X: (\d+)", text)[0], numbers(r"of XᵀX: (\S+)", text)[0]
    assert squared == pytest.approx(condition**2, rel=0.02)
    explained = numbers(r"explains ([\d.]+) %", text)
    flipper, *bill, _, everything = explained
    assert 0 <= everything - flipper < 1 and min(bill) > 20  # beside the flipper it adds little
    rows = shown("chapters/01_linear_regression").table("Squared error of the weights")
    assert rows["80"]["squared error"] / rows["320"]["squared error"] == pytest.approx(4, abs=0.5)
    for row in rows.values():
        assert row["squared error"] == pytest.approx(row["formula"], rel=0.06)
    plain, ridge = numbers(r"loss on a new input ([\d.]+)", text)
    assert ridge < plain


def test_chapter_2(printed, shown):
    text = printed("chapters/02_gradient_descent")
    limit = numbers(r"λ_max = ([\d.]+)", text)[0]
    for lr, row in shown("chapters/02_gradient_descent").table("Loss above the minimum").items():
        assert (row["after 40 steps"] > row["at the start"]) == (float(lr) > limit)
    narrow, wide = numbers(r"x ~ U.*best step size ([\d.]+)", text)
    assert narrow / wide == pytest.approx(4, rel=1e-3)
    expected, measured = (
        numbers(r"expected loss ([\d.]+)", text)[0],
        re.search(r"there: ([\d.]+) ± ([\d.]+)", text),
    )
    assert abs(float(measured[1]) - expected) <= 2 * float(measured[2])
    votes, step = re.search(r"votes (\S+), gradient step (\S+),", text).groups()
    assert votes == step
    plain, heavy = re.search(r"plain: (\S+) from.*\nheavy ball: (\S+) from", text).groups()
    assert float(heavy) < float(plain) / 100


def test_chapter_6(printed, shown):
    text, page = (
        printed("chapters/06_one_layer_is_one_step"),
        shown("chapters/06_one_layer_is_one_step"),
    )
    by_hand = re.search(
        r"\[ 1.0000,  0.6500\],\s+\[ 2.0000,  2.3000\],\s+\[ 3.0000, -1.0500\]", text
    )
    assert by_hand and "layer predicts 1.05." in text and "descent predicts 1.05." in text
    assert "ΔW = −η ∇L(W_0): True" in text and "layer = step, for all tokens: True" in text
    assert numbers(r"they differ by (\S+) at most\n", text)[0] <= 1e-12
    single, double = page.column("Our layer against theirs", "largest difference")
    assert double <= 1e-10 and 1e-10 < single < 1e-6
    assert "examples by the query: largest derivative 0.0" in text
    assert numbers(r"the query by the examples: largest derivative (\S+)", text)[0] > 0
    assert numbers(r"A weight has changed by (\S+)\.\n", text)[0] > 1
    assert numbers(r"changed by more than (\S+)\.\n", text)[0] < 1e-12
    assert numbers(r"Layer and step differ by (\S+) g", text)[0] < 1e-9
    one_step, best, mean = page.column("Error on", "error (rms, g)")
    assert best < one_step < mean


def test_chapter_3(printed, shown):
    text = printed("chapters/03_in_context_learning")
    noisy = shown("chapters/03_in_context_learning").table("Loss with noise")
    plain, steps, ridge = (
        {n: noisy[str(n)][name] for n in (5, 10, 20, 40)}
        for name in ("least squares", "GD, 5 steps", "matched ridge")
    )
    assert all(ridge[n] < min(plain[n], steps[n]) for n in ridge)
    assert all(steps[n] < 1.25 * ridge[n] for n in ridge)
    assert plain[5] < plain[10] > plain[20] and steps[10] < plain[10] and plain[20] < steps[20]
    rows = shown("chapters/03_in_context_learning").table("Loss of least squares").values()
    assert all(row["measured"] == pytest.approx(row["formula"], rel=0.1) for row in rows)
    found, bayes = re.search(r"by tuning (\d\.\d+); .* = (\d\.\d+)", text).groups()
    assert float(found) == pytest.approx(float(bayes), rel=0.1)
    rows = shown("chapters/03_in_context_learning").table("Loss at 40 examples")
    birds = {name: row["loss"] for name, row in rows.items()}
    assert birds["matched ridge"] == min(birds.values()) and birds["mean"] == max(birds.values())
    assert max(numbers(r"after shuffling (\S+)", text)) < 1e-12


def test_chapter_4(printed, shown):
    text, page = printed("chapters/04_self_attention"), shown("chapters/04_self_attention")
    double, single = page.column("Our layer against both", "largest difference")
    assert double <= 1e-12 and single <= 1e-6
    assert page.column("What a token receives", "received")[::2] == [3, 6]
    assert "updated by [0. 5.]" in text and "five lines agree: True" in text
    received = page.column("What each of the four tokens", "update of its label")
    assert (
        received[0] == 27 / 4 and received[1] == received[3] == 5
    )  # token 2 asks as the query does
    assert "changed the output: False" in text
    shape = dict(re.findall(r"^(\w+) +\((1, .*)\)$", text, re.M))
    sizes = {name: [int(n) for n in found.split(", ")] for name, found in shape.items()}
    part = {name: math.prod(sizes[name]) for name in ("tokens", "keys", "values")}
    part |= {name: sizes[name][-1] for name in ("queries", "scores", "weights", "mixed")}
    assert sum(part.values()) + 1 == 35 and part["tokens"] == 12  # the update is the last
    assert numbers(r"attend first: (\S+) apart", text)[0] < 1e-12
    moved = page.column("Token 5 is disturbed", "its update moves by")
    assert moved[:4] == [0.0] * 4 and min(moved[4:]) > 0
    spans = page.table("What the updates of n heads").items()
    assert [row["dimensions, of 8"] for _, row in spans] == [
        min(8, 2 * int(heads)) for heads, _ in spans
    ]


def test_the_attention_layer_of_chapter_4_is_as_short_as_it_says():
    code = (ROOT / "chapters" / "04_self_attention.md").read_text(encoding="utf-8")
    layer = code.split("class Attention(")[1].split("```")[0].strip()
    assert len(layer.splitlines()) <= 25


def test_chapter_5(printed, shown):
    text, page = printed("chapters/05_linear_attention"), shown("chapters/05_linear_attention")
    forms = numbers(r"differ by (\S+) at most", text) + page.column(
        "The simplified network of 1991", "largest difference"
    )
    assert len(forms) == 4 and max(forms) < 1e-12
    cost = page.table("What 4,096 tokens cost")
    for name, row in cost.items():
        assert (row["memory: power of T"] > 1.8) == (name in ("softmax", "linear, by scores"))
    times = {name: row["time: power of T"] for name, row in cost.items()}
    assert times["softmax"] > times["linear, by memory"]
    for row in page.table("Squared error of recall").values():
        assert row["measured"] == pytest.approx(row["(n − 1)/d"], rel=0.08)
    assert numbers(r"orthogonal keys the error is (\S+) at most", text)[0] < 1e-20
    assert max(page.column("The delta rule against", "largest difference")) < 1e-14


def test_chapter_7(site):
    page = Page(site / "chapters" / "07_many_layers.html")
    assert max(numbers(r"K = +\d+: largest difference (\S+)", page.text)) <= 1e-12
    assert "(I − γS) S (I − γS): True" in page.text and "GD++'s inputs grow" in page.text
    one, five, twenty = page.table("GD with η = 6").values()
    assert twenty["mean loss"] > one["mean loss"] > five["mean loss"]
    for name in ("without the worst 1 %", "median loss"):
        assert twenty[name] < five[name] < one[name]
    before, after = (
        page.number(p) for p in (r"on average: ([\d.]+) before", r"before, ([\d.]+) after")
    )
    assert after < before / 2
    near, far = page.table("GD++ from two starts").values()
    assert 1.5 < far["the start misses by"] / near["the start misses by"] < 3
    assert far["twelve layers miss by"] > 10 * near["twelve layers miss by"]
    degrees = re.findall(r"degree (\d+), \(3\^K − 1\)/2 = (\d+)", page.text)
    assert len(degrees) == 4 and all(a == b for a, b in degrees)
    by = page.table("Loss without the worst prompt in a hundred")
    for depth in ("K = 2", "K = 3", "K = 4", "K = 5"):
        loss = {name: row[depth] for name, row in by.items()}
        assert loss["GD++, a pair a layer"] < loss["GD++"] < loss["CG"]
        assert (
            loss["CG"]
            < min(loss["momentum"], loss["Chebyshev"], loss["GD, a rate a step"])
            < loss["GD"]
        )
    ends = page.table("What a mean hides")
    assert ends["GD++"]["median"] < ends["CG"]["median"] < ends["GD"]["median"]
    assert ends["CG"]["worst of 200,000"] == min(row["worst of 200,000"] for row in ends.values())
    assert ends["GD++, a pair a layer"]["mean"] > 1e6 * ends["GD"]["mean"]
    assert sum(row["worst of 200,000"] > 100 for row in ends.values()) == 2


def test_chapter_8(printed, shown):
    text, page = printed("chapters/08_copying"), shown("chapters/08_copying")
    assert (
        "[(x1, y1), (x2, y2), (x3, y3), (x_q, 0)]" in text
        and "equal to joined tokens: True" in text
    )
    assert max(page.column("A copying layer and then", "largest difference")) <= 1e-12
    assert numbers(r"to that sentence: (\S+)", text)[0] <= 1e-12
    assert numbers(r"mean of all values: (\S+) apart", text)[0] <= 1e-12
    copied = page.column("Largest error of a copied label", "largest error")
    assert copied == sorted(copied, reverse=True) and copied[-1] < 1e-11
    for row in page.table("The sequence A 3").values():
        assert row["followed by"] == row["asked again, the answer"]


def test_chapter_9(site):
    page = Page(site / "chapters" / "09_softmax_norms_mlps.html")
    rows = page.table("The same four matrices")
    assert rows["linear"]["part that stays (rms)"] == 0
    assert rows["softmax"]["part that stays (rms)"] > 5 * rows["softmax"]["part that turns (rms)"]
    assert "up to ε²: True" in page.text and "step on features: True" in page.text
    to_centred, to_plain = (
        page.column("Distance (rms) of the pair", f"to {name} GD") for name in ("centred", "plain")
    )
    assert to_centred == sorted(to_centred, reverse=True) and to_centred[-1] < 1e-5 < to_plain[-1]
    sink = page.table("Distance (rms) to the step")["with sink, to plain GD"]
    assert sink["double"] < 1e-4 and sink["single"] < 1e-3 and sink["largest entry of P"] > 65504
    slopes = numbers(r"between ε = 0.01 and 0.1 is ([\d.]+)", page.text)
    assert len(slopes) == 2 and all(abs(slope - 2) <= 0.05 for slope in slopes)
    factors = {
        name: row["labels × 3: answer ×"] for name, row in page.table("What a norm does").items()
    }
    assert factors["none"] == 3 and factors["LayerNorm"] < 1 and factors["RMSNorm"] < 1
    trained = {
        name: row["loss ÷ tuned GD's"] for name, row in page.table("Trained by the authors").items()
    }
    assert trained["linear"] < 1.01 and 1.2 < trained["linear, behind LayerNorm"] < 1.3
    assert trained["two softmax heads"] < 1.1 < 1.3 < trained["one softmax head"]
    assert numbers(r"largest difference: (\S+)", page.text)[0] <= 1e-12

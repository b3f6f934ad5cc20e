"""What the prose says about a page's numbers, read from the numbers that the page printed."""

import itertools
import re

import pytest
from bs4 import BeautifulSoup
from listing import ROOT

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def printed(site):
    def of(name: str) -> str:
        soup = BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        return "\n".join(output.get_text() for output in soup.select(".cell_output pre"))

    return of


def numbers(pattern: str, text: str) -> list[float]:
    """All numbers that the one group of a pattern finds, in order; at least one."""
    found = [float(match) for match in re.findall(pattern, text)]
    assert found, f"the page does not print {pattern!r}"
    return found


def test_the_weights_stay_while_the_answers_improve(printed):
    text = printed("intro")
    before, after = re.search(r"before: (\w{8}), after: (\w{8})", text).groups()
    assert before == after
    assert re.search(r"so (\w+)\nthe label that we hid: \1\n", text)
    accuracy = numbers(r"examples: ([\d.]+) % right with 16", text)
    assert accuracy == sorted(accuracy) and accuracy[0] > 60 and accuracy[-1] < 95  # it learns, and is far from perfect


def test_chapter_1(printed):
    text = printed("chapters/01_linear_regression")
    assert "the nearest guess was 500 g" in text
    by_equations, by_lstsq = numbers(r"relative error in single precision: (\S+)", text)
    assert by_lstsq < by_equations / 10
    condition, squared = numbers(r"of X: (\d+)", text)[0], numbers(r"of XᵀX: (\S+)", text)[0]
    assert squared == pytest.approx(condition**2, rel=0.02)
    explained = numbers(r"explains ([\d.]+) %", text)
    assert 0 <= explained[-1] - explained[0] < 1  # the bill adds little
    errors = dict(re.findall(r"N = +(\d+): squared error ([\d.]+)", text))
    assert float(errors["80"]) / float(errors["320"]) == pytest.approx(4, abs=0.5)
    for error, half, formula in re.findall(r"error ([\d.]+) ± ([\d.]+), formula ([\d.]+)", text):
        assert abs(float(error) - float(formula)) <= 2 * float(half) + 1e-4
    plain, ridge = numbers(r"loss on a new input ([\d.]+)", text)
    assert ridge < plain


def test_chapter_2(printed):
    text = printed("chapters/02_gradient_descent")
    limit = numbers(r"λ_max = ([\d.]+)", text)[0]
    for lr, start, end in re.findall(r"η = (\S+) +loss above .* start ([\d.]+), .* after 40 steps (\S+)", text):
        assert (float(end) > float(start)) == (float(lr) > limit)
    narrow, wide = numbers(r"x ~ U.*best step size ([\d.]+)", text)
    assert narrow / wide == pytest.approx(4, rel=1e-3)
    expected, measured = numbers(r"expected loss ([\d.]+)", text)[0], re.search(r"there: ([\d.]+) ± ([\d.]+)", text)
    assert abs(float(measured[1]) - expected) <= 2 * float(measured[2])
    votes, step = re.search(r"votes (\S+), gradient step (\S+),", text).groups()
    assert votes == step
    plain, heavy = re.search(r"plain (\S+), heavy ball (\S+)", text).groups()
    assert float(heavy) < float(plain) / 100


def test_chapter_6(printed):
    text = printed("chapters/06_one_layer_is_one_step")
    by_hand = re.search(r"\[ 1.0000,  0.6500\],\s+\[ 2.0000,  2.3000\],\s+\[ 3.0000, -1.0500\]", text)
    assert by_hand and "prediction: 1.05, and the step of gradient descent: 1.05" in text
    assert "ΔW = −η ∇L(W_0): True" in text and "layer = step, for all tokens: True" in text
    assert numbers(r"largest difference (\S+)\n", text)[0] <= 1e-12
    assert numbers(r"largest difference over all tokens of \d+ prompts: (\S+)", text)[0] <= 1e-10
    assert "examples by the query: largest derivative 0.0" in text
    assert numbers(r"the query by the examples: largest derivative (\S+)", text)[0] > 0
    assert numbers(r"their code, single precision: (\S+)", text)[0] < 1e-6
    moved, output = re.search(r"change of a weight: (\S+); of an output: (\S+)", text).groups()
    assert float(moved) > 1 and float(output) < 1e-12
    assert numbers(r"between layer and step: (\S+) g", text)[0] < 1e-9
    one_step, best, mean = (
        float(g) for g in re.search(r"one step (\d+) g, least squares (\d+) g, .* (\d+) g", text).groups()
    )
    assert best < one_step < mean


def test_chapter_3(printed):
    text = printed("chapters/03_in_context_learning")
    noisy = {int(n): line for n, line in re.findall(r"N = +(\d+): (least squares .*)", text)}
    plain, steps, ridge = (
        {n: numbers(rf"{name} ([\d.]+) ±", noisy[n])[0] for n in (5, 10, 20, 40)}
        for name in ("least squares", "5 steps", "matched ridge")
    )
    assert all(ridge[n] < min(plain[n], steps[n]) for n in ridge)
    assert plain[5] < plain[10] > plain[20] and steps[10] < plain[10] and plain[20] < steps[20]
    for formula, measured, half in re.findall(r"formula ([\d.]+), measured ([\d.]+) ± ([\d.]+)", text):
        assert abs(float(formula) - float(measured)) <= 2 * float(half)
    found, bayes = re.search(r"by tuning (\d\.\d+); .* = (\d\.\d+)", text).groups()
    assert float(found) == pytest.approx(float(bayes), rel=0.1)
    birds = dict(
        re.findall(
            r"(mean|nearest|least squares|1 step|5 steps|matched ridge) (\d\.\d+)",
            text.split("at 40 examples")[1].split("largest")[0],
        )
    )
    assert float(birds["matched ridge"]) == min(map(float, birds.values())) and float(birds["mean"]) == max(
        map(float, birds.values())
    )
    assert max(numbers(r"after shuffling (\S+)", text)) < 1e-12


def test_chapter_4(printed):
    text = printed("chapters/04_self_attention")
    double, single = re.search(r"float64': '(\S+)', 'torch.float32': '(\S+)'", text).groups()
    assert float(double) <= 1e-12 and float(single) <= 1e-6
    assert "received 3.00" in text and "received 6.00" in text and "output changed by tracing: False" in text
    assert numbers(r"attend then shuffle: largest difference (\S+)", text)[0] < 1e-12
    moved = [float(v) for v in re.search(r"update moves: \[(.*)\]", text)[1].split(", ")]
    assert moved[:4] == [0.0] * 4 and min(moved[4:]) > 0
    for heads, width, rank in re.findall(r"(\d) heads of width (\d): .* span (\d) of 8", text):
        assert int(rank) == min(8, int(heads) * int(width))


def test_the_attention_layer_of_chapter_4_is_as_short_as_it_says():
    code = (ROOT / "chapters" / "04_self_attention.md").read_text(encoding="utf-8")
    layer = code.split("class Attention(")[1].split("```")[0].strip()
    assert len(layer.splitlines()) <= 25


def test_chapter_5(printed):
    text = printed("chapters/05_linear_attention")
    forms = numbers(
        r"(?:largest difference: |differ by |1991 and the sum: |1991 and the recurrence: )([\d.e+-]+)", text
    )
    assert len(forms) == 4 and max(forms) < 1e-12
    growth = re.findall(r"(softmax|linear, by \w+) +time grows as T\^([\d.]+), memory as T\^([\d.]+)", text)
    assert len(growth) == 4
    for name, _, memory in growth:
        assert (float(memory) > 1.8) == (name in ("softmax", "linear, by scores"))
    time = {name: float(power) for name, power, _ in growth}
    assert time["softmax"] > time["linear, by memory"]
    for measured, theory in re.findall(r"measured ([\d.]+), theory .* = ([\d.]+)", text):
        assert float(measured) == pytest.approx(float(theory), rel=0.08)
    assert numbers(r"orthogonal keys, n = 32: (\S+)", text)[0] < 1e-20
    assert max(numbers(r"autograd's step: (\S+);", text) + numbers(r"on one example: (\S+)", text)) < 1e-15


def test_chapter_7(printed):
    text = printed("chapters/07_many_layers")
    assert max(numbers(r"K = +\d+: largest difference (\S+)", text)) <= 1e-12
    assert "(I − γS) S (I − γS): True" in text and "GD++'s inputs grow" in text
    losses = {
        int(k): (float(mean), float(median))
        for k, mean, median in re.findall(r"K = +(\d+): mean loss (\S+), median loss (\S+)", text)
    }
    assert losses[20][0] > losses[1][0] > losses[5][0] and losses[20][1] < losses[5][1] < losses[1][1]
    gd, cg, bent = numbers(
        r"(?:GD|gradients|GD\+\+) (0\.\d+)(?=[,\n]|$)", text.split("medians at K = 5: ")[1].split("solved")[0]
    )
    assert bent < cg < gd
    before, after = re.search(r"on average: ([\d.]+) before, ([\d.]+) after", text).groups()
    assert float(after) < float(before) / 2
    assert all(a == b for a, b in re.findall(r"degree (\d+), \(3\^K − 1\)/2 = (\d+)", text))
    for line in re.findall(r"^K = [235]: (GD .*)", text, re.M):
        loss = {name: float(value) for name, value in re.findall(r"([^\d±]+?) ([\d.]+) ±", line.replace(", ", ""))}
        loss = {re.sub(r"^[\d.]+", "", name).strip(): value for name, value in loss.items()}
        assert loss["GD++"] < loss["conjugate gradients"] < min(loss["momentum"], loss["Chebyshev"]) < loss["GD"]


def test_chapter_8(printed):
    text = printed("chapters/08_copying")
    assert "[(x1, y1), (x2, y2), (x3, y3), (x_q, 0)]" in text and "equal to joined tokens: True" in text
    assert max(numbers(r"steps: largest difference (\S+)", text)) <= 1e-12
    assert numbers(r"that the query picked up: (\S+)", text)[0] <= 1e-12
    assert numbers(r"what the query picked up is the mean: (\S+)", text)[0] <= 1e-12
    copied = numbers(r"logit scale +\d+: largest error of a copied label (\S+)", text)
    assert copied == sorted(copied, reverse=True) and copied[-1] < 1e-15
    assert all(a == b for a, b in re.findall(r"… (?:\w) (\S+) … \w → (\S+)", text))


def test_chapter_9(printed):
    text = printed("chapters/09_softmax_norms_mlps")
    parts = {
        name: (float(odd), float(even))
        for name, odd, even in re.findall(r"(linear|softmax) +part of .*? ([\d.]+), part that does not ([\d.]+)", text)
    }
    assert parts["linear"][1] == 0 and parts["softmax"][1] > 5 * parts["softmax"][0]
    assert "up to ε²: True" in text and "step on features: True" in text
    to_centred, to_plain = (numbers(rf"to {name} GD (\S+?),?\s", text) for name in ("centred", "plain"))
    assert to_centred[:4] == sorted(to_centred[:4], reverse=True) and to_centred[3] < 1e-5 < to_plain[3]
    assert numbers(r"with a sink, .* to plain GD (\S+)", text)[0] < 1e-4
    assert all(abs(slope - 2) <= 0.05 for slope in numbers(r"between ε = 0.01 and 0.1 is ([\d.]+)", text))
    factors = dict(re.findall(r"(none|RMSNorm|LayerNorm) +triple .* is ([\d.]+) times", text))
    assert factors["none"] == "3.00" and float(factors["LayerNorm"]) < 1 and float(factors["RMSNorm"]) < 1
    assert numbers(r"largest difference: (\S+)", text)[0] <= 1e-12


def test_chapter_10(printed):
    text = printed("chapters/10_train_one_layer")
    assert numbers(r"between the two loops: (\S+)", text)[0] < 1e-5
    # The loss is gradient descent's to half a percent, the cosine .999, for every seed; the authors' runs are there too.
    ours = re.findall(r"^seed \d: loss ([\d.]+) × tuned GD, ([\d.]+) % above the optimum, cosine ([\d.]+)", text, re.M)
    assert len(ours) == 5
    assert all(float(a) <= 1.005 and float(b) <= 1.5 and float(c) >= 0.999 for a, b, c in ours)
    assert len(re.findall(r"^authors' code, seed \d: loss", text, re.M)) == 3
    assert max(numbers(r"halfway to GD ÷ GD's, by seed: ([\d.]+)", text)) <= 1.005
    raw, merged = re.search(r"seeds 0 and 1: ([\d.]+) × GD's loss; their products: ([\d.]+)", text).groups()
    assert float(raw) > 1.2 and float(merged) < 1.01
    way = [float(v) for v in re.search(r"to GD's \(1\): (.*)", text)[1].replace(",", "").split()[1::2]]
    assert len(way) == 5 and max(way) < 1.005 and way == sorted(way, reverse=True)
    assert (way[2] - 1) / (way[0] - 1) == pytest.approx(0.25, abs=0.07)  # halfway: three quarters of the cost are gone
    weights, everything, read = numbers(r": correlation (-?[\d.]+)", text)
    assert abs(weights) < 0.3 and 0.9 < everything < 0.99 and read > 0.999
    etas = numbers(r"read off the weights ([\d.]+), best", text)
    assert len(etas) == 5 and max(etas) - min(etas) < 0.05 and all(0.97 < eta / 6.06 < 0.99 for eta in etas)
    others = [float(v) for v in re.search(r"on other prompts: η read off ([\d.]+), ([\d.]+)", text).groups()]
    assert min(abs(other - eta) for other in others for eta in etas) > 0.03
    assert 5.9 * 1.02 < numbers(r"authors' seed 0: η read off ([\d.]+)", text)[0] < 5.9 * 1.04
    assert 2 < numbers(r"is uncertain by ([\d.]+) %", text)[0] < 5
    loss, cosine = re.search(r"one direction: loss .* ([\d.]+), cosine ([\d.]+)", text).groups()
    low, high, least, most = re.search(
        r"seed 0, steps .* ([\d.]+) … ([\d.]+), cosine ([\d.]+) … ([\d.]+)", text
    ).groups()
    assert float(loss) == pytest.approx(float(low), abs=0.01) and float(high) - float(low) < 0.01
    assert float(least) - 0.02 < float(cosine) < float(most)
    assert text.count("never moved: True") == 2
    scaled = [float(v) for v in re.search(r"inputs scaled by: (0.5: .*)", text)[1].replace(",", "").split()[1::2]]
    assert all(abs(v - 1) < 0.05 for v in scaled) and min(scaled[:4]) > 1 > max(scaled[4:])
    theirs = [float(v) for v in re.findall(r"inputs scaled by: (0.5: .*)", text)[1].replace(",", "").split()[1::2]]
    assert theirs[-1] == pytest.approx(1.08, abs=0.005)
    assert 1.2 < numbers(r"better than GD from α = ([\d.]+)", text)[0] < 1.5
    by_size = {
        name: [float(v) for v in row.split(", ")]
        for name, row in re.findall(r"^  (GD|seed 0|seed 0, sum × 10/N): ([\d., ]+)$", text, re.M)
    }
    assert by_size["seed 0"][-1] > 0.417 > by_size["GD"][-1]  # worse than answering 0
    assert all(a < 1.05 * b for a, b in zip(by_size["seed 0, sum × 10/N"], by_size["GD"], strict=True))
    assert numbers(r"gap of a seed to GD: ([\d.]+) %", text)[0] < 5
    once, twice, thrice = (float(v) for v in re.search(r"2, 3 times, seed 0: (\S+), (\S+), (\S+)", text).groups())
    assert once < 0.3 < 1 < twice < thrice
    assert numbers(r"change of an answer: (\S+)", text)[0] < 1e-4
    assert numbers(r"gap of a seed to GD: ([\d.]+) %", text)[1] < 20
    shares = re.findall(r"η read off ([\d.]+), best [\d.]+; its heads hold ([\d.]+) and ([\d.]+)", text)
    gaps = [float(total) - float(a) - float(b) for total, a, b in shares]
    assert len(gaps) == 5 and gaps[0] > 0.5 and max(map(abs, gaps[1:])) < 0.05
    heads = re.findall(r"worst of 5 seeds: loss ([\d.]+) × GD, cosine ([\d.]+)", text)
    assert len(heads) == 3 and all(float(a) < 1.01 and float(c) > 0.995 for a, c in heads)
    mean, low, high = (
        numbers(r"random attention layers: mean ([\d.]+)", text)[0],
        *map(float, re.search(r"mean [\d.]+, from ([\d.]+) to ([\d.]+)", text).groups()),
    )
    assert 0.4 < mean < 0.6 and low < mean < high
    assert abs(numbers(r"MLPs on the flattened prompt: at most (-?[\d.]+)", text)[0]) < 0.02
    few, many = numbers(r"closes (\d+) % of the way", text)
    assert 40 < few < 60 and many > 90
    flat = [min(map(float, row.split(", "))) for row in re.findall(r"seed\(s\): loss ([\d., ]+?)  \(", text)]
    assert len(flat) == 3
    zero, gd, layer = (
        float(v) for v in re.search(r"answering 0: (\S+); one step of GD: (\S+); .*: (\S+)", text).groups()
    )
    assert min(flat) > zero - 0.25 * (zero - gd) and layer < 1.01 * gd


def test_chapter_11(printed):
    text = printed("chapters/11_train_deep")
    ours = re.findall(r"^seed \d: [\d.]+ = ([\d.]+) × GD\+\+, (\d+) % below GD", text, re.M)
    assert len(ours) == 5 and all(float(ratio) <= 1.01 and int(below) >= 25 for ratio, below in ours)
    scratch = [float(v) for v in re.search(r"tuned GD\+\+'s, by seed: (.*)", text)[1].split(", ")]
    assert len(scratch) == 5 and max(scratch) <= 1.02
    peak, loss, end = re.search(r"is largest, ([\d.]+), .* loss ([\d.]+); at the end it is ([\d.]+)", text).groups()
    assert float(peak) > float(end) and float(loss) < numbers(r"two steps \(η = [\d.]+\): ([\d.]+)", text)[0]
    assert numbers(r"GD\+\+ at the end: ([\d.]+)", text)[0] > 0.99
    explained = [float(v) for v in re.findall(r"R² (\d\.\d{4})", text)]
    assert len(explained) == 10 and min(explained) >= 0.999
    assert all(float(v) >= 0.995 for v in re.search(r"second loop: .*R² ([\d.]+)\), .*R² ([\d.]+)\)", text).groups())
    with_own, tuned = re.search(r"numbers of seed 0: loss ([\d.]+); with tuned numbers ([\d.]+)", text).groups()
    assert float(with_own) < 1.01 * float(tuned)
    rows = re.findall(
        r"N_x = +(\d+), N = +(\d+): learned code ([\d.]+) = ([\d.]+) × .*?; tuned GD ([\d.]+), CG ([\d.]+)", text
    )
    assert len(rows) == 5
    for size, n, own, ratio, plain, cg in ((int(a), int(b), *map(float, rest)) for a, b, *rest in rows):
        if size == n:
            assert ratio < 1.02 and own < 0.8 * plain and own < 1.01 * cg, size
        else:
            assert ratio > 2 and own < plain
    depths = re.findall(r"^K = (\d): (GD .*)", text, re.M)
    assert [int(k) for k, _ in depths] == [1, 2, 3, 4, 5, 1, 2, 3]
    tables = [
        {name.strip(): float(v) for name, v in re.findall(r"([^\d,.][^,\d.]*(?:, a \w+ a \w+)?) ([\d.]+)", row)}
        for _, row in depths
    ]
    for (k, _), by in zip(depths, tables, strict=True):
        own, looped = by.pop("layers of their own"), by.pop("one layer looped")
        assert {"GD", "momentum", "GD++", "CG", "Newton–Schulz", "GD, a rate a step"} <= set(by)
        if int(k) > 1:
            assert own < min(by.values()) and own < looped < by["GD"]
    by = tables[4]
    assert by["GD++"] < by["CG"] and numbers(r"one layer looped ([\d.]+)", depths[4][1])[0] > by["CG"]
    for before, after in itertools.pairwise(tables[5:]):
        assert before["GD++"] / after["GD++"] > 10
    assert tables[6]["GD"] / tables[7]["GD"] < 2.5
    for depth, bound in ((2, 0.0944), (3, 0.048), (5, 0.045)):
        worst = re.findall(rf"depth {depth}, \d seeds: loss [\d.]+ … ([\d.]+)", text)[0]
        assert float(worst) <= bound
    worst = [float(v) for v in re.findall(r"3 layers of their own, seed \d: .* the worst has ([\d.]+)", text)]
    assert sum(v > 50 for v in worst) == 2 and len(worst) == 4
    read = {
        (kind, int(depth)): tuple(map(float, rest))
        for kind, depth, *rest in re.findall(
            r"^(one layer looped|layers of their own), depth (\d): .*least R² (\S+); as plain code (\S+), network (\S+), "
            r"answers apart by (\d+) %",
            text, re.M,
        )
    }  # fmt: skip
    assert len(read) == 8
    for (kind, depth), (least, code, network, apart) in read.items():
        if kind == "one layer looped" or depth <= 4:  # these numbers are nearly the whole story
            assert least > 0.93 and code == pytest.approx(network, rel=0.02) and apart <= 6
    assert read["layers of their own", 4][0] < 0.97 < read["layers of their own", 3][0]
    least, code, network, apart = read["layers of their own", 5]
    assert least < 0.5 and code > 1.2 * network and apart > 10
    alone, helped = re.search(r"our tuner alone ([\d.]+), started from what training found ([\d.]+)", text).groups()
    assert float(helped) < 0.95 * float(alone)
    swept = {
        name.strip(): [float(v) for v in row.split(", ")]
        for name, row in re.findall(r"^ *(GD|GD\+\+|looped|own): ([\d.e+, ]+)$", text, re.M)
    }
    assert all(
        swept[name][3] < swept["GD"][3] and swept[name][-1] > 10 * swept["GD"][-1] for name in ("GD++", "looped", "own")
    )
    assert 10 < swept["looped"][-1] / swept["GD"][-1] < 100 and swept["own"][-1] > 1000 * swept["GD"][-1]
    assert swept["own"][5] > 5 * swept["GD"][5] and swept["looped"][7] < 1.5 * swept["GD"][7]
    left = {
        float(k): (float(a), float(b), float(c))
        for k, a, b, c in re.findall(
            r"λ = ([\d.]+): after one loop ([+-][\d.]+) is left, after both ([+-][\d.]+); two steps of GD: ([+-][\d.]+)",
            text,
        )
    }
    assert left[0.25][0] < -1.5 and abs(left[0.25][1]) < 1 and abs(left[0.45][1]) > 1
    assert abs(left[0.6][1]) < 1.2 * left[0.6][2] and abs(left[1.2][1]) > 4 * left[1.2][2]
    medians = {
        name.strip(): float(v)
        for name, v in re.findall(r"^ *(GD|GD\+\+|looped|own): uniform.*ν = 5: median ([\d.]+)", text, re.M)
    }
    assert len(medians) == 4 and max(v for name, v in medians.items() if name != "GD") < medians["GD"]
    arrive = [(int(a), int(b)) for a, b in re.findall(r"noise: (\d) of (\d) arrive", text)]
    assert arrive[0] == (5, 5) and arrive[1][0] >= 7 and max(arrive[2][0], arrive[3][0]) <= 1
    large = re.findall(r"large noise, seed \d: layer 1 [\d.]+ and [\d.]+, layer 2 ([\d.]+) and ([\d.]+)", text)
    assert sum(float(side) > float(main) for main, side in large) >= 5
    plain, model, tuned = (
        float(v)
        for v in re.search(r"plain code: ([\d.]+); the model ([\d.]+); tuned pair a layer ([\d.]+)", text).groups()
    )
    assert plain == pytest.approx(model, rel=0.02) and model < tuned


def test_chapter_12(printed):
    text = printed("chapters/12_what_is_optimal")
    scalar, white, best = numbers(r"formula ([\d.]+), measured", text)
    assert best < white < scalar
    for formula, measured, half in re.findall(r"formula ([\d.]+), measured ([\d.]+) ± ([\d.]+)", text):
        assert abs(float(formula) - float(measured)) <= 2 * float(half)
    diagonal = [float(v) for v in re.search(r"simulated ÷ formula: \[(.*)\]", text)[1].split(", ")]
    assert len(diagonal) == 5 and all(abs(v - 1) < 0.01 for v in diagonal)
    low, high, other, eta = re.search(
        r"diagonal ([\d.]+) … ([\d.]+), largest other entry ([\d.]+); η\* = ([\d.]+)", text
    ).groups()
    assert all(float(v) == pytest.approx(float(eta), rel=0.01) for v in (low, high)) and float(other) < 0.06
    from_best = {
        name: (float(a), float(b))
        for name, a, b in re.findall(r"^(seed \d.*?): distance from Γ⁻¹ ([\d.]+) %.*seed 0 ([\d.]+) %", text, re.M)
    }
    assert len(from_best) == 3 and all(a < 3 for a, _ in from_best.values())
    assert from_best["seed 1"][1] < 0.5 < 1 < from_best["seed 0, other prompts"][1]
    rows = re.findall(
        r"worst of 3 seeds: ([\d.]+) % from Γ⁻¹ .*?loss ([\d.]+) × the optimum's [\d.]+; single η ([\d.]+) ×, whitening ([\d.]+)",
        text,
    )
    assert len(rows) == 7
    assert all(
        float(away) <= 2 and float(loss) <= 1.001 and min(float(a), float(b)) > 1.05 for away, loss, a, b in rows
    )
    assert float(rows[0][3]) > float(rows[0][2]) and float(rows[2][3]) < float(rows[2][2])  # whitening at N = 10 and 40
    plain, noisy, learned = (
        [float(v) for v in re.search(rf"{name}: +([\d. ]+)$", text, re.M)[1].split()]
        for name in ("without noise", "Γ⁻¹ with σ = 2", "learned with σ = 2")
    )
    assert 0.2 < 1 - noisy[0] / plain[0] < 0.3
    assert all(a == pytest.approx(b, rel=0.02) for a, b in zip(learned, noisy, strict=True))
    seeds = [
        tuple(map(float, row))
        for row in re.findall(
            r"^seed \d: loss ([\d.]+) × the optimum's, of which the even part ([\d.-]+); .* gives (\S+), the side entrance (\S+)",
            text,
            re.M,
        )
    ]
    stuck = [row for row in seeds if row[0] > 1.05]
    assert len(seeds) == 8 and len(stuck) == 4 and int(re.search(r"(\d) of 8 reach it", text)[1]) == 4
    assert all(2.3 < loss < 2.6 and even > 0.5 and side > 0.15 > abs(main) for loss, even, main, side in stuck)
    assert all(even < 0.01 and main > 0.2 and abs(side) < 0.01 for loss, even, main, side in seeds if loss < 1.05)
    one, two = (float(v) for v in re.search(r"along λ = 4: ([+-][\d.]+) and ([+-][\d.]+)", text).groups())
    assert one * two < 0 and abs(one + two) < 0.3 * abs(one)  # the averages nearly cancel
    lowest, second = (float(v) for v in re.search(r"curvatures: (\S+), then (\S+) …", text).groups())
    assert abs(lowest) < 1e-5 and second > 0.01
    main, side = (float(v) for v in re.search(r"main entrance ([\d.]+), of the side entrance ([\d.]+)", text).groups())
    assert 1 < main / side < 1.1
    assert "8 of 8 reach the optimum" in text
    assert numbers(r"largest multiplier × eigenvalue ([\d.]+)", text)[0] > 4

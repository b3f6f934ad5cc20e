"""What the prose of chapters 10 to 12 says about its numbers."""

import pytest
import torch

pytestmark = pytest.mark.site


def test_chapter_10_trained_layers_are_the_step(page):
    ten = page("10_train_one_layer")
    assert ten.number(r"two loops differ by (\S+) at most") < 1e-5
    rows = ten.table("Trained layers against one step")
    ours = [row for name, row in rows.items() if name.startswith("ours")]
    assert len(ours) == 5 and len(rows) == 8
    assert all(
        row["loss ÷ tuned GD's"] <= 1.005 and row["sensitivity cosine"] >= 0.999 for row in ours
    )
    assert 0 < ten.number(r"to ([\d.]+) % of the loss") < 0.5
    assert 2 < ten.number(r"answers differ from GD's by ([\d.]+)") < 6
    one, theirs = ten.table("The plateau").values()
    assert all(one[name] == pytest.approx(theirs[name], abs=0.02) for name in one)


def test_chapter_10_compares_products(page):
    ten = page("10_train_one_layer")
    weights, everything, read = ten.column("Two seeds: raw weights", "correlation")
    assert abs(weights) < 0.3 and 0.9 < everything < 0.99 and read > 0.999
    *etas, theirs = ten.column("The learned step size", "η read off")
    assert max(etas) - min(etas) < 0.05 and all(0.985 < eta / 6.061 < 1.015 for eta in etas)
    assert max(etas) - min(etas) < min(abs(eta - 6.061) for eta in etas)
    first, second = (
        torch.tensor(ten.column("The step size that two seeds", f"η, seed {seed}"))
        for seed in (0, 1)
    )
    assert len(first) == 6 and all(0.985 < eta / 6.061 < 1.015 for eta in [*first, *second])
    assert (first - second).abs().mean() < ((first + second) / 2).std() / 1.5
    assert (first - 6.061).abs().min() < (first[0] - 6.061).abs() / 3
    assert 1.02 < theirs / 5.9 < 1.04
    assert ten.text.count("never moved: True") == 2
    own, _, half, seeds, raw = ten.column("Layers between layers", "loss ÷ GD's")
    assert (half - 1) / (own - 1) == pytest.approx(
        0.25, abs=0.07
    )  # three quarters of the cost are gone
    assert seeds < 1.01 and raw > 1.2


def test_chapter_10_outside_its_training(page):
    ten = page("10_train_one_layer")
    outside = ten.table("Loss of the trained layer")
    assert all(abs(row["ours, worst seed"] - 1) < 0.05 for row in outside.values())
    assert outside["inputs × 2"]["authors', seed 0"] == pytest.approx(1.08, abs=0.005)
    by_size = ten.table("Loss on prompts of N examples")
    assert (
        by_size["40"]["layer, seed 0"]
        > by_size["40"]["answering 0"]
        > by_size["40"]["GD, η of ten examples"]
    )
    assert by_size["2"]["layer, seed 0"] < by_size["2"]["GD, η of ten examples"]
    for row in by_size.values():
        assert row["layer × 10/N"] < 1.05 * row["GD, η of ten examples"]
        assert row["GD, η for this N"] < 1.001 * min(
            row["answering 0"], row["GD, η of ten examples"]
        )
    for row in ten.table("Loss with some of ten labels").values():
        assert row["ours, seed 0"] == pytest.approx(row["GD"], rel=0.05)
    once, twice, thrice = ten.column("Loss when a layer is used again.", "ours, seed 0")
    assert once < 0.3 < 1 < twice < thrice
    assert ten.number(r"changed by more than (\S+)\.") < 1e-4
    for row in ten.table("Loss when a layer without stripes").values():
        assert row["ours, worst seed"] < 1.2 * row["GD"]


def test_chapter_10_sizes_heads_and_what_was_there_before(page):
    ten = page("10_train_one_layer")
    for row in ten.table("Worst of our seeds, and one run").values():
        assert row["loss ÷ GD's"] < 1.01 and row["cosine"] > 0.995
    heads = ten.table("How two heads share").values()
    gaps = [row["η of the whole layer"] - row["head 1"] - row["head 2"] for row in heads]
    assert len(gaps) == 5 and gaps[0] > 0.5 and max(map(abs, gaps[1:])) < 0.05
    share = ten.table("How much of a sensitivity")
    assert (
        0.4 < share["20 attention layers"]["mean share"] < 0.6 and share["5 MLPs"]["largest"] < 0.02
    )
    closed = ten.column("Heads that nobody trained", "way to GD closed")
    assert 0.4 < closed[0] < 0.6 and closed[-1] > 0.9
    flat = ten.table("Networks without attention")
    loss = {name: row["loss, best seed"] for name, row in flat.items()}
    mlps = [value for name, value in loss.items() if name.startswith("MLP")]
    zero, gd = loss["answering 0"], loss["one step of GD"]
    assert len(mlps) >= 3 and loss["attention, seed 0"] < 1.01 * gd
    assert min(mlps) > zero - 0.25 * (zero - gd)
    long = ten.table("A network without attention, trained long")
    assert long["MLP, best seed"]["loss"] < 0.5 * long["one step of GD"]["loss"]


def test_chapter_11_two_loops_are_gd_plus_plus(page):
    eleven = page("11_train_deep")
    rows = eleven.table("Ours on the same 10,000 prompts")
    seeds = [row for name, row in rows.items() if name.startswith("trained")]
    assert len(seeds) == 5 and all(row["mean ÷ GD++'s"] <= 1.01 for row in seeds)
    assert all(row["mean loss"] < 0.75 * rows["tuned GD"]["mean loss"] for row in seeds)
    assert eleven.number(r"seeds end at [\d.]+ to ([\d.]+) ×") <= 1.02
    for name, row in eleven.table("When training is nearest").items():
        assert row["largest cosine with GD"] > row["at the end: GD"] and row["GD++"] > 0.99
        assert (
            row["loss there"]
            < rows["authors' GD" if "authors" in name else "tuned GD"]["mean loss"]
        )
    read = eleven.table("Two numbers, read off")
    ours = [row for name, row in read.items() if name.startswith("seed") and "loop" not in name]
    assert len(ours) == 5 and all(min(row["R² of y"], row["R² of x"]) >= 0.999 for row in ours)
    assert min(read["seed 0, second loop"][name] for name in ("R² of y", "R² of x")) >= 0.995
    assert eleven.number(r"of seed 0: ([\d.]+);") < 1.01 * eleven.number(
        r"with tuned ones: ([\d.]+)\."
    )
    assert eleven.number(r"answers differ by ([\d.]+) %") < 8
    *alike, four_times = eleven.column("The learned code at sizes", "÷ GD++'s")
    assert len(alike) == 4 and max(alike) < 1.02 and four_times > 2


def test_chapter_11_outside_its_training(page):
    eleven = page("11_train_deep")
    left = eleven.table("What is left of a direction")
    assert left["0.25"]["left after one loop"] < -1.5 and abs(left["0.25"]["after both"]) < 1
    assert abs(left["0.6"]["after both"]) < 1.2 * left["0.6"]["after two steps of GD"]
    assert abs(left["1.2"]["after both"]) > 4 * left["1.2"]["after two steps of GD"]


def test_chapter_12_the_best_matrix(page):
    twelve = page("12_what_is_optimal")
    losses = twelve.table("Their losses.")
    formula = {name: row["loss, formula"] for name, row in losses.items()}
    assert formula["Γ⁻¹"] < formula["whitening"] < formula["best single η"] < formula["answering 0"]
    for row in losses.values():
        assert row["measured"] == pytest.approx(row["loss, formula"], rel=0.02)
    for row in twelve.table("The diagonal of the mean of C²").values():
        assert row["E C², simulated"] == pytest.approx(row["formula"], rel=0.01)
    low, high, eta = (
        twelve.number(pattern)
        for pattern in (
            r"Best M: from (\d+\.\d+)",
            r"to (\d+\.\d+) on the",
            r"2's η\* is (\d+\.\d+)",
        )
    )
    assert [low, high] == pytest.approx([eta, eta], rel=0.01)


def test_chapter_12_training_finds_it(page):
    twelve = page("12_what_is_optimal")
    live = twelve.table("Trained layers: their M")
    assert all(row["% from Γ⁻¹"] < 3 for row in live.values())
    assert (
        live["seed 1"]["% from seed 0"] < 0.5 < 1 < live["seed 0, other prompts"]["% from seed 0"]
    )
    away, loss, single, white = (
        twelve.column("Stored trainings", name)
        for name in ("% from Γ⁻¹", "loss ÷ optimum", "single η", "whitening")
    )
    assert all(a <= 2 and b <= 1.001 for a, b in zip(away, loss, strict=True))
    assert min(single + white) > 1.05
    noise = twelve.table("Noise changes the target")
    plain, noisy, learned = (list(row.values()) for row in noise.values())
    assert 0.2 < 1 - noisy[0] / plain[0] < 0.3
    assert learned == pytest.approx(noisy, rel=0.02)


def test_chapter_12_starts_that_get_stuck(page):
    twelve = page("12_what_is_optimal")
    seeds = list(twelve.table("Eight random starts").values())
    stuck = [row for row in seeds if row["loss ÷ optimum"] > 1.05]
    assert len(seeds) == 8 and len(stuck) == 4 and "4 of 8 reach the optimum" in twelve.text
    for row in stuck:
        assert 2.3 < row["loss ÷ optimum"] < 2.6 and row["even part"] > 0.5
        assert row["side, λ = 4"] > 0.15 > abs(row["main, λ = 4"])
    one, two = (
        twelve.number(p)
        for p in (r"average, ([−+-][\d.]+) and", r"average, \S+ and ([−+-][\d.]+)\.")
    )
    assert one * two < 0 and abs(one + two) < 0.3 * abs(one)  # the averages nearly cancel
    for row in twelve.table("The bottom of the stuck place").values():
        assert (
            abs(row["smallest curvature"]) < 1e-5
            and row["second"] > 0.01
            and row["largest slope"] < 1e-4
        )
    assert (
        1
        < twelve.number(r"at the rate ([\d.]+)") / twelve.number(r"the side entrance at ([\d.]+\d)")
        < 1.1
    )
    assert "8 of 8 reach the optimum" in twelve.text.replace("\n", " ")
    assert twelve.number(r"largest multiplier × eigenvalue ([\d.]+)") > 4


def test_chapter_11_depth_against_its_rivals(page):
    eleven = page("11_train_deep")
    by = eleven.table("Loss without the worst prompt in a hundred")
    own, looped = by["trained, layers of their own"], by["trained, one layer looped"]
    pairs = by["GD++, a pair a layer"]
    for depth in ("K = 2", "K = 3"):
        assert own[depth] == pytest.approx(pairs[depth], rel=0.04)
        assert looped[depth] < 1.1 * by["GD++"][depth]
    for depth in ("K = 4", "K = 5"):
        assert pairs[depth] < 0.8 * own[depth]
    assert pairs["K = 4"] < own["K = 5"]
    assert looped["K = 5"] > max(1.1 * by["GD++"]["K = 5"], by["CG"]["K = 5"])
    clean = eleven.table("Twenty examples in five dimensions")
    pp = clean["GD++"]
    assert pp["K = 1"] > 10 * pp["K = 2"] > 100 * pp["K = 3"]
    for name in ("GD++", "trained, layers of their own"):
        assert clean[name]["K = 2"] > 9 * clean[name]["K = 3"]
    assert clean["GD"]["K = 2"] / clean["GD"]["K = 3"] < 2.5


def test_chapter_11_means_hang_on_single_prompts(page):
    rows = page("11_train_deep").table("Means hang on single prompts")
    seeds = [row for name, row in rows.items() if name.startswith("three layers")]
    medians, trimmed = ([row[name] for row in seeds] for name in ("median", "trimmed mean"))
    assert max(medians) < 1.02 * min(medians) and max(trimmed) < 1.02 * min(trimmed)
    assert max(row["mean"] for row in seeds) > 2 * min(row["mean"] for row in seeds)
    assert rows["CG, K = 5"]["worst prompt"] == min(row["worst prompt"] for row in rows.values())


def test_chapter_11_reads_gd_plus_plus_off_up_to_three_layers(page):
    read = page("11_train_deep").table("GD++ as read off the weights")
    assert len(read) == 8
    for name, row in read.items():
        if "looped" in name or name[-1] in "234":
            assert row["loss as code"] == pytest.approx(row["loss of network"], rel=0.03)
            assert row["answers apart, %"] <= 8
    own = {name[-1]: row for name, row in read.items() if "own" in name}
    assert own["4"]["least R²"] < own["3"]["least R²"] and own["5"]["least R²"] < 0.5
    assert own["5"]["loss as code"] > 1.2 * own["5"]["loss of network"]


def test_chapter_11_starts_that_get_stuck(page):
    eleven = page("11_train_deep")
    arrive = [
        [int(number) for number in text.split(" of ")]
        for text in eleven.column("Four starts of two layers", "arrive")
    ]
    updates = eleven.column("Four starts of two layers", "updates")
    assert min(updates[2:]) > 2 * max(updates[:2])
    assert arrive[0] == [5, 5] and arrive[1][0] >= 7 and {arrive[2][0], arrive[3][0]} <= {3, 4, 5}
    sizes = eleven.table("Size (Frobenius norm")
    good = sizes["structured, seed 0"]
    for name, row in sizes.items():
        if name.startswith("large noise") and row["loss"] < 1.05 * good["loss"]:
            assert (
                row["side"] < 0.1 * row["layer 1: main"]
                and row["side "] < 0.1 * row["layer 2: main"]
            )

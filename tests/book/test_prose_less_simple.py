"""What the prose of chapters 13 to 15 says about its numbers."""

import itertools

import pytest

from icllib.datasets import paper_runs

pytestmark = pytest.mark.site


def test_chapter_13_softmax_heads_are_the_centred_step(page):
    thirteen = page("13_less_simple_models")
    rows = thirteen.table("Trained softmax heads")
    one, two = ([r for n, r in rows.items() if n.startswith(f"{h} head")] for h in (1, 2))
    assert len(one) == len(two) == 5
    assert all(abs(row["÷ centred step's"] - 1) < 0.01 for row in two)
    assert all(row["cosine, centred"] > 0.99 > 0.97 > row["cosine, step"] for row in two)
    assert all(row["loss ÷ step's"] > 1.05 for row in two)
    assert min(row["loss ÷ step's"] for row in one) > 1.3
    assert one[0]["loss ÷ step's"] == pytest.approx(rows["answering 0"]["loss ÷ step's"], rel=0.05)
    assert 1.6 < one[3]["loss ÷ step's"] < 1.7
    assert rows["authors', 2"]["loss ÷ step's"] == pytest.approx(two[0]["loss ÷ step's"], abs=0.02)
    for row in thirteen.table("Each head's A").values():
        assert row["A of one head"] == pytest.approx(-row["A of the other"], rel=0.06)
        assert row["labels by one"] == pytest.approx(-row["by the other"], rel=0.02)
        assert row["A of one head"] > 0 > row["labels by one"]
    third = thirteen.table("Each head's A")["2"]
    assert (third["A of one head"], third["labels by one"]) == (2.10, -1.58)
    tuned = thirteen.number(r"([\d.]+) for the centred one")
    assert 1 < 2 * 2.10 * 1.58 / tuned < 1.1


def test_chapter_13_norms_and_plateaus(page):
    thirteen = page("13_less_simple_models")
    rows = [row for _, row in thirteen.rows("Loss of layers behind a LayerNorm")]
    alone, plain, _, bent, theirs = (row["middle"] for row in rows)
    assert 1.2 < alone < 1.3 and alone == pytest.approx(theirs, abs=0.02)
    assert 0.9 < plain < 1.1 and 1.8 < bent < 2.2
    larger = thirteen.figure("Out of distribution")
    step, norm, pair, zero = larger[0]
    assert 0.75 * zero < norm < 0.85 * zero < zero < pair < step and step > 10 * zero
    step, norm, pair, zero = larger[1]
    assert 1.5 * step < norm < zero and pair < 1.1 * step
    one, faster, two = thirteen.table("Updates until a start is").values()
    assert all(two[name] < one[name] for name in ("first", "median", "last"))
    assert two["first"] < faster["first"] and two["median"] < faster["median"]


def test_chapter_13_pools_of_prompts(page):
    thirteen = page("13_less_simple_models")
    rows = thirteen.table("One linear layer, 3,000 updates")
    new = {int(name.replace(",", "")): row["loss on new ones"] for name, row in rows.items()}
    known = [row["loss on them"] for row in rows.values()]
    sizes = list(new)
    zero = 0.47
    assert max(new, key=new.get) == 128
    assert all(new[a] < new[b] for a, b in itertools.pairwise(sizes[:5]))
    assert all(new[a] > new[b] for a, b in itertools.pairwise(sizes[4:]))
    assert all(new[n] > zero for n in sizes[:7]) and new[512] < zero
    assert max(known[:4]) < 1e-4 and 1.2 < new[512] / new[32768] < 1.3
    ratios = {name: row["new ÷ the step's"] for name, row in rows.items()}
    assert ratios["2,048"] > 1.05 > ratios["8,192"]
    level = new[32768] / ratios["32,768"]
    for n in (512, 2048, 8192):
        theory = level / (1 - 120 / n)
        assert new[n] == pytest.approx(theory, rel=0.07)
    long = thirteen.table("Loss on new prompts in long trainings")
    for name, row in long.items():
        assert row["after 30,000"] == pytest.approx(row["after 3,000"], rel=0.08)
        assert (row["lowest at"] == 0) == name.startswith("128")


def test_chapter_13_pools_of_functions(page):
    thirteen = page("13_less_simple_models")
    ratios = thirteen.table("The same layer and training")
    assert ratios["16"]["new ÷ the step's"] > 1.2 > 1.1 > ratios["32"]["new ÷ the step's"]
    assert ratios["512"]["new ÷ the step's"] < 1.03
    for name, row in thirteen.table("Losses of one seed's layer").items():
        known, new = (row[f"{kind}: layer"] for kind in ("known", "new"))
        if int(name) >= 32:
            assert known == pytest.approx(row["known: best M"], rel=0.03)
            assert new == pytest.approx(row["new: best M"], rel=0.07)
        else:
            assert known < 0.97 * row["known: best M"] and new > 1.08 * row["new: best M"]
            assert row["even part, mean: cosine"] > 0.5
        if int(name) <= 8:
            assert row["known: odd part"] > 1.2 * row["known: best M"]


def test_chapter_13_blocks(page):
    rows = page("13_less_simple_models").table("Blocks as in a GPT")
    ratio = {name: row["loss ÷ one step's"] for name, row in rows.items()}
    two, four, twelve = (
        [v for name, v in ratio.items() if name.startswith(f"{k} blocks")] for k in (2, 4, 12)
    )
    stacks = two + four + twelve
    assert len(stacks) == 6 and max(stacks) < 1 and min(stacks) > ratio["GD++, 2 steps"]
    assert sum(loss < ratio["GD, 2 steps"] for loss in stacks) == 4
    assert min(two) < min(twelve)
    assert max(two) - min(two) > max(min(four), *twelve) - min(two)


def test_chapter_14_a_layer_behind_a_network_is_a_step(page):
    fourteen = page("14_curves")
    zero, line, step, exact = fourteen.column("Sine curves from ten examples", "loss")
    assert line > zero and 0.08 < step / zero < 0.12 and exact < 1e-9
    trained = fourteen.table("A trained layer behind a network")
    ratios = [row["÷ best network and step"] for row in trained.values()]
    assert len(ratios) == 4 and max(ratios) < 1.01
    assert all(row["loss"] < 1.01 * step for row in trained.values())
    for row in fourteen.table("Learned kernels").values():
        assert row["cosine with cos(x − x')"] > 0.99 and row["asymmetry"] < 0.05
        assert row["η that it stands for"] == pytest.approx(20 / 11, rel=0.02)
    alone = fourteen.column("Learned kernels", "loss by it alone")
    whole = [row["loss"] for name, row in trained.items() if "layer" in name]
    assert alone == pytest.approx(whole, rel=0.02)
    plain, bent, own, two, looped = fourteen.table("Two steps, or two layers").values()
    assert two["worst"] < 0.1 * own["worst"] < 0.1 * plain["worst"]
    assert two["worst"] < bent["worst"] < own["worst"]
    assert looped["worst"] > 3 * looped["loss, best seed"] > 3 * two["worst"]


def test_chapter_14_traps_and_families(page):
    fourteen = page("14_curves")
    layer, zero, start = fourteen.column("Phases from half a circle", "loss")
    assert 0.28 < 1 - start / zero < 0.38 and abs(layer / zero - 1) < 0.05
    none, best, worst, step, theirs = fourteen.column("Sine curves with one unknown", "loss")
    assert theirs < best <= worst < step < none / 5
    assert fourteen.column("Sine curves from ten examples", "loss")[0] / none == pytest.approx(
        82, abs=3
    )
    families = fourteen.table("Losses on other families")
    sines, bent, exact, none = families.values()
    assert (
        sines["sine curves"] < 0.1 * none["sine curves"] and sines["parabolas"] > none["parabolas"]
    )
    assert bent["parabolas"] < 0.2 * none["parabolas"] and bent["sine curves"] > none["sine curves"]
    outside = "sine curves, x up to 7.5"
    assert sines[outside] > none[outside] > 10 * exact[outside]


def test_chapter_15_plateau_drop_and_ablation(page):
    fifteen = page("15_when_does_it_appear")
    zero, step = fifteen.column("Three inputs, six examples", "loss")
    seeds = fifteen.table("The drop, and the end of training").values()
    copied = sorted(max(row["x reads its y"], row["y reads its x"]) for row in seeds)
    assert len(copied) == 5 and copied[1] > 0.85
    assert sorted(row["loss ÷ the step's"] for row in seeds)[3] < 1.1
    assert sorted(row["cosine with it"] for row in seeds)[1] > 0.98
    assert min(row["half of the drop by"] for row in seeds) > 100
    trained, without, alone, even, blind = fifteen.table("Ablations").values()
    assert without["loss, best seed"] > 0.9 * zero and even["loss, best seed"] > 0.8 * zero
    for other in (alone, blind):
        assert other["median"] == pytest.approx(trained["median"], rel=0.03)
    came = fifteen.table("Updates until an attention weight of ½").values()
    assert (
        all(row["first direction by"] <= row["second"] <= row["third"] for row in came)
        and sum(row["first direction by"] < row["third"] for row in came) >= 4
    )
    gaps = sorted(abs(row["copying: weight ½ by"] - row["third"]) for row in came)
    assert gaps[3] <= 75
    one_by_one = fifteen.column("Trained models with only some", "median")
    shares = [(zero - loss) / (zero - step) for loss in one_by_one]
    assert shares[:4] == pytest.approx([0, 1 / 3, 2 / 3, 1], abs=0.1)
    assert shares[4] == pytest.approx(shares[3], abs=0.02)


def test_chapter_15_waiting_times(page):
    rows = page("15_when_does_it_appear").rows("Updates until the drop has begun")
    assert len(rows) == 13
    median = {(what, row["to"]): row["median"] for what, row in rows}
    begun = {(what, row["to"]): row["begun, median"] for what, row in rows}
    assert 2.5 < median["learning rate", 0.0025] / median["learning rate", 0.01] < 4
    assert median["size of the start", 0.08] < 0.8 * median["size of the start", 0.01]
    assert 1.4 < median["examples (N)", 12] / median["examples (N)", 3] < 2
    assert 1.4 < begun["examples (N)", 12] / begun["examples (N)", 3] < 2
    spread = sorted(row["slowest"] / row["half, fastest"] for _, row in rows)
    assert 2.5 < spread[6] < 3.5
    ends = {(w, row["to"]): row["last loss ÷ the step's, median"] for w, row in rows}
    of_six = [
        end for key, end in ends.items() if key not in (("examples (N)", 3), ("examples (N)", 4))
    ]
    assert sum(end < 1 for end in of_six) == len(of_six) - 1


def test_chapter_15_linear_first_layers(page):
    fifteen = page("15_when_does_it_appear")
    zero = fifteen.column("Three inputs, six examples", "loss")[0]
    ratios = sorted(fifteen.column("Two linear layers on separate tokens", "÷ the step's"))
    assert ratios[2] < 0.3 and ratios[3] < 1 < 1.3 < ratios[4]
    assert fifteen.number(r"largest difference to three steps: (\S+)") < 1e-12
    for row in list(fifteen.table("Linear first layers that").values())[:3]:
        assert min(row["not by content"], row["not by place"]) > zero > 10 * row["as trained"]
    one, three, best = fifteen.table("What the best of five has found").values()
    assert best["loss"] == pytest.approx(three["loss"], rel=0.03)
    assert three["cosine with the layers"] > 0.995 > 0.95 > one["cosine with the layers"]
    sizes = fifteen.table("N = N_x = 10")
    level = sizes["softmax"]["loss, best"]
    assert 0.2 < level < sizes["softmax"]["loss, worst"] < 1.01 * level < 0.215
    assert sizes["linear"]["loss, best"] < 1.02 * level < 0.6 * sizes["linear"]["loss, worst"]
    theirs = paper_runs()["normal_seed0_bs1024"]["curve"]
    on_plateau = [row["step"] for row in theirs if 0.42 < row["tf"] < 0.44]
    assert max(on_plateau) == 4500 and 1.03 < theirs[-1]["tf"] / 0.2074 < 1.07
    assert all(
        later["tf"] < earlier["tf"]
        for earlier, later in itertools.pairwise(
            paper_runs()["normal_linear_first_layer"]["curve"][-6:]
        )
    )


def test_chapter_15_masks_and_sequences(page):
    fifteen = page("15_when_does_it_appear")
    places = list(fifteen.table("Loss by place in the prompt").values())
    assert len(places) == 7
    for row in places[1:]:
        one = row["one step, best η for each number"]
        assert row["trained, worst seed"] == pytest.approx(one, rel=0.06)
        assert row["trained, best seed"] > 0.82 * one
    for row in places[4:]:
        assert row["trained, best seed"] > 1.15 * row["online, one β"]
    assert min(fifteen.column("Five causal models", "recall, cosine")) > 0.95
    *_, (_, deepest), (_, once) = fifteen.rows("Constructed layers with η = 1")
    assert deepest["without a mask"] < 1e-4
    assert deepest["behind a causal mask"] == pytest.approx(once["behind a causal mask"], rel=0.01)
    across, forward, backward, along = fifteen.table("The four blocks").values()
    share = "multiple of I"
    assert forward[share] > 5 * abs(backward[share]) and backward[share] < 0
    assert across[share] + along[share] == pytest.approx(0, abs=0.003)
    assert max(row["rest, largest entry"] for row in (across, forward, backward, along)) < 0.005
    means = fifteen.column("Half the squared miss of the next state", "mean")
    zero, one, two, *layers = means
    assert all(loss == pytest.approx(two, rel=0.005) for loss in layers)
    assert one > 1.02 * two and one < 0.5 * zero

"""What chapter 16 says in words, on the numbers that it prints."""

import re

import pytest
from reading import Page

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def sixteen(site):
    return Page(site / "chapters" / "16_from_regression_to_language.html")


def test_all_learners_but_the_nearest_neighbour_are_level(sixteen):
    assert sixteen.number(r"layer against one step: largest difference (\S+)") < 1e-12
    shares = sixteen.table("Opinions labelled right")
    for row in shares.values():
        assert row["ridge"] == pytest.approx(row["one step"], abs=1)
        assert row["logistic"] == pytest.approx(row["one step"], abs=1)
    step = [row["one step"] for row in shares.values()]
    assert step == sorted(step) and step[0] > 60 and step[-1] > 85
    assert shares["32"]["nearest"] < step[-1] - 10
    strengths = sixteen.column("Ridge with other strengths", "ridge")
    assert max(strengths) == pytest.approx(step[-1], abs=0.5) and strengths[0] == min(strengths)
    assert strengths[0] > step[-1] - 4 and strengths[-1] == pytest.approx(step[-1], abs=0.3)
    gram = sixteen.table("Inner products of the examples")
    assert gram["diagonal"]["mean"] > 9 * gram["off the diagonal"]["standard deviation"]
    assert gram["eigenvalues"]["standard deviation"] > 0.4


def test_one_step_believes_its_labels(sixteen):
    for row in sixteen.table("One step with true, flipped").values():
        assert row["true labels"] + row["flipped"] == pytest.approx(100, abs=0.11)
        assert row["shuffled"] == pytest.approx(50, abs=4)


def test_facts_are_hardly_better_than_guessing(sixteen):
    for row in sixteen.table("Facts labelled right").values():
        assert all(45 < share < 60 for share in row.values())


def test_the_model_follows_its_labels_and_has_a_favourite_word(sixteen):
    rows = list(sixteen.table("SmolLM2-135M on opinions").values())
    assert all(abs(row["right, as it says"] - 0.5) < 0.03 for row in rows)
    assert all(row["says foo"] < 0.15 for row in rows)
    assert rows[-1]["right, by rank"] > 0.8 > 0.6 > rows[2]["right, by rank"]
    assert rows[3]["right, by rank"] > 0.63
    areas = sixteen.table("Area, SmolLM2-135M with foo and bar")
    last, four = areas["32"], areas["4"]
    assert last["true"] > 0.85 and last["flipped"] < 0.15
    assert last["true"] + last["flipped"] == pytest.approx(1, abs=0.1)
    assert all(row["shuffled"] == pytest.approx(0.5, abs=0.1) for row in areas.values())
    assert four["true"] < 0.6 < 0.75 < four["one step, true"]
    assert last["one step, true"] - last["true"] < 0.1
    assert all(abs(row["other frame"] - row["true"]) < 0.07 for row in areas.values())


def test_words_that_mean_something_are_recognised_and_then_overruled(sixteen):
    rows = sixteen.table("Area with labels that say what they mean")
    told, flipped = (
        [row[name] for row in rows.values()] for name in ("positive, negative", "flipped")
    )
    assert min(told) > 0.93 and flipped[0] > 0.93
    assert flipped[2] > 0.85 and abs(flipped[4] - 0.5) < 0.1 and 0.2 < flipped[5] < 0.4
    assert flipped[3] > 0.5  # up to eight examples it stays with what words mean


def test_examples_vote_as_in_a_smoother(sixteen):
    rows = sixteen.table("Six prompts of sixteen examples").values()
    assert min(row["Σ votes and leaning"] for row in rows) > 0.5
    assert max(row["votes and the step's"] for row in rows) < 0.3
    ours, step = sixteen.table("Mean vote of an example").values()
    same, other = "same sentiment", "other sentiment"
    assert ours[same] > ours[other] > 0.7 * ours[same]
    assert step[same] > 0 > step[other]
    assert all(row["votes for the own label (share)"] > 0.7 for row in rows)
    question, order, level = sixteen.column("Twelve prompts, the same", "SmolLM2-135M")
    assert 0.4 < order / question < 0.65 and level > question


def test_two_heads_carry_the_answer(sixteen):
    effects = sixteen.rows("The eight heads")
    first, second = effects[:2]
    assert [first[0], second[0]] == ["18.6", "18.7"]
    assert first[1]["rank"] == 1 and second[1]["rank"] == 7
    assert second[1]["effect, with the answer"] > 2 * effects[2][1]["effect, with the answer"]
    assert all(
        abs(row["effect, task alone"]) < 0.2 * first[1]["effect, with the answer"]
        for _, row in effects
    )
    off = sixteen.table("Area with sixteen examples")
    assert off["2"]["largest effect"] < 0.7 < 0.8 < off["0"]["largest effect"]
    assert off["4"]["best induction heads"] > 0.7 > 0.65 > off["8"]["best induction heads"]
    assert off["4"]["function vectors"] > 0.75 > 0.65 > off["8"]["function vectors"]
    assert off["4"]["random: mean"] > 0.8
    assert (off["0"]["largest effect"] - off["2"]["largest effect"]) / 0.347 > 0.5
    assert abs(sixteen.number(r"area changes by (\S+) on the mean")) < 0.03
    ranked = {
        name: re.search(rf"{name}: +(.*)", sixteen.text)[1].split(", ")
        for name in ("by induction", "by effect", "function vectors")
    }
    assert ranked["by induction"][:4] == ["18.6", "17.3", "17.5", "17.4"]
    assert ranked["by induction"][6] == "18.7"
    assert ranked["function vectors"].index("18.7") == 1
    assert ranked["function vectors"].index("18.6") == 7
    copying = sixteen.table("Loss on random tokens")
    assert copying["2"]["largest effect"] > 3 * copying["2"]["random: mean"]


def test_the_heads_take_a_vote_among_the_labels(sixteen):
    moved = sixteen.table("Area, where the heads of largest effect")
    for heads in ("two heads", "four heads"):
        area = {name: row[heads] for name, row in moved.items()}
        assert area["labels alone"] == pytest.approx(area["as they are"], abs=0.02)
        assert area["all alike"] == pytest.approx(area["off"], abs=0.03)
        assert area["exchanged"] < 0.3
    look = sixteen.table("How much of its attention")
    for name in ("18.6", "18.7"):
        assert look[name]["on the same label"] > look[name]["on the other label"] + 0.1
        assert abs(look[name]["weight and likeness"]) < 0.25


def test_a_memory_that_fades_gives_up_some_and_loses_less(sixteen):
    never, a_little, more = sixteen.table("Squared error of the next answer").values()
    before, after = "just before the change", "just after it"
    assert never[before] < 0.01 < a_little[before] < more[before]
    assert never[after] > 1.5 and never[after] > a_little[after] > more[after] > 1
    assert a_little["ten pairs later"] < never["ten pairs later"] < more["ten pairs later"]


def test_a_patch_fits_its_own_question_alone(sixteen):
    step, noise = sixteen.table("What is left unexplained").values()
    own, others, best = step
    assert max(step[own], noise[own]) < 1e-12 < 1 < min(step[others], noise[others])
    assert step[best] < 1e-12 < 1 < noise[best]

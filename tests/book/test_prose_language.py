"""What chapter 16 says in words, on the numbers that it prints."""

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
    gram = sixteen.table("Inner products of the examples")
    assert gram["diagonal"]["mean"] > 9 * gram["off the diagonal"]["standard deviation"]


def test_one_step_believes_its_labels(sixteen):
    for row in sixteen.table("One step with true, flipped").values():
        assert row["true labels"] + row["flipped"] == pytest.approx(100, abs=0.11)
        assert row["shuffled"] == pytest.approx(50, abs=4)


def test_facts_are_hardly_better_than_guessing(sixteen):
    for row in sixteen.table("Facts labelled right").values():
        assert all(45 < share < 60 for share in row.values())

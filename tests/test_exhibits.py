import math

import pytest
import torch

from icllib.exhibits import Exhibit, Panel, Row, at_least, at_most
from icllib.tables import table


@pytest.mark.parametrize(
    ("row", "holds"),
    [
        (at_most("near", 1.0, 1.0), True),
        (at_most("far", 1.1, 1.0), False),
        (at_least("near", 1.0, 1.0), True),
        (at_least("far", 0.9, 1.0), False),
        (at_most("lost", math.nan, 1.0), False),
        (at_least("lost", math.nan, 1.0), False),
        (at_most("endless", math.inf, 1.0), False),
        (Row("only told", 5.0), None),
    ],
)
def test_a_number_keeps_its_bound_or_does_not(row, holds):
    assert row.holds is holds


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([at_most("a", 1.0, 2.0), at_least("b", 3.0, 2.0)], "agrees"),
        ([at_most("a", 1.0, 2.0), at_least("b", 1.0, 2.0)], "agrees in part"),
        ([at_most("a", 3.0, 2.0), at_least("b", 1.0, 2.0)], "does not"),
        ([at_most("a", 1.0, 2.0), Row("told", 9.0)], "agrees"),
        ([at_most("a", 3.0, 2.0), Row("told", 9.0)], "does not"),
        ([Row("told", 9.0)], "does not"),
    ],
)
def test_the_verdict_follows_from_the_bounds_alone(rows, verdict):
    found = Exhibit((), tuple(rows))
    assert found.verdict == verdict
    assert found.missed == [row for row in rows if row.holds is False]


def test_the_table_says_of_every_number_whether_it_keeps_its_bound():
    rows = (at_most("a", 3.0, 2.0, 1.5), Row("told", math.inf), at_least("c", 2.0, 2.0))
    shown = str(table(Exhibit((), rows, "the text").columns(), "Three numbers."))
    assert "the text" in shown and "≤ 2" in shown and "1.5" in shown and "∞" in shown
    assert [line.split()[-1] for line in shown.splitlines()[-3:]] == ["missed", "–", "kept"]
    assert "the text" not in str(table(Exhibit((), rows[1:], "the text").columns(), "Two."))


def test_a_panel_keeps_what_it_is_given():
    panel = Panel("t", "x", "y", (), limits=(0, 1))
    assert panel.scale == "linear" and panel.limits == (0, 1) and not panel.labelled
    assert torch.isnan(torch.tensor(Row("a", 1.0).bound))

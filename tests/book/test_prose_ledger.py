"""What the prose of chapter 17 and of the appendix on the paper says about its numbers."""

import re

import pytest

from icllib.paper import measure

pytestmark = pytest.mark.site


def test_chapter_17_verdicts(page):
    seventeen = page("17_the_ledger")
    assert seventeen.text.count("verdicts are as stored for version") == 1
    assert re.search(r"C05: stored 'holds', measured 'holds in part' \(loss", seventeen.text)
    ledger = {name[:3]: row for name, row in seventeen.rows("The ledger, as this build")}
    others = {name: row["verdict"] for name, row in ledger.items() if row["verdict"] != "holds"}
    in_part = dict.fromkeys(("C11", "C20", "C23"), "holds in part")
    assert others == in_part | {"C21": "does not hold here"}
    broken = seventeen.rows("Every figure that misses")
    by_claim = {name: [row for other, row in broken if other == name] for name, _ in broken}
    assert set(by_claim) == {"C11", "C20", "C21", "C23"} and len(by_claim["C20"]) == 2
    small, large = by_claim["C21"]
    assert "N = 6" in small["figure"] and small["measured"] < 0.5 < 0.99 < large["measured"] < 1.02
    (wait,) = by_claim["C23"]
    assert wait["unit"] == "× one's median" and wait["measured"] > 1
    exact = re.search(r"Identities alone decide (.*)\.", seventeen.text)[1].split(", ")
    assert {"C02", "C03", "C04", "C17", "C18"} <= set(exact)


def test_chapter_17_close_calls(page):
    seventeen = page("17_the_ledger")
    near = seventeen.rows("Close calls")
    assert near and all(abs(row["margin"]) < 0.1 for _, row in near)
    assert any(row["bound"] == "≥ 0.999" for _, row in near)
    turning = re.search(r"^(C\d\d(?:, C\d\d)*)$", seventeen.text, re.M)[1].split(", ")
    assert set(turning) <= {name for name, _ in near}


def test_chapter_17_exercises(page):
    seventeen = page("17_the_ledger")
    expected, some = (seventeen.number(p) for p in (r"expected ([\d.]+)", r"one with (\d+)%"))
    assert expected == pytest.approx(24 * 0.05) and some == pytest.approx(71)
    assert 0.95 < seventeen.number(r"at 5 % ÷ 24 each: [\d.]+, and ([\d.]+)%") / 5 < 1
    assert seventeen.number(r"\n5 good starts: up to (\d+)%") == 45
    for slack, row in seventeen.rows("How often a second run"):
        assert row["simulated"] == pytest.approx(row["formula"], abs=0.005)
        assert row["set beforehand"] > row["formula"] or slack == "0"
    assert seventeen.number(r"ridge, mean loss: ([\d.]+)") <= 0.9
    assert 0 < seventeen.number(r"margin: ([\d.]+) tolerances") < 0.02
    rows = seventeen.rows("Seed 0 of the trained layer")
    assert len(rows) == 4
    assert all(row["loss ÷ the step's"] < row["bound"] for _, row in rows)
    ratios, alone = (
        [row[name] for _, row in rows]
        for name in ("loss ÷ the step's", "step's loss ÷ that of seed 99")
    )
    assert max(alone) - min(alone) > 5 * (max(ratios) - min(ratios))


def test_the_paper_figure_by_figure(page):
    paper = page("the_paper")
    verdicts = paper.table("The sixteen figures of the paper")
    assert list(verdicts) == [str(number) for number in range(1, 17)]
    tables = {n: paper.table(f"Figure {n} of the paper") for n in range(1, 17)}
    missed = {
        n: [name for name, row in rows.items() if "missed" in str(row["bound"])]
        for n, rows in tables.items()
    }
    for number, row in verdicts.items():
        kept, of = re.findall(r"\d+", str(row["bounds kept"]))
        gone = len(missed[int(number)])
        assert int(of) - int(kept) == gone and row["verdict"] != "does not"
        assert (row["verdict"] == "agrees") == (gone == 0)
    assert {n for n, names in missed.items() if names} == {1, 3, 5, 6, 7, 11, 12, 13, 15}
    assert "0 of 16: does not" in paper.text
    assert missed[1] == ["with stripes: loss after 3 ÷ GD's"]
    own = "5 layers: loss ÷ GD++'s, a pair a layer"
    outside = [
        "2 loops: scaled inputs: factor from GD++",
        "5 layers: scaled inputs: factor from GD++",
    ]
    assert sorted(missed[3]) == sorted([own, *outside])
    assert tables[3][own]["ours"] > 2 > 1 > tables[3][own]["authors' code"]
    assert missed[5] == ["linear first layer: loss ÷ one step's"]
    assert tables[5][missed[5][0]]["ours"] < 1.02
    assert not any(name.startswith("One layer") for name in missed[6])
    five = [row for name, row in tables[6].items() if name.startswith("Five layers")]
    assert len(five) == 2 and all(row["authors' code"] > 1.5 for row in five)
    assert missed[7] == ["scaled inputs: factor from GD++"]
    assert tables[7]["GD++ not cut off: loss ÷ trained's"]["ours"] < 0.8
    eight = tables[8]
    assert eight["4 linear: loss ÷ 4 steps of GD++"]["ours"] < 0.9
    assert eight["12 softmax: loss ÷ 12 steps of GD"]["ours"] > 1.2
    assert missed[11] == ["heads off the diagonal: minus their cosine"]
    assert missed[12] == ["2 heads, scaled inputs: factor from GD"]
    assert missed[13] == ["N = 25: worst tenth, 1.2 γ ÷ γ"]
    assert missed[15] == ["8,192 prompts: highest new loss ÷ first"]
    for name in list(tables[14])[:2]:
        row = tables[14][name]
        assert row["ours"] == pytest.approx(row["authors' code"], rel=0.01)


def test_which_blocks_of_the_papers_figure_8_are_nearest_to_which_steps():
    found = measure(8).panels[0].curves
    best = {c.name: list(c.x)[max(range(len(c.y)), key=list(c.y).__getitem__)] for c in found}
    assert best == {"4 linear blocks": 10, "12 softmax blocks": 2}

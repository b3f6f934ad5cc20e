"""The ledger's parts: what a bound means, what a verdict follows from, and what is kept of it."""

import json
import math
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from icllib import claims, ledger
from icllib.files import FileError
from icllib.ledger import SOURCES, ContradictionError, Figure, Verdict, check, history, store
from icllib.store import FOLDER, MissingResultError

GOOD, BAD = Figure("a", 1.0, "≤", 1.5, "× b", 1.0), Figure("c", 0.9, "≥", 1.0)


def verdict(name, *figures):
    return Verdict(name, "Something.", "P", "figure 1", "0", "Sure.", f"run {name}", figures)


@pytest.fixture
def stored(tmp_path):
    """Two verdicts, as they are stored, and their folder."""
    verdicts = [verdict("C98", GOOD), verdict("C99", GOOD, BAD)]
    store(verdicts, tmp_path)
    return verdicts, tmp_path


def test_a_figure_keeps_its_bound_or_does_not():
    assert GOOD.holds and not BAD.holds and Figure("at the bound", 1.0, "≤", 1.0).holds
    assert not Figure("nothing measured", math.nan, "≤", 1.0).holds
    assert not Figure("nothing measured", math.nan, "≥", 1.0).holds


def test_a_margin_is_counted_in_tolerances_and_its_sign_is_the_verdict():
    assert GOOD.margin == 1  # the ideal itself
    assert replace(GOOD, value=1.5).margin == 0 and replace(GOOD, value=1.75).margin == -0.5
    cosine = Figure("cosine", 0.9995, "≥", 0.999, "cosine", 1.0)
    assert cosine.margin == pytest.approx(0.5)
    assert Figure("loss", 2.4, "≥", 1.2).margin == pytest.approx(1)  # twice the bound
    for figure in (GOOD, BAD, cosine):
        assert figure.holds == (figure.margin >= 0)


def test_a_bound_that_leaves_room_for_rounding_only_has_no_margin():
    for figure in (
        Figure("rounding", 1e-16, "≤", 1e-12),
        Figure("count", 9, "≥", 9, "statements", 9),
        Figure("nothing", 0.0, "≤", 0.0),
    ):
        assert figure.is_exact and math.isnan(figure.margin)
    assert not GOOD.is_exact


@pytest.mark.parametrize(
    ("figures", "expected"),
    [((GOOD, GOOD), "holds"), ((GOOD, BAD), "holds in part"), ((BAD, BAD), "does not hold here")],
)
def test_a_verdict_follows_from_its_figures(figures, expected):
    assert verdict("C99", *figures).verdict == expected


def test_a_verdict_is_plain_for_machines():
    told = verdict("C99", GOOD, replace(BAD, value=math.nan)).as_json()
    names = ["id", "sentence", "source", "where", "chapter", "measured", "verdict", "sure"]
    assert list(told) == [*names, "command"]
    assert told["measured"][0] == {
        "what": "a",
        "value": 1.0,
        "unit": "× b",
        "relation": "≤",
        "tolerance": 1.5,
        "holds": True,
    }
    assert told["measured"][1]["value"] is None and not told["measured"][1]["holds"]
    json.dumps(told, allow_nan=False)


def test_the_version_is_that_of_the_project():
    project = Path(claims.__file__).parent.parent / "pyproject.toml"
    assert ledger.version() == tomllib.loads(project.read_text())["project"]["version"]


def test_what_agrees_with_the_history_passes(stored):
    verdicts, folder = stored
    assert ledger.version() in check(verdicts, folder)
    assert check(verdicts[:1], folder)
    # A figure may change as long as the verdict stays.
    assert check([verdicts[0], verdict("C99", replace(GOOD, value=1.2), BAD)], folder)


def test_a_changed_verdict_stops_the_build_with_its_id_and_the_figure_that_turned(stored):
    verdicts, folder = stored
    path = folder / "claims.json"
    path.write_text(path.read_text().replace('"holds in part"', '"holds"'))
    with pytest.raises(ContradictionError, match="C99: stored 'holds', measured 'holds in part'"):
        check(verdicts, folder)
    with pytest.raises(ContradictionError) as caught:
        check([verdict("C98", replace(GOOD, value=2.0)), verdicts[1]], folder)
    assert "C98: stored 'holds', measured 'does not hold here' (a: 2 × b (≤ 1.5))" in str(
        caught.value
    )


def test_a_claim_that_is_not_stored_stops_the_build_too(stored):
    verdicts, folder = stored
    with pytest.raises(ContradictionError, match="C97: no verdict stored, measured 'holds'"):
        check([*verdicts, verdict("C97", GOOD)], folder)


def test_another_version_starts_without_verdicts_and_leaves_the_old_ones(stored, monkeypatch):
    verdicts, folder = stored
    before = history(folder)
    monkeypatch.setattr(ledger, "version", lambda: "99.0.0")
    with pytest.raises(ContradictionError, match=r"C98: no verdict stored.*version 99\.0\.0"):
        check(verdicts, folder)
    store(verdicts[:1], folder)
    after = history(folder)
    assert set(after) == {*before, "99.0.0"} and set(after["99.0.0"]["claims"]) == {"C98"}
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize(
    "content", ["[", "[]", '{"0.1.0": {}}', '{"0.1.0": {"date": 1, "claims": [1]}}']
)
def test_a_broken_history_is_named_and_not_written_over(content, tmp_path):
    (tmp_path / "claims.json").write_text(content)
    for use in (lambda: history(tmp_path), lambda: store([verdict("C98", GOOD)], tmp_path)):
        with pytest.raises(FileError, match=r"claims\.json"):
            use()
    assert (tmp_path / "claims.json").read_text() == content


def test_without_a_history_the_command_that_writes_it_is_named(tmp_path):
    with pytest.raises(MissingResultError, match="icllib claims --store"):
        check([verdict("C98", GOOD)], tmp_path)


def test_the_stored_history_has_every_claim_of_this_version_and_no_other():
    entry = history(FOLDER)[ledger.version()]
    assert list(entry["claims"]) == [claim.id for claim in claims.CLAIMS]
    assert set(SOURCES) == {"I", "P", "F"}

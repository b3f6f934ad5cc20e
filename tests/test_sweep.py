from dataclasses import replace

import pytest
import torch

from icllib import store, sweep
from icllib.experiments import named
from icllib.sweep import run_all


def quick(name, seeds=2):
    recipe = replace(named(name).recipe, steps=4, batch=16)
    return replace(named(name), seeds=seeds, every=2, recipe=recipe)


NAMES = ("one-layer", "looped-2", "softmax-1")


@pytest.fixture
def experiments():
    return [quick(name) for name in NAMES]


def test_what_is_done_is_not_done_again(experiments, tmp_path, monkeypatch):
    ran, run = [], sweep.run

    def until_the_power_fails(experiment, **options):
        if len(ran) == 2:
            raise KeyboardInterrupt
        ran.append(experiment.name)
        return run(experiment, **options)

    monkeypatch.setattr(sweep, "run", until_the_power_fails)
    with pytest.raises(KeyboardInterrupt):
        list(run_all(experiments, folder=tmp_path, progress=False))
    monkeypatch.setattr(sweep, "run", run)
    rest = [each.name for each, _ in run_all(experiments, folder=tmp_path, progress=False)]
    assert sorted(ran + rest) == sorted(NAMES) and len(rest) == 1
    # All are done: the next call is a new one.
    again = [each.name for each, _ in run_all(experiments, folder=tmp_path, progress=False)]
    assert sorted(again) == sorted(NAMES)
    assert not list((tmp_path / ".checkpoints").iterdir())


def test_other_experiments_do_not_count_as_done(experiments, tmp_path):
    first = next(run_all(experiments, folder=tmp_path, progress=False))[0].name
    changed = [replace(each, seeds=1) for each in experiments]
    ran = [each.name for each, _ in run_all(changed, folder=tmp_path, progress=False)]
    assert first in ran and len(ran) == 3


def test_a_damaged_note_costs_time_and_nothing_else(experiments, tmp_path):
    next(run_all(experiments, folder=tmp_path, progress=False))
    (note,) = (tmp_path / ".checkpoints").glob("all-*")
    note.write_text("{")
    assert len(list(run_all(experiments, folder=tmp_path, progress=False))) == 3


def test_the_longest_comes_first(experiments, tmp_path):
    for seconds, experiment in zip((1.0, 30.0, 7.0), experiments, strict=True):
        made = sweep.run(experiment, folder=tmp_path, progress=False)
        store.save(replace(made, record=made.record | {"seconds": seconds}), tmp_path)
    order = [each.name for each, _ in run_all(experiments, folder=tmp_path, progress=False)]
    assert order == ["looped-2", "softmax-1", "one-layer"]


@pytest.mark.slow
def test_two_at_a_time_leave_the_same_bits(experiments, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    alone = {e.name: r for e, r in run_all(experiments, folder=one, progress=False)}
    together = {e.name: r for e, r in run_all(experiments, folder=two, jobs=2)}
    assert set(alone) == set(together) == set(NAMES)
    for name, result in alone.items():
        assert all(
            torch.equal(tensor, together[name].tensors[key])
            for key, tensor in result.tensors.items()
        )
        assert store.load(quick(name), two).record["seeds"] == [0, 1]

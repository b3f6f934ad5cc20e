import json
from dataclasses import dataclass

import pytest
import torch

from icllib import files, store
from icllib.files import FileError
from icllib.store import MissingResultError, Result, StaleResultError


@dataclass(frozen=True)
class Experiment:
    name: str = "demo"
    lr: float = 0.1
    sizes: tuple[int, ...] = (1, 2)


RECORD = {
    "seeds": [0], "steps": [0, 5], "seconds": 1.5, "machine": "a machine", "device": "cpu",
    "date": "2026-01-01",
    "versions": {"torch": "2"},
}  # fmt: skip


def result(value=1.0, experiment=None):
    tensors = {"weights/P": torch.full((1, 2), value), "losses": torch.arange(3.0)}
    return Result("demo", files.plain(experiment or Experiment()), tensors, RECORD)


def test_what_is_saved_is_loaded(tmp_path):
    store.save(result(), tmp_path)
    found = store.load(Experiment(), tmp_path)
    assert found.record == RECORD and found.experiment == result().experiment
    assert all(
        torch.equal(found.tensors[name], tensor) for name, tensor in result().tensors.items()
    )
    assert (
        "python -m icllib run demo: 1 seed, 2 s on a machine (cpu), torch 2, 2026-01-01"
        in found.provenance
    )
    assert store.state_of(Experiment(), tmp_path) == "current"


def test_the_tensors_under_a_prefix_keep_the_rest_of_their_names():
    assert list(result().under("weights")) == ["P"] and result().under("weight") == {}
    assert torch.equal(result(3.0).under("weights")["P"], torch.full((1, 2), 3.0))


def test_saving_again_leaves_one_pair_of_files(tmp_path):
    store.save(result(), tmp_path)
    store.save(result(2.0), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    assert store.load(Experiment(), tmp_path).tensors["weights/P"].tolist() == [[2.0, 2.0]]


def test_a_result_of_a_changed_experiment_is_stale_and_says_what_changed(tmp_path):
    store.save(result(), tmp_path)
    changed = Experiment(lr=0.2)
    with pytest.raises(
        StaleResultError, match=r"lr = 0.1 there, 0.2 now; run `python -m icllib run demo`"
    ):
        store.load(changed, tmp_path)
    assert store.state_of(changed, tmp_path) == "stale"
    longer = Experiment(sizes=(1, 2, 3))
    for other in (longer, Experiment(sizes=(1, 3)), Experiment(lr=1), Experiment(lr=0.1 + 1e-7)):
        assert store.state_of(other, tmp_path) == "stale"
    with pytest.raises(StaleResultError, match=r"sizes\[1\] = 2 there, 3 now"):
        store.load(Experiment(sizes=(1, 3)), tmp_path)


def test_a_result_is_current_on_a_processor_that_rounds_in_another_way(tmp_path):
    store.save(result(), tmp_path)
    assert store.state_of(Experiment(lr=0.1 * (1 + 1e-15)), tmp_path) == "current"


def test_a_missing_or_damaged_result_is_named(tmp_path):
    with pytest.raises(MissingResultError, match=r"demo.json does not exist; run"):
        store.load(Experiment(), tmp_path)
    assert store.state_of(Experiment(), tmp_path) == "missing"
    path = store.save(result(), tmp_path)
    tensors = tmp_path / json.loads(path.read_text())["tensors"]
    content = tensors.read_bytes()
    for broken in (content[:-1], content[:-1] + b"\xff"):
        tensors.write_bytes(broken)
        with pytest.raises(FileError, match=f"{tensors.name} is missing or damaged"):
            store.load(Experiment(), tmp_path)
        assert store.state_of(Experiment(), tmp_path) == "damaged"
    tensors.unlink()
    assert store.state_of(Experiment(), tmp_path) == "damaged"
    for text in ("{", "[]", "{}", json.dumps({"name": "other"})):
        path.write_text(text)
        with pytest.raises(FileError, match=r"demo.json is no"):
            store.load(Experiment(), tmp_path)


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_save_that_breaks_off_leaves_the_old_result(tmp_path, monkeypatch, fails_at):
    store.save(result(), tmp_path)
    calls, replace = [], files.os.replace

    def breaks(source, target):
        calls.append(target)
        if len(calls) == fails_at:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", breaks)
    with pytest.raises(KeyboardInterrupt):
        store.save(result(2.0), tmp_path)
    assert store.load(Experiment(), tmp_path).tensors["weights/P"].tolist() == [[1.0, 1.0]]
    assert not list(tmp_path.glob(".*"))


def test_a_result_can_be_read_by_whoever_can_read_a_plain_file(tmp_path):
    (tmp_path / "plain").touch()
    store.save(result(), tmp_path)
    assert {path.stat().st_mode for path in tmp_path.iterdir()} == {
        (tmp_path / "plain").stat().st_mode
    }


def test_a_digest_does_not_mind_the_order_of_keys_but_every_value():
    assert files.digest({"a": 1, "b": (1, 2)}) == files.digest({"b": [1, 2], "a": 1})
    assert files.digest(Experiment()) != files.digest(Experiment(lr=0.1 + 1e-12))
    assert files.plain({"t": torch.eye(2), "f": result, 1: None}) == {
        "t": [[1, 0], [0, 1]],
        "f": "result",
        "1": None,
    }

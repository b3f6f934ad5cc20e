import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from icllib import rivals, runs, store
from icllib.errors import InputError
from icllib.kinds import Experiment, Rival, Stack, Tuning
from icllib.recipes import Recipe
from icllib.tasks import LinearTask

SMALL = Experiment(
    "demo",
    "?",
    LinearTask(dim_x=3, n_context=6),
    Stack(),
    Recipe(steps=30, batch=64),
    seeds=4,
    every=5,
)


def same(one, other):
    assert (
        one.tensors.keys() == other.tensors.keys() and one.record["steps"] == other.record["steps"]
    )
    for name, tensor in one.tensors.items():
        torch.testing.assert_close(tensor, other.tensors[name], rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.slow
def test_several_processes_train_what_one_trains(tmp_path):
    one = runs.run(SMALL, folder=tmp_path / "one", progress=False)
    several = runs.run(SMALL, folder=tmp_path / "several", jobs=3, progress=False)
    same(one, several)
    same(several, store.load(SMALL, tmp_path / "several"))


def test_an_interrupted_run_goes_on_from_its_checkpoints(tmp_path, monkeypatch):
    whole = runs.run(SMALL, folder=tmp_path / "whole", progress=False)
    taken, sample = [], LinearTask.sample

    def breaks(self, batch, *arguments, **options):
        if batch == SMALL.recipe.batch:
            taken.append(batch)
            if len(taken) == 18:
                raise KeyboardInterrupt
        return sample(self, batch, *arguments, **options)

    monkeypatch.setattr(LinearTask, "sample", breaks)
    with pytest.raises(KeyboardInterrupt):
        runs.run(SMALL, folder=tmp_path, progress=False)
    assert (
        store.state_of(SMALL, tmp_path) == "missing"
        and len(list((tmp_path / ".checkpoints").iterdir())) == 1
    )
    resumed = runs.run(SMALL, folder=tmp_path, progress=False)
    assert len(taken) == 18 + 30 - 15  # from update 15 on
    assert all(torch.equal(resumed.tensors[name], tensor) for name, tensor in whole.tensors.items())


SMALL_TUNING = Tuning(
    "rivals-demo",
    "?",
    LinearTask(dim_x=2, n_context=4),
    (Rival("GD", {1: ((1.0,), (2.0,)), 2: ((1.0,),)}), Rival("CG", {2: ((),)})),
    batch=50,
    judged_on=100,
)


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_an_interrupted_tuning_goes_on_with_what_is_not_finished(tmp_path, monkeypatch, jobs):
    whole = runs.run(SMALL_TUNING, folder=tmp_path / "whole", progress=False)
    done, settle = [], rivals.settle

    def breaks(tuning, rival, depth):
        if len(done) == 2:
            done.append("interrupted")
            raise KeyboardInterrupt
        done.append((rival.form, depth))
        return settle(tuning, rival, depth)

    monkeypatch.setattr(rivals, "settle", breaks)
    with pytest.raises(KeyboardInterrupt):
        runs.run(SMALL_TUNING, folder=tmp_path, progress=False)
    assert store.state_of(SMALL_TUNING, tmp_path) == "missing"
    resumed = runs.run(SMALL_TUNING, folder=tmp_path, jobs=jobs, progress=False)
    assert jobs > 1 or done == [("GD", 1), ("GD", 2), "interrupted", ("CG", 2)]
    assert not list((tmp_path / ".checkpoints").iterdir())
    assert resumed.tensors.keys() == whole.tensors.keys()
    took = {name: t for name, t in resumed.tensors.items() if name.startswith("seconds/")}
    assert resumed.record["seconds"] == pytest.approx(float(sum(took.values())), abs=0.06)
    for name in resumed.tensors.keys() - took.keys():
        assert torch.equal(resumed.tensors[name], whole.tensors[name])
    with pytest.raises(store.StaleResultError, match="judged_on = 100 there, 101 now"):
        store.load(replace(SMALL_TUNING, judged_on=101), tmp_path)


def test_a_seed_that_stopped_early_leaves_a_gap_and_the_record_says_so(tmp_path):
    hot = replace(SMALL, recipe=replace(SMALL.recipe, lr=1e30, clip=None), seeds=2)
    with pytest.warns(UserWarning, match="stopped"):
        result = runs.run(hot, folder=tmp_path, progress=False)
    assert set(result.record["stopped"]) == {"0", "1"}
    parts = [
        ({"losses": torch.ones(n, 1), "weights/P": torch.ones(1, 2)}, list(range(n)), {}, 1.0)
        for n in (3, 2)
    ]
    tensors, about = runs._gather([0, 1], parts)
    assert tensors["losses"].isnan().tolist() == [[False, False], [False, False], [False, True]]
    assert about["steps"] == [0, 1, 2]


def test_bad_input_is_refused(tmp_path):
    with pytest.raises(InputError, match="jobs = 0"):
        runs.run(SMALL, jobs=0, folder=tmp_path)
    with pytest.raises(InputError, match="device = 'tpu'"):
        runs.run(SMALL, device="tpu", folder=tmp_path)
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="device = 'cuda', expected 'cpu'"):
            runs.run(SMALL, device="cuda", folder=tmp_path)


def test_the_record_names_versions_and_the_kind_of_machine(tmp_path):
    record = runs.run(replace(SMALL, seeds=1), folder=tmp_path, progress=False).record
    assert set(record["versions"]) == {"python", "torch", "icllib"}
    assert "cores" in record["machine"] and os.uname().nodename not in record["machine"]


@contextlib.contextmanager
def cluster(workers):
    """A scheduler and its workers, each a process of its own."""
    command = [sys.executable, "-u", "-m"]
    quiet = {"stderr": subprocess.STDOUT, "text": True}
    scheduler = subprocess.Popen(
        [
            *command,
            "distributed.cli.dask_scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
        ],
        stdout=subprocess.PIPE,
        **quiet,
    )
    address = None
    while address is None:
        line = scheduler.stdout.readline()
        assert line, "the scheduler did not start"
        address = (re.search(r"Scheduler at:\s+(tcp://\S+)", line) or [None, None])[1]
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "60"]
    started = [
        subprocess.Popen(
            [*command, "distributed.cli.dask_worker", address, *options],
            stdout=subprocess.DEVNULL,
            **quiet,
        )
        for _ in range(workers)
    ]
    try:
        yield address, started
    finally:
        for process in [*started, scheduler]:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_cluster_of_one_core_does_the_work_itself(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    expected = runs.run(SMALL, folder=tmp_path / "here", progress=False)
    with cluster(workers=1) as (address, _):
        monkeypatch.setattr(runs, "train", not_here)
        runs.run(SMALL, scheduler=address, folder=tmp_path / "there", progress=False)
    same(expected, store.load(SMALL, tmp_path / "there"))


def not_here(*_, **__):
    raise AssertionError("trained in the client")


@pytest.mark.slow
def test_a_cluster_without_a_worker_is_told_and_left(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(runs, "_PATIENCE", 1)
    with cluster(workers=0) as (address, _):
        with pytest.raises(InputError, match="with a worker"):
            runs.run(SMALL, scheduler=address, folder=tmp_path, progress=False)
        with pytest.raises(ValueError, match="No clients found"):
            distributed.default_client()


@pytest.mark.slow
@pytest.mark.long
def test_a_cluster_that_loses_a_worker_loses_nothing(tmp_path):
    pytest.importorskip("distributed")
    longer = replace(SMALL, recipe=replace(SMALL.recipe, steps=1500), every=50)
    expected = runs.run(longer, folder=tmp_path / "here", progress=False)
    with cluster(workers=2) as (address, workers):
        code = (
            "import sys; from pathlib import Path;"
            "from tests.test_runs import SMALL, replace, runs;"
            "longer = replace(SMALL, recipe=replace(SMALL.recipe, steps=1500), every=50);"
            "runs.run(longer, scheduler=sys.argv[1], folder=Path(sys.argv[2]))"
        )
        caller = subprocess.Popen([sys.executable, "-c", code, address, str(tmp_path / "there")])
        checkpoints = tmp_path / "there" / ".checkpoints"
        while caller.poll() is None and not (
            checkpoints.exists() and len(list(checkpoints.glob("demo*"))) >= 2
        ):
            time.sleep(0.02)
        assert caller.poll() is None, "the run ended before a worker could be killed"
        workers[0].send_signal(signal.SIGKILL)
        assert caller.wait(timeout=300) == 0
    found = store.load(longer, tmp_path / "there")
    assert found.record["seeds"] == [0, 1, 2, 3]
    same(expected, found)

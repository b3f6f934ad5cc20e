import gc
import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from icllib import experiments, runs, store
from icllib.__main__ import main
from icllib.experiments import NAMED, PAPER, named
from icllib.kinds import Rival, Tuning


@pytest.fixture
def small(monkeypatch):
    """Two experiments that take a moment."""
    quick = {
        name: replace(
            named(name), seeds=2, every=2, recipe=replace(named(name).recipe, steps=4, batch=16)
        )
        for name in ("one-layer", "looped-2")
    }
    for module in (experiments, sys.modules["icllib.__main__"]):
        monkeypatch.setattr(module, "NAMED", quick)
        monkeypatch.setattr(module, "LARGE", {})
    return quick


def test_list_shows_every_experiment_and_whether_its_result_is_current(small, tmp_path, capsys):
    assert main(["--folder", str(tmp_path), "run", "one-layer"]) == 0
    assert re.search(
        r"one-layer: [\d.]+ s, loss by seed 0\.\d{4}, 0\.\d{4}", capsys.readouterr().out
    )
    assert main(["--folder", str(tmp_path), "list"]) == 0
    shown = dict(re.findall(r"^(\S+) +(current|stale|missing) ", capsys.readouterr().out, re.M))
    assert shown == {"one-layer": "current", "looped-2": "missing", "smollm2": "missing"}


def test_run_all_runs_all(small, tmp_path):
    assert main(["--folder", str(tmp_path), "run", "all"]) == 0
    assert all(store.state_of(experiment, tmp_path) == "current" for experiment in small.values())


def test_what_needs_an_accelerator_is_listed_apart_and_left_out_by_run_all(
    small, tmp_path, capsys, monkeypatch
):
    large = {"huge": replace(small["one-layer"], name="huge")}
    for module in (experiments, sys.modules["icllib.__main__"]):
        monkeypatch.setattr(module, "LARGE", large)
    assert main(["--folder", str(tmp_path), "run", "all"]) == 0
    capsys.readouterr()
    assert main(["--folder", str(tmp_path), "list"]) == 0
    own, apart = capsys.readouterr().out.split("Only by name")
    assert "huge" not in own and re.search(r"^huge +missing ", apart, re.M)
    assert main(["--folder", str(tmp_path), "run", "huge"]) == 0
    assert store.state_of(large["huge"], tmp_path) == "current"


def test_rivals_are_listed_run_and_shown_like_trainings(tmp_path, capsys, monkeypatch):
    gd = Rival("GD", {1: ((5.0,),), 2: ((5.0,),)})
    quick = {
        "rivals-demo": Tuning("rivals-demo", "How low?", PAPER, (gd,), batch=50, judged_on=100)
    }
    for module in (experiments, sys.modules["icllib.__main__"]):
        monkeypatch.setattr(module, "NAMED", quick)
    assert main(["--folder", str(tmp_path), "run", "all"]) == 0
    said = r"rivals-demo: [\d.]+ s, trimmed means GD, K = 1: 0\.\d+; GD, K = 2: 0\.\d+"
    assert re.search(said, capsys.readouterr().out)
    assert main(["--folder", str(tmp_path), "list"]) == 0
    assert re.search(r"rivals-demo +current +How low\?", capsys.readouterr().out)


def test_another_number_of_seeds_is_another_experiment(small, tmp_path, capsys):
    assert main(["--folder", str(tmp_path), "run", "one-layer", "--seeds", "1"]) == 0
    assert json.loads((tmp_path / "one-layer.json").read_text())["record"]["seeds"] == [0]
    main(["--folder", str(tmp_path), "list"])
    assert re.search(r"one-layer +stale", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "two-layer"], "name = 'two-layer', expected one of"),
        (["run", "one-layer", "--seeds", "0"], "seeds = 0"),
        (["run", "one-layer", "--jobs", "0"], "jobs = 0"),
        (["run", "one-layer", "--file", "x.gguf"], "--file was given, but one-layer reads no"),
        (["run", "smollm2", "--seeds", "2"], "--seeds was given, but smollm2 trains nothing"),
        (["run", "smollm2", "--file", "x", "--device", "cpu"], "--device was given, but smollm2"),
        (["run", "one-layer", "--device", "abacus"], "device = 'abacus'"),
        (["run", "rivals-paper", "--seeds", "2"], "rivals-paper trains nothing that has seeds"),
        (["claims"], "does not exist; run"),
    ],
)
def test_a_mistake_is_named_in_one_line(arguments, message, tmp_path, capsys):
    assert main(["--folder", str(tmp_path), *arguments]) == 1
    said = capsys.readouterr().err
    assert message in said and said.startswith("icllib: ") and said.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_named_in_one_line(small, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["--folder", str(tmp_path / "file" / "results"), "run", "one-layer"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("icllib: ") and "cannot be written" in said and said.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "foo://host:1"])
def test_a_scheduler_that_does_not_answer_is_named_in_one_line(
    address, small, tmp_path, capfd, monkeypatch
):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(runs, "_PATIENCE", 1)
    assert main(["--folder", str(tmp_path), "run", "one-layer", "--scheduler", address]) == 1
    said = capfd.readouterr().err
    assert f"scheduler = '{address}' does not answer" in said and said.count("\n") == 1
    clients = [thing for thing in gc.get_objects() if type(thing) is distributed.Client]
    assert all(client.status == "closed" for client in clients)


def test_a_client_that_does_not_start_in_time_is_no_traceback(small, tmp_path, capsys, monkeypatch):
    def too_busy(*address, **options):
        raise AssertionError  # as distributed does, when its loop is not there after ten seconds

    monkeypatch.setattr("distributed.Client", too_busy)
    arguments = ["--folder", str(tmp_path), "run", "one-layer", "--scheduler", "tcp://127.0.0.1:1"]
    assert main(arguments) == 1
    assert "does not answer" in capsys.readouterr().err


def test_an_interruption_and_a_full_disk_end_in_one_line(small, tmp_path, capsys, monkeypatch):
    def fails(*arguments, **options):
        raise errors.pop()

    monkeypatch.setattr(sys.modules["icllib.__main__"], "run", fails)
    errors = [OSError(28, "No space left on device", "x.json"), KeyboardInterrupt()]
    for status, words in [(130, "the same command goes on"), (1, "x.json: No space left")]:
        assert main(["--folder", str(tmp_path), "run", "one-layer"]) == status
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1


@pytest.mark.slow
def test_a_poor_terminal_and_a_reader_who_has_seen_enough_stop_no_command():
    code = (
        "import sys; from types import SimpleNamespace; import icllib.__main__ as own;"
        "one = SimpleNamespace(id='C1', verdict='holds', sentence='≤ λ', figures=[]);"
        "own.claims.decide = lambda folder, only: [one] * 100_000;"
        "sys.exit(own.main(['claims']))"
    )
    settings = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", code]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=settings, **pipe) as process:
        assert process.stdout.readline() == "C1  holds            ? ?\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


@pytest.mark.slow
def test_the_command_is_there():
    shown = subprocess.run(
        [sys.executable, "-m", "icllib", "--help"], capture_output=True, text=True, check=True
    )
    assert all(word in shown.stdout for word in ("list", "run", "claims"))
    assert len(NAMED) > 20

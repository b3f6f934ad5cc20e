"""Measure the speed that the book claims, and print each figure beside its target.

Usage: run.py [--only NAME ...] [--json FILE]
"""

# ruff: noqa: E402
from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "book"), str(HERE.parent / "tools")]

from book import build, imports, tests
from busy import busy
from course import course
from figure import machine
from layers import layer, tracing
from pages import figures, loads, weights
from race import race
from sweep import sweep
from training import targets, training

MEASURES = {
    measure.__name__: measure
    for measure in (
        build,
        tests,
        imports,
        figures,
        weights,
        loads,
        tracing,
        layer,
        training,
        targets,
        sweep,
        race,
        busy,
        course,
    )
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what speed the book claims.")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    arguments = parser.parse_args()
    print(machine(), flush=True)
    found = []
    for name in arguments.only:
        for figure in MEASURES[name]():
            found.append(figure)
            verdict = (
                ""
                if figure.target is None
                else "met"
                if figure.value <= figure.target
                else "MISSED"
            )
            target = "" if figure.target is None else f"≤ {figure.target:.4g} {figure.unit}"
            print(
                f"  {figure.what:<62} {figure.value:>9.4g} {figure.unit:<3} {target:<12} {verdict}",
                flush=True,
            )
    if arguments.json:
        text = json.dumps(
            {"machine": machine(), "figures": [asdict(figure) for figure in found]}, indent=1
        )
        arguments.json.write_text(text + "\n", encoding="utf-8")
    missed = [
        figure for figure in found if figure.target is not None and figure.value > figure.target
    ]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

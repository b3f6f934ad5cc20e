"""The book as a whole: its build, its tests, its import."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from figure import ROOT, Figure, quiet, seconds

FAST_TESTS = "not slow and not browser and not site"


def build() -> Iterator[Figure]:
    """Build a copy of the book: from nothing, again, and after a change in one chapter's prose."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "book"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns("_build", ".*", "__pycache__", "*.egg-info")
        )
        driver = [sys.executable, copy / "tools" / "build.py"]
        yield Figure(
            "build with execution of every page",
            seconds(lambda: quiet(*driver, cwd=copy)),
            "s",
            180,
        )
        yield Figure("build after no change", seconds(lambda: quiet(*driver, cwd=copy)), "s", 20)
        page = copy / "chapters" / "06_one_layer_is_one_step.md"
        page.write_text(
            page.read_text(encoding="utf-8") + "\nOne more sentence.\n", encoding="utf-8"
        )
        yield Figure(
            "build after a change of prose", seconds(lambda: quiet(*driver, cwd=copy)), "s", 30
        )


def tests() -> Iterator[Figure]:
    """Run the fast tests, two at a time."""
    yield Figure(
        "fast tests",
        seconds(lambda: quiet(sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", FAST_TESTS)),
        "s",
        60,
    )


def imports() -> Iterator[Figure]:
    """Import the library in a fresh interpreter, torch's own import not counted."""
    modules = "tasks, learners, theory, tokens, attention, construct"
    code = (
        f"import torch, time; t = time.perf_counter(); from icllib import {modules}; "
        "print(time.perf_counter() - t)"
    )
    times = [float(quiet(sys.executable, "-c", code)) for _ in range(5)]
    yield Figure(
        "import of icllib's core beyond torch's, median of 5", statistics.median(times), "s", 0.3
    )

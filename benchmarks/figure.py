"""What every benchmark yields, and what they share."""

from __future__ import annotations

import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Figure:
    """One measured number; `target` is the largest value that keeps a promise."""

    what: str
    value: float
    unit: str
    target: float | None = None


def machine() -> str:
    """The machine that the figures belong to."""
    import torch

    from icllib.store import machine as kind

    return f"{kind()}, Python {platform.python_version()}, torch {torch.__version__}"


def seconds(action: Callable[[], object]) -> float:
    """Seconds that pass during an action."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def quiet(*command: object, cwd: Path = ROOT, **options: object) -> str:
    """Run a command without showing what it prints; return its output.

    Raises:
        SystemExit: the command failed; its output is in the message.
    """
    result = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, **options
    )
    if result.returncode:
        raise SystemExit(
            f"{' '.join(map(str, command))} failed:\n{result.stdout[-3000:]}{result.stderr[-3000:]}"
        )
    return result.stdout

"""The cell that fetches the library where a notebook lacks it: in Colab, or after a download."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable

CELL = """\
# @title Get the book's library, where it is missing
# Where all that this page imports is there, nothing happens.
import importlib.util
import platform
import subprocess
import sys
from importlib.metadata import version

NEEDED = {needed}
LIBRARY = "{library}"
TORCH, CPU_BUILDS = "{torch}", "https://download.pytorch.org/whl/cpu"


class NotReadyError(Exception):
    def _render_traceback_(self):  # one sentence in place of a traceback
        return [str(self)]


def missing():
    importlib.invalidate_caches()
    return [name for name in NEEDED if not importlib.util.find_spec(name)]


def install(*what):
    command = [sys.executable, "-m", "pip", "install", "--quiet"]
    done = subprocess.run([*command, *what], capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip() or "nothing").splitlines()
        why = next((line for line in said if "ERROR" in line), said[-1])
        raise NotReadyError(
            f"This page needs {{', '.join(missing())}}, and pip could not "
            f"install it. Is there a network? (pip says: {{why}})"
        )


if "torch" in missing():  # the version of the book, without CUDA
    linux = platform.system() == "Linux"
    install(TORCH, *(["--index-url", CPU_BUILDS] if linux else []))
if "icllib" in missing():
    install(LIBRARY)
if missing():
    install(*missing())
if version("torch").split("+")[0] != TORCH.split("==")[1]:
    print(f"The pages were made with {{TORCH}}, here is {{version('torch')}}:",
          "last digits may differ.")
"""


def imported(sources: Iterable[str]) -> list[str]:
    """The packages outside the standard library that cells import, in alphabetical order."""
    names = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add((node.module or "").split(".")[0])
    return sorted(names - set(sys.stdlib_module_names))


def library(repository: str, branch: str) -> str:
    """What pip is asked for: the library, with all that chapters import, from the repository."""
    if repository.startswith("https://github.com/"):  # an archive needs no git
        return f"icllib[book] @ {repository}/archive/refs/heads/{branch}.zip"
    return f"icllib[book] @ git+{repository}@{branch}"


def source(sources: Iterable[str], repository: str, branch: str, torch: str) -> str:
    """The cell for a page with these cells; `torch` is the pinned requirement."""
    needed = repr(sorted({"icllib", "torch", *imported(sources)})).replace("'", '"')
    if len(needed) > 70:
        needed = "[\n    " + needed[1:-1].replace(", ", ",\n    ") + ",\n]"
    return CELL.format(needed=needed, library=library(repository, branch), torch=torch)

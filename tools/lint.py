"""Check, or with --fix mend, the form of all code: Python, chapters' cells, scripts of the pages.

Usage: lint.py [--fix] [FILE …]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cells

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "_sphinx"))

from notebooks import is_notebook  # noqa: E402 (found in the folder above)

COLUMNS = 100
SKIPPED = {"_build", ".venv", ".git", "katex", "__pycache__"}
BIN = Path(sys.executable).parent


def files(ending: str) -> list[Path]:
    """The book's own files with an ending, relative to its root."""
    found = []
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if name not in SKIPPED]
        own = (name for name in names if name.endswith(ending) and ".min." not in name)
        found += [Path(folder, name).relative_to(ROOT) for name in own]
    return sorted(found)


def pages() -> list[Path]:
    """The book's pages and assignments that hold code."""
    folders = ("intro.md", "chapters", "assignments")
    places = (path for path in files(".md") if path.parts[0] in folders)
    return [path for path in places if is_notebook(ROOT / path)]


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def program(name: str) -> str:
    """A tool of this environment."""
    found = shutil.which(name, path=str(BIN)) or shutil.which(name)
    if found is None:
        raise SystemExit(
            f"{name} is not installed: run `make environment`, or install tests/requirements.txt."
        )
    return found


def run(*command: str | Path) -> list[str]:
    """The lines that a tool prints when it complains."""
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    return (result.stdout + result.stderr).strip().splitlines() if result.returncode else []


def python_complaints(paths: list[Path]) -> Iterator[str]:
    if paths:
        yield from run(*cells.RUFF, "check", "--quiet", "--output-format=concise", *paths)
        yield from run(*cells.RUFF, "format", "--check", "--output-format=concise", *paths)


def script_complaints(paths: list[Path]) -> Iterator[str]:
    if not paths:
        return
    # The parts of a live figure are put together in one page: a name may be used in another file.
    options = ("--format=unix", "--deny-warnings", "--disable-unicorn-plugin", "-A=no-unused-vars")
    yield from run(program("oxlint"), *options, *paths)
    yield from run(program("oxfmt"), "--list-different", *paths)
    for path in paths:
        for number, line in enumerate(read(path).splitlines(), 1):
            if len(line) > COLUMNS:
                yield f"{path}:{number}: {len(line)} columns, expected at most {COLUMNS}"


def mend(python: list[Path], chapters: list[Path], scripts: list[Path]) -> None:
    """Lay out files anew; what a layout cannot mend is left for the check."""
    if python:
        run(*cells.RUFF, "format", "--quiet", *python)
    for path in chapters:
        (ROOT / path).write_text(cells.mended(read(path)), encoding="utf-8")
    if scripts:
        run(program("oxfmt"), *scripts)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check the form of all code.")
    parser.add_argument("--fix", action="store_true", help="lay the files out first")
    parser.add_argument("files", nargs="*", type=Path, help="these files alone")
    options = parser.parse_args(arguments)
    chosen = {Path(os.path.relpath(path, ROOT)) for path in options.files}

    def some(paths: list[Path]) -> list[Path]:
        return [path for path in paths if not chosen or path in chosen]

    python, chapters, scripts = some(files(".py")), some(pages()), some(files(".js"))
    if others := chosen.difference(python, chapters, scripts):
        names = ", ".join(sorted(map(str, others)))
        parser.error(f"{names}: no Python, script, or page with code of the book")
    if options.fix:
        mend(python, chapters, scripts)
    found = [*python_complaints(python), *script_complaints(scripts)]
    for path in chapters:
        found += [line.removeprefix(f"{ROOT}/") for line in cells.complaints(ROOT / path)]
    print("\n".join(found) if found else "All code is in form.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

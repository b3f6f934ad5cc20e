"""Check, or with --fix mend, the form of all code: Python, chapters' cells, scripts of the pages.

Usage: lint.py [--fix] [FILE …]

What `[tool.book]` of pyproject.toml lists is not yet in form: its sense is checked,
and not its layout. A file that is mended leaves the list, and is held to the rules from then on.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import cells

ROOT = Path(__file__).resolve().parent.parent
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
    """The book's pages that hold code."""
    places = (path for path in files(".md") if path.parts[0] in ("intro.md", "chapters"))
    return [path for path in places if "kernelspec:" in read(path)[:600]]


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def unformed() -> set[Path]:
    """The files and folders that are excused.

    Raises:
        SystemExit: the list names something that does not exist.
    """
    listed = tomllib.loads(read(Path("pyproject.toml")))["tool"]["book"]["not-yet-in-form"]
    for name in listed:
        if not (ROOT / name).exists():
            raise SystemExit(f"pyproject.toml, [tool.book]: {name} is gone; take it off the list.")
    return set(map(Path, listed))


def is_excused(path: Path, excused: set[Path]) -> bool:
    return not excused.isdisjoint([path, *path.parents])


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


def python_complaints(paths: list[Path], excused: set[Path]) -> Iterator[str]:
    strict, lenient = (
        [p for p in paths if is_excused(p, excused) == loose] for loose in (False, True)
    )
    if strict:
        yield from run(*cells.RUFF, "check", "--quiet", "--output-format=concise", *strict)
        yield from run(*cells.RUFF, "format", "--check", "--output-format=concise", *strict)
    if lenient:
        yield from run(
            *cells.RUFF,
            "check",
            "--quiet",
            "--output-format=concise",
            "--ignore=E501,I001",
            *lenient,
        )


def script_complaints(paths: list[Path], excused: set[Path]) -> Iterator[str]:
    if not paths:
        return
    # The parts of a live figure are put together in one page: a name may be used in another file.
    options = ("--format=unix", "--deny-warnings", "--disable-unicorn-plugin", "-A=no-unused-vars")
    yield from run(program("oxlint"), *options, *paths)
    strict = [path for path in paths if not is_excused(path, excused)]
    if strict:
        yield from run(program("oxfmt"), "--list-different", *strict)
    for path in strict:
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
    parser.add_argument("files", nargs="*", type=Path, help="these files alone, listed or not")
    options = parser.parse_args(arguments)
    excused = set() if options.files else unformed()
    chosen = {path.resolve().relative_to(ROOT) for path in options.files}

    def some(paths: list[Path]) -> list[Path]:
        return [path for path in paths if not chosen or path in chosen]

    python, chapters, scripts = some(files(".py")), some(pages()), some(files(".js"))
    if options.fix:
        mend(
            *(
                [path for path in paths if not is_excused(path, excused)]
                for paths in (python, chapters, scripts)
            )
        )
    found = [*python_complaints(python, excused), *script_complaints(scripts, excused)]
    for path in chapters:
        if not is_excused(path, excused):
            found += [line.removeprefix(f"{ROOT}/") for line in cells.complaints(ROOT / path)]
    print("\n".join(found) if found else "All code is in form.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

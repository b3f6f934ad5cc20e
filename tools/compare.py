"""Say in what two built sites, or any two folders, differ. Usage: compare.py ONE OTHER

Times that a page measures while it is built are no difference, where `MEASURED` names them.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from terminal import in_one_sentence

SHOWN = 60
#: Files with times measured in the build: what attention costs, and what search knows of it.
MEASURED = ("chapters/05_linear_attention.html", "_static/search/entries.js")
_NUMBER = re.compile(rb"\b[0-9a-f]{10,}\b|[0-9][0-9.,]*|\s+")


def files(folder: Path) -> dict[str, Path]:
    """Name inside the folder → file."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {name: path for name, path in sorted(found.items()) if path.is_file()}


def differences(one: Path, other: Path) -> Iterator[str]:
    """A sentence for each file that is not the same in both folders."""
    left, right = files(one), files(other)
    for name in sorted(left.keys() | right.keys()):
        if name not in right:
            yield f"{name} is in {one} alone."
        elif name not in left:
            yield f"{name} is in {other} alone."
        else:
            before, after = left[name].read_bytes(), right[name].read_bytes()
            if before != after and not (name in MEASURED and alike(before, after)):
                yield f"{name} differs{where(before, after)}"


def alike(before: bytes, after: bytes) -> bool:
    """Whether two texts differ in their numbers alone."""
    return _NUMBER.sub(b" ", before) == _NUMBER.sub(b" ", after)


def where(before: bytes, after: bytes) -> str:
    """The place of the first difference, and some of what stands there."""
    pairs = itertools.zip_longest(before, after)
    place = next(index for index, (a, b) in enumerate(pairs) if a != b)
    if b"\0" in before[:8000] + after[:8000]:
        return f" from byte {place} on."
    start = max(before.rfind(b"\n", 0, place) + 1, place - SHOWN // 2)
    line = before[:place].count(b"\n") + 1
    shown = [text[start : start + SHOWN].decode(errors="replace") for text in (before, after)]
    return f" from line {line} on: {shown[0]!r}, {shown[1]!r}."


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Say in what two folders differ.")
    parser.add_argument("one", type=Path)
    parser.add_argument("other", type=Path)
    options = parser.parse_args(arguments)
    for folder in (options.one, options.other):
        if not folder.is_dir():
            print(f"{folder} is no folder.", file=sys.stderr)
            return 2
    found = list(differences(options.one, options.other))
    print("\n".join(found) if found else f"All {len(files(options.one))} files are the same.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(main))

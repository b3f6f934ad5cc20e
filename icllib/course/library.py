"""The part of the book's library that a sandbox holds: what an assignment names, and no answers."""

from __future__ import annotations

import ast
import compileall
import shutil
from pathlib import Path

from icllib.course.key import FormError

__all__ = ["closure", "make_library"]

PACKAGE = Path(__file__).resolve().parent.parent
_COURSE = ("__init__", "wire", "guard", "runner")


def closure(names: tuple[str, ...]) -> set[str]:
    """The modules of icllib that these need, themselves included.

    Raises:
        FormError: there is no such module, or it needs one that decides answers.
    """
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        path = PACKAGE / f"{name}.py"
        if name in found:
            continue
        if not path.is_file():
            raise FormError(f"library: {name!r}, expected modules of icllib that are one file")
        found.add(name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("icllib"):
                parts = node.module.split(".")
                todo += [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
    return found


def make_library(names: tuple[str, ...], folder: Path) -> Path:
    """Write the package into a new folder, compiled, and return the folder."""
    package = folder / "icllib"
    (package / "course").mkdir(parents=True)
    needed = closure(tuple(names)) | {"errors", "__init__"}
    for name in needed:
        shutil.copy(PACKAGE / f"{name}.py", package)
    for name in _COURSE:
        shutil.copy(PACKAGE / "course" / f"{name}.py", package / "course")
    if "datasets" in needed:
        shutil.copytree(PACKAGE / "data", package / "data")
    compileall.compile_dir(folder, quiet=2)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder

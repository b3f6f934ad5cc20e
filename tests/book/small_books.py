"""Books of two pages with the settings, extension and driver of the real one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from listing import ROOT

HEADER = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

"""
CELL = "```{code-cell}\n%s\n```\n\n"


def new_book(root: Path) -> Path:
    """A book in an empty folder; its page `chapters/one` is to be written."""
    for name in ("_sphinx", "_static", "tools"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "icllib").mkdir()
    for file in (ROOT / "icllib").glob("*.py"):
        shutil.copy(file, root / "icllib")
    (root / "chapters").mkdir()
    shutil.copy(ROOT / "chapters" / "references.bib", root / "chapters")
    for name in ("_config.yml", "requirements.txt"):
        shutil.copy(ROOT / name, root)
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nchapters:\n  - file: chapters/one\n"
    )
    (root / "intro.md").write_text("# Start\n\nSee {doc}`chapters/one`.\n")
    return root


def write(root: Path, text: str) -> None:
    (root / "chapters" / "one.md").write_text(HEADER + "# One\n\n" + text)


def make(root: Path, **environment: str) -> tuple[int, str]:
    """Build a book; status and output."""
    result = subprocess.run(
        [sys.executable, root / "tools" / "build.py"],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        cwd=root,
        env=os.environ | environment,
    )
    return result.returncode, result.stdout + result.stderr

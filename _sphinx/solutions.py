"""A book without solutions, for a class that hands its exercises in: ``SOLUTIONS=0 make book``.

Sources are read without them, so that none is left on a page, in a notebook, or in what the search
looks through.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from labels import directive, parser

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def left_out() -> bool:
    """Whether this build leaves the solutions out."""
    return os.environ.get("SOLUTIONS", "1") == "0"


def without_solutions(text: str) -> str:
    """A page's source without `{solution}` and without all between `{solution-start}` and
    `{solution-end}`, cells of code included.

    Raises:
        ValueError: a solution begins and does not end.
    """
    kept, done, start = [], 0, None
    lines = text.splitlines(keepends=True)
    for token in parser().parse(text):
        name = found.name if token.level == 0 and (found := directive(token)) else ""
        if name == "solution-start":
            start = token.map[0]
        elif name == "solution-end" or name == "solution":
            first = token.map[0] if start is None else start
            kept += lines[done:first]
            done, start = token.map[1], None
    if start is not None:
        raise ValueError(f"a solution begins in line {start + 1} and does not end")
    return "".join(kept + lines[done:])


def published(text: str) -> str:
    """A page's source as this build shows it."""
    return without_solutions(text) if left_out() else text


def leave_out(app: Sphinx, docname: str, source: list[str]) -> None:
    """Take the solutions out of what Sphinx reads."""
    source[0] = published(source[0])


def setup(app: Sphinx) -> None:
    # A build with solutions reads every page again after one without, and the other way round.
    app.add_config_value("book_solutions", "0" if left_out() else "1", "env")
    app.connect("source-read", leave_out)

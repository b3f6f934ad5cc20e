"""What a cell prints stands on the page as it was written.

A kernel sends it in pieces, cut wherever its clock has it. myst-nb ends every piece with a new line
of its own, so that the page would depend on the clock: the pieces are put together first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from myst_nb.core import render

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from sphinx.application import Sphinx


def whole(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs of a cell with each stream in one piece, where its first piece stood."""
    kept, streams = [], {}
    for output in outputs:
        if output["output_type"] != "stream":
            kept.append(output)
        elif output["name"] in streams:
            streams[output["name"]]["text"] += output["text"]
        else:
            streams[output["name"]] = output.copy()
            kept.append(streams[output["name"]])
    return kept


def setup(app: Sphinx) -> None:
    merge = render.coalesce_streams
    render.coalesce_streams = lambda outputs: merge(whole(outputs))

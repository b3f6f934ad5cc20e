"""Questions to the reader: three at the end of a chapter (`quiz`), and a guess before a cell
(`predict`).

In the source::

    :::{quiz}
    Which way does a step of gradient descent go?

    - [x] Down.

      Against the gradient, which points up.
    - [ ] Up.

      So goes gradient *ascent*.
    :::
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from labels import parser

VERDICTS = {True: "Right.", False: "Not this one."}
_MARK = re.compile(r"\[([ x])\]\s+")


@dataclass(frozen=True)
class Choice:
    """An answer to choose, whether it is the right one, and what it teaches (MyST)."""

    right: bool
    answer: str
    explanation: str


def read(body: str) -> tuple[str, list[Choice]]:
    """The question and its choices.

    Raises:
        ValueError: the body is no question with a list of two or more choices, each marked and
            explained, one of them right.
    """
    lines, tokens = body.splitlines(), parser().parse(body)
    items = [t for t in tokens if t.type == "list_item_open" and t.level == 1]
    if not items or not (question := "\n".join(lines[: items[0].map[0]]).strip()):
        raise ValueError("expected a question, and below it a list of choices")
    choices = []
    for item in items:
        start, end = item.map
        text = "\n".join(line[2:] for line in lines[start:end]).strip()
        first, _, explanation = text.partition("\n\n")
        if not (mark := _MARK.match(first)) or not explanation.strip():
            raise ValueError(f"expected '[x]' or '[ ]', an answer, and a paragraph: {first!r}")
        choices.append(Choice(mark[1] == "x", first[mark.end() :], explanation.strip()))
    if len(choices) < 2 or sum(choice.right for choice in choices) != 1:
        raise ValueError(f"expected two or more choices, one of them right: {question!r}")
    return question, choices

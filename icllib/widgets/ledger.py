"""The ledger: every claim with its verdict, to be filtered and opened (chapter 17)."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence

from icllib.errors import InputError
from icllib.files import shipped
from icllib.ledger import Verdict
from icllib.plots import COLORS, canvas, to_svg
from icllib.widgets.base import LiveFigure

__all__ = ["Ledger"]

_VERDICTS = ("holds", "holds in part", "does not hold here")
_SHORT = {"holds": "holds", "holds in part": "in part", "does not hold here": "not here"}
_TINTS = dict(zip(_VERDICTS, ("gd", "query", "trained"), strict=True))
_SOURCES = {"I": "interview", "P": "paper", "F": "follow-ups"}


class Ledger(LiveFigure):
    """Filter the claims by verdict, chapter, source and words; open a row for its figures.

    Args:
        verdicts: the measured claims.
        pages: chapter, as claims name it → address of its page, from the page that shows the
            figure. Those that lie beside the library unless given; chapters without a page get no
            link.

    Raises:
        InputError: no verdict.
    """

    name = "ledger"
    caption = (
        "All claims. Choose a verdict, a chapter or a source, or type words; a row opens to its "
        "figures and bounds, how sure we are, and the command that measures it. Which claims do "
        "not simply hold, and by which figures? Choose the interview: for how many of its "
        "claims is the verdict an identity? Type “plateau”: which chapters speak of it?"
    )

    def __init__(self, verdicts: Sequence[Verdict], pages: Mapping[str, str] | None = None) -> None:
        if not verdicts:
            raise InputError("verdicts is empty, expected at least one measured claim")
        pages = _pages() if pages is None else pages
        super().__init__(
            data={
                "claims": [_row(verdict, pages) for verdict in verdicts],
                "verdicts": list(_VERDICTS),
                "chapters": _chapters(each.chapter.split(", ") for each in verdicts),
                "sources": list(_SOURCES.values()),
            },
            state={"verdict": "", "chapter": "", "source": "", "words": "", "open": []},
        )

    def compute(self, state: dict) -> dict:
        """The ids of the claims that the filters leave, and how many have each verdict."""
        shown = [claim for claim in self.data["claims"] if _passes(claim, state)]
        counts = [sum(claim["verdict"] == kind for claim in shown) for kind in _VERDICTS]
        return {"shown": [claim["id"] for claim in shown], "counts": counts}

    def answers(self) -> list[str]:
        claims = self.data["claims"]
        rest = [
            f"{claim['id']} ({'; '.join(f['text'] for f in claim['figures'] if not f['holds'])})"
            for claim in claims
            if claim["verdict"] != _VERDICTS[0]
        ]
        told = [claim for claim in claims if "interview" in claim["sources"]]
        exact = [claim["id"] for claim in told if claim["exact"]]
        found = [claim for claim in claims if _passes(claim, self.state | {"words": "plateau"})]
        chapters = _chapters(claim["chapters"] for claim in found)
        return [
            f"{', '.join(rest)}." if rest else "All of them hold.",
            f"For {len(exact)} of {len(told)}"
            + (f": {', '.join(exact)}." if exact else ".")
            + " All others are statistics: of seeds, prompts or sizes that somebody chose.",
            f"{' and '.join(map(_named, chapters)).capitalize()}." if found else "None of them.",
        ]

    def picture(self) -> str:
        claims = self.data["claims"]
        rows = math.ceil(len(claims) / 6)
        figure, ax = canvas(5, 0.5 * rows + 0.3, title="The verdicts of this build")
        for place, claim in enumerate(claims):
            x, y = place % 6, rows - place // 6
            color = COLORS[_TINTS[claim["verdict"]]][0]
            ax.fill([x, x + 0.94, x + 0.94, x], [y, y, y - 0.9, y - 0.9], color=color, alpha=0.3)
            words = f"{claim['id']}\n{_SHORT[claim['verdict']]}"
            ax.text(x + 0.47, y - 0.45, words, ha="center", va="center", fontsize=9)
        ax.set(xlim=(0, 6), ylim=(0, rows), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.grid(False)
        counts = self.compute(self.state)["counts"]
        told = ", ".join(f"{n} {kind}" for n, kind in zip(counts, _VERDICTS, strict=True))
        return to_svg(figure, f"Of {len(claims)} claims: {told}. The table names them.") + _table(
            claims
        )


def _chapters(parts: Iterable[list[str]]) -> list[str]:
    """All chapters in their order, the introduction first."""
    all_of_them = {chapter for part in parts for chapter in part}
    return sorted(all_of_them, key=lambda chapter: int(chapter) if chapter.isdigit() else 0)


def _named(chapter: str) -> str:
    return f"chapter {chapter}" if chapter.isdigit() else f"the {chapter}"


def _pages() -> dict[str, str]:
    """Chapter → the address of its page, where the book's chapters lie beside the library."""
    found = sorted(shipped("chapters").glob("[0-9][0-9]_*.md"))
    pages = {str(int(path.stem[:2])): f"{path.stem}.html" for path in found}
    return {"introduction": "../intro.html"} | pages if pages else {}


def _row(verdict: Verdict, pages: Mapping[str, str]) -> dict:
    """One claim, as the page needs it."""
    chapters = verdict.chapter.split(", ")
    figures = [  # with a true minus sign
        {"text": str(figure).replace(" -", " −"), "holds": figure.holds}
        for figure in verdict.figures
    ]
    names = ("id", "sentence", "where", "verdict", "sure", "command")
    return {name: getattr(verdict, name) for name in names} | {
        "sources": [_SOURCES[letter] for letter in verdict.source.split(", ")],
        "chapters": chapters,
        "pages": [pages.get(chapter, "") for chapter in chapters],
        "figures": figures,
        "exact": all(figure.is_exact for figure in verdict.figures),
    }


def _passes(claim: dict, state: dict) -> bool:
    texts = [claim["id"], claim["sentence"], claim["where"], claim["sure"]]
    text = " ".join([*texts, *(figure["text"] for figure in claim["figures"])]).lower()
    return (
        state["verdict"] in ("", claim["verdict"])
        and (not state["chapter"] or state["chapter"] in claim["chapters"])
        and (not state["source"] or state["source"] in claim["sources"])
        and all(word in text for word in state["words"].lower().split())
    )


def _table(claims: Sequence[dict]) -> str:
    """All rows, for a reader without scripts."""

    def row(claim: dict) -> str:
        links = [
            f'<a href="{html.escape(page)}">{_named(chapter)}</a>' if page else _named(chapter)
            for chapter, page in zip(claim["chapters"], claim["pages"], strict=True)
        ]
        source = f"{', '.join(claim['sources'])}: {html.escape(claim['where'])}"
        figures = "".join(f"<li>{html.escape(f['text'])}</li>" for f in claim["figures"])
        return (
            f'<tr><th scope="row">{claim["id"]}. {html.escape(claim["sentence"])}<br>'
            f"({source}; {', '.join(links)})</th><td><b>{claim['verdict']}</b><br>"
            f"{html.escape(claim['sure'])}<br><code>{html.escape(claim['command'])}</code></td>"
            f"<td><ul>{figures}</ul></td></tr>"
        )

    names = ("claim", "verdict, how sure, command", "figures and bounds")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        '<div class="icl-table-box" role="group" tabindex="0" aria-label="All claims" '
        'style="overflow-x: auto"><table class="icl-table">'
        "<caption><span>All claims, with their figures and bounds.</span></caption>"
        '<colgroup><col style="width: 28%"><col style="width: 27%"><col></colgroup>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(map(row, claims))}</tbody></table></div>"
    )

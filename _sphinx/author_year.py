"""The bibliography keyed as the text cites: author and year in place of letters and digits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from plain_markdown import authors, year
from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.unsrt import Style
from pybtex.style.labels import BaseLabelStyle
from sphinx.application import Sphinx


def label(entry: Entry) -> str:
    """Ahn et al., 2023: the first author alone where there are more than two."""
    return f"{authors(entry)}, {year(entry)}"


class AuthorYearLabels(BaseLabelStyle):
    """Labels by author and year; a, b, … tell works of the same people and year apart."""

    def format_labels(self, sorted_entries: Iterable[Entry]) -> Iterator[str]:
        labels = [label(entry) for entry in sorted_entries]
        twins = {name for name, count in Counter(labels).items() if count > 1}
        seen: Counter[str] = Counter()
        for name in labels:
            seen[name] += 1
            yield name + "abcdefghij"[seen[name] - 1] if name in twins else name


class AuthorYearStyle(Style):
    default_sorting_style = "author_year_title"
    default_label_style = AuthorYearLabels


def setup(app: Sphinx) -> None:
    register_plugin("pybtex.style.formatting", "author_year", AuthorYearStyle)
    app.connect(
        "config-inited",
        lambda app, config: setattr(config, "bibtex_default_style", "author_year"),
        priority=100,
    )

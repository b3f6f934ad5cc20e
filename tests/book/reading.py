"""What a built page shows of its numbers: the sentences that it printed, and its tables."""

import re
from pathlib import Path

from bs4 import BeautifulSoup, Tag

_POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


class Page:
    """The output of one page's cells."""

    def __init__(self, path: Path) -> None:
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        self.text = "\n".join(output.get_text() for output in soup.select(".cell_output pre"))
        self._tables = soup.select("table.icl-table")
        self._figures = soup.select("figure:has(figcaption)")

    def rows(self, start: str) -> list[tuple[str, dict[str, float | str]]]:
        """The table whose caption starts so: a row's name, and the name of the column → number, or text."""
        found = [each for each in self._tables if each.caption.get_text().strip().startswith(start)]
        assert len(found) == 1, f"{len(found)} tables have a caption that starts with {start!r}"
        names = [cell.get_text() for cell in found[0].select("thead th")]
        return [
            (
                row.th.get_text(),
                {
                    name: value(cell.get_text())
                    for name, cell in zip(names[1:], row.select("td"), strict=True)
                },
            )
            for row in found[0].select("tbody tr")
        ]

    def table(self, start: str) -> dict[str, dict[str, float | str]]:
        """The same by the names of its rows, which must differ."""
        rows = self.rows(start)
        assert len(dict(rows)) == len(rows), f"two rows of {start!r} have one name"
        return dict(rows)

    def column(self, start: str, name: str) -> list[float | str]:
        """One column of that table, from top to bottom."""
        return [row[name] for _, row in self.rows(start)]

    def figure(self, start: str) -> list[list[float]]:
        """The numbers told of each panel of the figure whose caption starts so, in their order."""
        found = [f for f in self._figures if _caption(f).startswith(start)]
        assert len(found) == 1, f"{len(found)} figures have a caption that starts with {start!r}"
        told = [panel.get("aria-label", "") for panel in found[0].select("svg[aria-label]")]
        return [[float(n) for n in re.findall(r"\d+\.\d+", text)] for text in told]

    def number(self, pattern: str) -> float:
        """The number that the one group of a pattern finds first in the text."""
        found = re.search(pattern, self.text)
        assert found, f"the page does not print {pattern!r}"
        return value(found[1])


def _caption(figure: Tag) -> str:
    """The words of a figure's caption, without its number."""
    return re.sub(r"^Figure [\d.]+\s*", "", figure.figcaption.get_text().strip())


def value(text: str) -> float | str:
    """The number that a cell shows, without its interval; a word as it is."""
    plain = text.replace("−", "-").replace(",", "").split(" ± ")[0].strip("() ")
    mantissa, times, power = plain.partition(" × 10")
    try:
        return float(mantissa) * 10.0 ** int(power.translate(_POWERS) if times else "0")
    except ValueError:
        return text

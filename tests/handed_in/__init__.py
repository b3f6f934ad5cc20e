"""Right answers to every exercise, and the mistakes that learners make, chapter by chapter."""

import importlib
from pathlib import Path

from handed_in import (
    chapter_01,
    chapter_02,
    chapter_03,
    chapter_04,
    chapter_05,
    chapter_06,
    chapter_07,
    chapter_08,
    chapter_09,
    chapter_10,
    chapter_11,
    chapter_12,
    chapter_13,
    chapter_14,
    chapter_15,
    chapter_16,
    chapter_17,
    what_you_need,
)
from handed_in.entries import Entry
from icllib import checks

__all__ = ["MODULES", "TABLE", "Entry"]

CHAPTERS = sorted(path.stem for path in Path(checks.__file__).parent.glob("chapter_*.py"))
#: The modules of the book's checks, in the order of its pages.
MODULES = [
    importlib.import_module(f"icllib.checks.{page}")
    for page in ("intro", *CHAPTERS, "what_you_need")
]

TABLE = chapter_01.ENTRIES + chapter_02.ENTRIES + chapter_03.ENTRIES + chapter_04.ENTRIES
TABLE += chapter_05.ENTRIES + chapter_06.ENTRIES + chapter_07.ENTRIES + chapter_08.ENTRIES
TABLE += chapter_09.ENTRIES + chapter_10.ENTRIES + chapter_11.ENTRIES + chapter_12.ENTRIES
TABLE += chapter_13.ENTRIES + chapter_14.ENTRIES + chapter_15.ENTRIES + chapter_16.ENTRIES
TABLE += chapter_17.ENTRIES + what_you_need.ENTRIES

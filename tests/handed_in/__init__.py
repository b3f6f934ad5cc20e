"""Right answers to every exercise, and the mistakes that learners make, chapter by chapter."""

from importlib import import_module
from pathlib import Path

from handed_in.entries import Entry
from icllib import checks

__all__ = ["MODULES", "TABLE", "Entry"]

_CHAPTERS = sorted(path.stem for path in Path(checks.__file__).parent.glob("chapter_*.py"))
_PAGES = [*_CHAPTERS, "what_you_need"]

#: The modules of the book's checks, in the order of its pages.
MODULES = [import_module(f"icllib.checks.{page}") for page in ("intro", *_PAGES)]
#: What is handed in to each check; the introduction's stand with those of chapter 1.
TABLE = [entry for page in _PAGES for entry in import_module(f"handed_in.{page}").ENTRIES]

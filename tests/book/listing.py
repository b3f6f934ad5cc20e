"""The pages of the book, from its table of contents."""

from pathlib import Path

import yaml
from notebooks import is_notebook

ROOT = Path(__file__).resolve().parent.parent.parent
_toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))

#: Names of all pages, without their ending.
PAGES = [_toc["root"]] + [chapter["file"] for part in _toc["parts"] for chapter in part["chapters"]]

#: The pages that run code.
CHAPTERS = [name for name in PAGES if is_notebook(ROOT / f"{name}.md")]

#: Those that teach, with exercises; the page that goes along with the paper only shows.
TEACHING = [name for name in CHAPTERS if name != "chapters/the_paper"]

#: The introduction and the numbered chapters: these have a live figure, the appendices have none.
ALIVE = [name for name in CHAPTERS if name == _toc["root"] or name.split("/")[-1][0].isdigit()]

#: The numbered chapters.
NUMBERED = [name for name in ALIVE if name != _toc["root"]]

_SLIDERS = ("descent", "shots", "memory", "spectrum", "copying", "scrub", "optimum")
_SLIDERS += ("pools", "curves", "emergence")

#: For each live figure, a control and a key that moves it.
MOVE = dict.fromkeys(_SLIDERS, ("input[type=range]", "ArrowRight")) | {
    "line_fit": ("circle[tabindex]", "ArrowUp"),
    "ledger": ("input[type=text]", "x"),
    "loops": ("input[type=range]", "ArrowLeft"),
    "kernels": ("input[type=range] >> nth=2", "ArrowLeft"),
    "inspector": (".icl-cell[tabindex='0']", "ArrowLeft"),
    "block_builder": ("button >> nth=1", "Enter"),
    "few_shot": ("input[type=checkbox] >> nth=0", "Space"),
    "prompt_writer": ("input[type=checkbox] >> nth=1", "Space"),
}

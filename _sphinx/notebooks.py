"""Every chapter as a notebook: beside the site for download, and behind the Binder and Colab buttons.

Usage without Sphinx: notebooks.py FOLDER (write the notebook of every chapter under that folder)
"""

from __future__ import annotations

import os
import posixpath
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import jupytext
import nbformat
import yaml

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "_notebooks"
COLAB_CELL = """\
# On Colab the library is not there yet: fetch the book, install its library, and go to the chapter's folder.
try:
    import icllib
except ImportError:
    !git clone --quiet --depth 1 {url} book
    %pip install --quiet ./book
    %cd book/{folder}
"""


def is_notebook(source: Path) -> bool:
    """A page that has code: MyST with a kernel in its header."""
    return source.suffix == ".md" and "kernelspec:" in source.read_text(encoding="utf-8")[:600]


def convert(source: Path, folder: str, repository: str) -> nbformat.NotebookNode:
    """The page as a notebook without outputs, with a first cell that fetches the library where it is missing."""
    notebook = jupytext.read(source)
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index}"
    first = nbformat.v4.new_code_cell(COLAB_CELL.format(url=repository, folder=folder), id="fetch-the-library")
    notebook.cells.insert(0, first)
    return notebook


def repository() -> str:
    """The address of the repository: the variable BOOK_REPOSITORY_URL, else what _config.yml says."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return os.environ.get("BOOK_REPOSITORY_URL") or config["repository"]["url"]


def write_all(target: Path) -> None:
    """Write the notebook of every chapter under a folder."""
    for source in [ROOT / "intro.md", *sorted((ROOT / "chapters").glob("*.md"))]:
        if is_notebook(source):
            name = source.relative_to(ROOT).with_suffix(".ipynb")
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(convert(source, posixpath.dirname(name.as_posix()), repository()), target / name)


def add_buttons(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Put the page's notebook into the download menu, and Binder and Colab into the launch menu, as plain links."""
    if "header_buttons" not in context or pagename not in app.env.found_docs:
        return
    keep = [button for button in context["header_buttons"] if button.get("label") != "launch-buttons"]
    if is_notebook(Path(app.env.doc2path(pagename))):
        url = app.config.html_theme_options["repository_url"].rstrip("/")
        repository = url.removeprefix("https://github.com/")
        notebook = f"{pagename}.ipynb"
        depth = "../" * pagename.count("/")
        links = [
            ("Binder", f"https://mybinder.org/v2/gh/{repository}/main?urlpath=lab/tree/{notebook}"),
            ("Colab", f"https://colab.research.google.com/github/{repository}/blob/notebooks/{notebook}"),
        ]
        launch = {
            "type": "group",
            "icon": "fas fa-rocket",
            "label": "launch-buttons",
            "tooltip": "Run this page",
            "buttons": [
                {
                    "type": "link",
                    "url": link,
                    "text": name,
                    "tooltip": f"Run in {name}",
                    "label": f"launch-{name.lower()}",
                }
                for name, link in links
            ],
        }
        download = {
            "type": "link",
            "url": f"{depth}{FOLDER}/{notebook}",
            "text": ".ipynb",
            "icon": "fas fa-file",
            "tooltip": "Download this page as a notebook",
            "label": "download-notebook",
        }
        for button in keep:
            if button.get("label") == "download-buttons":
                button["buttons"].insert(0, download)
        keep.insert(0, launch)
    context["header_buttons"] = keep


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))

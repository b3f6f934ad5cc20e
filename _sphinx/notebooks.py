"""Every chapter as a notebook: for download, and behind the Binder and Colab buttons.

Usage without Sphinx: notebooks.py FOLDER (write the notebook of every chapter under that folder)
"""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import first_cell
import jupytext
import nbformat
import solutions
import yaml
from labels import Book, read_book
from nbformat import NotebookNode
from plain_markdown import SOLUTION, SOLVED, Translator, details

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "_notebooks"  # on the site
BINDER_FOLDER = "notebooks"  # on Binder, where binder/postBuild writes them
HIDDEN = {
    "hide-input": ("source_hidden",),
    "hide-output": ("outputs_hidden",),
    "hide-cell": ("source_hidden", "outputs_hidden"),
    "remove-input": ("source_hidden",),
    "remove-output": ("outputs_hidden",),
    "remove-cell": ("source_hidden", "outputs_hidden"),
}


def is_notebook(source: Path) -> bool:
    """A page that has code: MyST with a kernel in its header."""
    return source.suffix == ".md" and "kernelspec:" in source.read_text(encoding="utf-8")[:600]


def convert(source: Path, page: str, book: Book | None = None) -> NotebookNode:
    """A page as a notebook: plain Markdown, folded solutions, a cell that fetches the library.

    Args:
        page: the page's name, as in _toc.yml; links of the page start from its folder.
        book: titles and labels that the page refers to (default: of the whole book).
    """
    myst = solutions.published(source.read_text(encoding="utf-8"))
    notebook = jupytext.reads(myst, fmt="md:myst")
    text = Translator(book or whole_book(), page, site())
    cells, solution = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cells.append(_code_cell(cell, solution))
        else:
            written, solution = _text_cells(text.blocks(cell.source), solution)
            cells += written
    torch = next(
        line
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if line.startswith("torch==")
    )
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    first = nbformat.v4.new_code_cell(first_cell.source(code, repository(), branch(), torch))
    cells.insert(1, fold(first, "source_hidden"))
    for index, cell in enumerate(cells):
        cell["id"] = f"cell-{index}"
    notebook.cells = cells
    notebook.metadata = NotebookNode(kernelspec=notebook.metadata["kernelspec"])
    return notebook


def _code_cell(cell: NotebookNode, solution: str) -> NotebookNode:
    """A cell of code, folded where the page folds it."""
    tags = cell.metadata.get("tags", [])
    if solution:
        return fold(cell, "source_hidden", "outputs_hidden", title=solution)
    hidden = [part for tag in tags for part in HIDDEN.get(tag, ())]
    return (
        fold(
            cell, *hidden, title="Code of this figure or table" if "source_hidden" in hidden else ""
        )
        if hidden
        else cell
    )


def fold(cell: NotebookNode, *parts: str, title: str = "") -> NotebookNode:
    """Fold the source or the outputs of a cell, as JupyterLab and Colab each write it down."""
    jupyter = dict.fromkeys(parts, True)
    cell.metadata = NotebookNode(cell.metadata | {"jupyter": jupyter})
    if "source_hidden" in parts:
        cell.metadata["cellView"] = "form"
        cell.source = f"# @title {title}\n{cell.source}" if title else cell.source
    if "outputs_hidden" in parts:
        cell.metadata["collapsed"] = True
    return cell


def _text_cells(text: str, solution: str) -> tuple[list[NotebookNode], str]:
    """The cells of a text, and the solution open at its end; its words go into their own box."""
    cells = []
    for piece in re.split(rf"(?m)^({SOLUTION}.*|{SOLVED})$", text):
        if piece.startswith(SOLUTION):
            solution = piece[1:]
        elif piece == SOLVED:
            solution = ""
        elif piece.strip():
            piece = details(solution, piece.strip()) if solution else piece.strip("\n")
            title, _, rest = piece.partition("\n") if piece.startswith("# ") else (piece, "", "")
            cells += [
                nbformat.v4.new_markdown_cell(part.strip("\n"))
                for part in (title, rest)
                if part.strip()
            ]
    return cells, solution


@cache
def whole_book() -> Book:
    return read_book()


@cache
def _config() -> dict:
    return yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))


def repository() -> str:
    """The address of the repository: $BOOK_REPOSITORY_URL, else what _config.yml says."""
    url = os.environ.get("BOOK_REPOSITORY_URL") or _config()["repository"]["url"]
    return url.strip().rstrip("/").removesuffix(".git")


def branch() -> str:
    """The branch that readers get: $BOOK_REPOSITORY_BRANCH, else what _config.yml says."""
    return os.environ.get("BOOK_REPOSITORY_BRANCH") or _config()["repository"].get("branch", "main")


def pages_of(repository: str) -> str:
    """Where GitHub Pages shows a repository; nothing for one that lies elsewhere."""
    github = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+?)(?:\.git)?/?", repository.strip())
    return f"https://{github[1].lower()}.github.io/{github[2]}" if github else ""


def address(baseurl: str) -> str:
    """Where the site is published: $BOOK_SITE_URL, the Pages of $BOOK_REPOSITORY_URL (a fork does
    not take the address of the original), or html.baseurl of _config.yml; else nothing."""
    fork = pages_of(os.environ.get("BOOK_REPOSITORY_URL", ""))
    return (os.environ.get("BOOK_SITE_URL") or fork or baseurl).rstrip("/")


def site() -> str:
    """The address that the links of notebooks lead to."""
    known = address(_config()["html"].get("baseurl") or "")
    return known or pages_of(repository()) or repository()


def write_all(target: Path) -> None:
    """Write the notebook of every chapter under a folder."""
    for source in [ROOT / "intro.md", *sorted((ROOT / "chapters").glob("*.md"))]:
        if is_notebook(source):
            name = source.relative_to(ROOT).with_suffix("")
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(convert(source, name.as_posix()), target / f"{name}.ipynb")


def add_buttons(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Put the notebook into the download menu, Binder and Colab into the launch menu, as links."""
    if "header_buttons" not in context or pagename not in app.env.found_docs:
        return
    keep = [
        button for button in context["header_buttons"] if button.get("label") != "launch-buttons"
    ]
    if is_notebook(Path(app.env.doc2path(pagename))):
        url = app.config.html_theme_options["repository_url"].rstrip("/")
        repository = url.removeprefix("https://github.com/")
        notebook = f"{pagename}.ipynb"
        depth = "../" * pagename.count("/")
        links = [
            (
                "Binder",
                f"https://mybinder.org/v2/gh/{repository}/{branch()}?urlpath=lab/tree/{BINDER_FOLDER}/{notebook}",
            ),
            (
                "Colab",
                f"https://colab.research.google.com/github/{repository}/blob/notebooks/{notebook}",
            ),
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

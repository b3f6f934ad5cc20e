"""`SOLUTIONS=0 make book`: a site without the solutions, for a class that hands its answers in."""

import ast

import jupytext
import notebooks
import pytest
import solutions
from labels import directive, parser
from listing import NUMBERED, ROOT
from small_books import CELL, make, new_book, write

WORDS, CODE, LATER = "Seventeen blue herons.", "heron_number = 17", "after the heron"
PAGE = (
    ":::{exercise}\n:label: ex-bird\nHow many?\n:::\n\n"
    f":::{{solution-start}} ex-bird\n:class: dropdown\n:::\n\n{WORDS}\n\n"
    + CELL % CODE
    + f":::{{solution-end}}\n:::\n\n{LATER}\n\n"
    + CELL % "print('kept')"
)


def code_of(text: str) -> list[str]:
    cells = jupytext.reads(text, fmt="md:myst").cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def used(cells: list[str]) -> set[str]:
    nodes = [node for cell in cells for node in ast.walk(ast.parse(cell))]
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def bound(cells: list[str]) -> set[str]:
    """What some code gives a name to, arguments and caught errors included."""
    found = set()
    for node in [node for cell in cells for node in ast.walk(ast.parse(cell))]:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name)
    return found


def test_what_lies_between_the_borders_goes_and_the_rest_stays():
    assert solutions.without_solutions(PAGE) == PAGE.replace(
        PAGE[PAGE.index(":::{solution-start}") : PAGE.index(f"\n{LATER}")], ""
    )
    assert solutions.without_solutions("No code.\n") == "No code.\n"
    folded = "A.\n\n:::{solution} ex\nB.\n:::\n\nC.\n"
    assert solutions.without_solutions(folded) == "A.\n\n\nC.\n"


def test_a_solution_without_an_end_is_named():
    with pytest.raises(ValueError, match="begins in line 3 and does not end"):
        solutions.without_solutions("a\n\n:::{solution-start} ex\n:::\n\nb\n")


@pytest.mark.parametrize("name", NUMBERED)
def test_no_chapter_needs_what_a_solution_defines(name):
    text = (ROOT / f"{name}.md").read_text(encoding="utf-8")
    short = solutions.without_solutions(text)
    left = [found.name for found in map(directive, parser().parse(short)) if found]
    assert "exercise" in left and not any("solution" in name for name in left)
    full, kept = code_of(text), code_of(short)
    assert len(kept) < len(full)
    assert not (bound(full) - bound(kept)) & used(kept)


@pytest.mark.site
@pytest.mark.slow
@pytest.mark.long
def test_no_file_of_the_site_holds_a_solution_and_the_next_build_has_them_again(tmp_path):
    root = new_book(tmp_path)
    write(root, PAGE)
    for choice in ("0", "1"):
        status, output = make(root, SOLUTIONS=choice)
        assert status == 0, output
        files = [path for path in (root / "_build" / "html").rglob("*") if path.is_file()]
        texts = {path: path.read_bytes() for path in files}
        for part in (WORDS.encode(), b"heron_number"):
            found = [path for path, text in texts.items() if part in text]
            assert bool(found) == (choice == "1"), found
        assert any(LATER.encode() in text for text in texts.values())


def test_a_notebook_is_made_without_them(monkeypatch, tmp_path):
    monkeypatch.setenv("SOLUTIONS", "0")
    name = NUMBERED[5]
    notebook = notebooks.convert(ROOT / f"{name}.md", name)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "Solution to exercise" not in text and "# @title Solution" not in text
    assert "must_hold" not in text

"""The form of the code: what `make lint` says of chapters, Python and scripts, and mends."""

import subprocess
import sys
from pathlib import Path

import cells
import lint
import pytest

HEADER = "---\nkernelspec: {display_name: Python 3, name: python3}\n---\n\n# Page\n\n"
LONG = "x = 1  # " + "a" * 80
SHOWN = "```{code-cell}\n%s\n```\n\n"
FOLDED = "```{code-cell}\n:tags: [hide-input]\n\n%s\n```\n\n"


@pytest.fixture
def page(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "chapters" / "page.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEADER + text, encoding="utf-8")
        return path

    return write


FAULTS = {
    "a line too long": (SHOWN % LONG, 8, "E501"),
    "a line too long in a folded cell": (FOLDED % LONG, 10, "E501"),
    "a name that nobody uses": (SHOWN % "import math", 8, "F401"),
    "no Python": (SHOWN % "x = = 1", 8, "invalid-syntax"),
    "another layout": (SHOWN % "x = 1\ny = 'a'", 9, "make format"),
    "a blank line too many": (SHOWN % "x = 1\n\n\n\n\ny = 2", 11, "make format"),
    "a cell that is indented": ("  ```{code-cell}\n  x = 1\n  ```\n", 8, "is indented"),
    "a long cell": (SHOWN % "\n".join(f"x{n} = {n}" for n in range(26)), 8, "26 lines"),
    "a string with four values": (
        SHOWN % 'a = b = c = d = 1\nprint(f"{a} {b} "\n      f"{c} {d}")',
        9,
        "4 values",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_cell_is_named_with_its_line_in_the_page(fault, page):
    text, line, words = FAULTS[fault]
    path = page(text)
    found = [complaint for complaint in cells.complaints(path) if words in complaint]
    assert found and all(complaint.startswith(f"{path}:{line}:") for complaint in found)


def test_what_is_folded_may_be_long_and_what_stands_in_the_text_is_no_cell(page):
    body = "\n".join(f'x{n} = f"{{x{n - 1}}}{{1}}{{2}}{{3}}"' for n in range(1, 30))
    text = SHOWN % "x0 = 0\n{x0}" + FOLDED % body + f"Text.\n\n```python\n{LONG}\n```\n"
    assert list(cells.complaints(page(text))) == []


def test_mending_lays_cells_out_and_touches_nothing_else(page):
    text = (
        "Text 'a'.\n\n" + FOLDED % "x = { 'a':1 }" + "More.\n\n" + SHOWN % "def f( ): return 1\nf()"
    )
    mended = cells.mended(HEADER + text)
    assert mended == HEADER + "Text 'a'.\n\n" + FOLDED % 'x = {"a": 1}' + "More.\n\n" + (
        SHOWN % "def f():\n    return 1\n\n\nf()"
    )
    assert cells.mended(mended) == mended
    assert list(cells.complaints(page(mended.removeprefix(HEADER)))) == []


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A folder with one file of each kind out of form."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\n")
    (tmp_path / "one.py").write_text("x = 'a'\n")
    (tmp_path / "chapters" / "two.md").write_text(HEADER + SHOWN % "x = 'a'")
    (tmp_path / "_build").mkdir()
    (tmp_path / "_build" / "made.py").write_text("x = 'a'\n")
    monkeypatch.setattr(lint, "ROOT", tmp_path)
    return tmp_path


def test_each_file_is_checked_until_it_is_mended(book, capsys):
    assert lint.main([]) == 1
    said = capsys.readouterr().out
    assert "one.py" in said and "chapters/two.md:8:" in said and "_build" not in said
    assert lint.main(["--fix"]) == 0
    assert (book / "one.py").read_text() == 'x = "a"\n' and 'x = "a"' in (
        book / "chapters" / "two.md"
    ).read_text()


def test_files_can_be_looked_at_alone_and_what_is_minified_is_left_alone(book, monkeypatch):
    (book / "good.py").write_text('x = "a"\n')
    (book / "other.min.js").write_text("x = 'a'")
    monkeypatch.chdir(book)
    assert lint.main(["good.py"]) == 0 and lint.main(["one.py"]) == 1
    assert lint.files(".js") == []


@pytest.mark.parametrize("name", ["chapters/three.md", "other.min.js", "../elsewhere.py"])
def test_a_file_that_holds_no_code_of_the_book_is_named(name, book, monkeypatch, capsys):
    monkeypatch.chdir(book)
    (book / "other.min.js").write_text("x = 'a'")
    with pytest.raises(SystemExit):
        lint.main(["one.py", name])
    assert f"{name}: no Python, script, or page" in capsys.readouterr().err


@pytest.mark.skipif(lint.BIN.joinpath("oxfmt").exists() is False, reason="oxfmt is not installed")
def test_scripts_are_laid_out_and_looked_at(book, capsys):
    (book / "figure.js").write_text(f"const a = 'b' // {'c' * 100}\nif (a = 1) debugger;\n")
    assert lint.main(["--fix"]) == 1
    said = capsys.readouterr().out
    assert "figure.js:1: 1" in said and "no-debugger" in said
    (book / "figure.js").write_text("export default 1\n")
    assert lint.main(["--fix"]) == 0 and (book / "figure.js").read_text() == "export default 1;\n"


def test_a_tool_that_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(lint, "BIN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="oxlint is not installed: run `make environment`"):
        lint.program("oxlint")


@pytest.mark.slow
def test_the_book_is_in_form():
    command = [sys.executable, Path(lint.ROOT) / "tools" / "lint.py"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr

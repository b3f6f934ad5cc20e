"""The notebook of each page: plain Markdown, folded like the page, at home in any folder."""

import re
import tomllib
from importlib.metadata import packages_distributions

import first_cell
import jupytext
import nbformat
import notebooks
import pytest
from bs4 import BeautifulSoup
from labels import Book, Label
from listing import CHAPTERS, PAGES, ROOT
from plain_markdown import Translator
from pybtex.database import parse_string

MARKUP = {
    "a fence of colons": r"^[ >]*:::",
    "a directive": r"^[ >]*`{3,}\{",
    "a role": r"\{[\w:.+-]+\}`",
    "attributes": r"\{[.#][\w-]",
    "a target": r"^\([\w-]+\)=",
    "a label of a formula": r"^[ >]*\$\$ *\([\w-]+\)",
    "an option": r"^[ >]*:[\w-]+:( |$)",
    "a page without its site": r"\]\([^)\s]*\.md[)#]",
    "a border of a solution": r"[\x02\x03]",
}


@pytest.fixture(scope="module")
def all_notebooks() -> dict[str, nbformat.NotebookNode]:
    return {name: notebooks.convert(ROOT / f"{name}.md", name) for name in CHAPTERS}


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_notebook_holds_no_markup_that_needs_an_extension(name, all_notebooks):
    nbformat.validate(all_notebooks[name])
    for cell in all_notebooks[name].cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"(?m)^```\w*\n[^`]*^```$|(?<!`)`[^`\n]+`(?!`)(?<!\}`)", "", cell.source)
            found = [
                kind for kind, pattern in MARKUP.items() if re.search(pattern, prose, re.MULTILINE)
            ]
            assert found == [], cell.source


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_notebook_has_the_page_s_code_and_opens_with_its_title(name, all_notebooks):
    cells = all_notebooks[name].cells
    assert cells[0].source.startswith("# ") and "\n" not in cells[0].source
    assert "Get the book's library" in cells[1].source
    code = [
        re.sub(r"^# @title .*\n", "", cell.source) for cell in cells[2:] if cell.cell_type == "code"
    ]
    assert code == [
        cell.source for cell in jupytext.read(ROOT / f"{name}.md").cells if cell.cell_type == "code"
    ]
    assert all(cell.cell_type != "raw" for cell in cells)


@pytest.mark.parametrize("name", CHAPTERS)
def test_solutions_and_plumbing_are_folded_and_nothing_else(name, all_notebooks):
    text = (ROOT / f"{name}.md").read_text(encoding="utf-8")
    solutions = re.findall(r":::\{solution-start\}.*?:::\{solution-end\}", text, re.DOTALL)
    inside = sum(solution.count("```{code-cell}") for solution in solutions)
    inside += text.count("hide-cell")  # how stored results were made
    hidden = text.count("hide-input") - sum(solution.count("hide-input") for solution in solutions)
    folded = [
        cell
        for cell in all_notebooks[name].cells[2:]
        if cell.metadata.get("jupyter", {}).get("source_hidden")
    ]
    closed = [
        cell
        for cell in folded
        if cell.metadata["jupyter"].get("outputs_hidden") and cell.metadata["collapsed"]
    ]
    assert len(closed) == inside and len(folded) == inside + hidden
    assert all(
        cell.metadata["cellView"] == "form" and cell.source.startswith("# @title ")
        for cell in folded
    )
    boxes = [
        cell
        for cell in all_notebooks[name].cells
        if cell.source.startswith("<details>\n<summary>Solution to")
    ]
    no_prose = r"(?s)```\{code-cell\}.*?```|:::\{solution-start\}.*?\n:::|:::\{solution-end\}"
    assert len(boxes) >= sum(bool(re.sub(no_prose, "", solution).strip()) for solution in solutions)


@pytest.mark.site
@pytest.mark.parametrize("name", PAGES)
def test_the_numbers_of_formulas_exercises_theorems_and_figures_are_those_of_the_page(name, site):
    soup = BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    for (page, figure), label in notebooks.whole_book().figures.items():
        if page == name and figure:
            assert figure in (
                soup.find(id=label.anchor).get(kind) for kind in ("data-name", "data-figure")
            )
    for label in notebooks.whole_book().labels.values():
        if label.page == name and label.number is not None:
            place = soup.find(id=label.anchor)
            shown = (
                place.select_one(".eqno" if label.kind == "equation" else ".caption-number")
                .get_text()
                .strip()
            )
            assert shown == label.name


BOOK = Book(
    {"chapters/one": "1. One", "chapters/two": "Two"},
    {
        "eq-a": Label("chapters/one", "equation", "1.7", "", "equation-eq-a"),
        "eq-b": Label("chapters/two", "equation", "8", "", "equation-eq-b"),
        "ex-a": Label("chapters/one", "exercise", "1.3", "Try (core, 5 min)", "ex-a"),
        "thm-a": Label("chapters/two", "theorem", "1", "All is well", "thm-a"),
        "a-section": Label("chapters/two", "section", None, "A section", "a-section"),
    },
    {("chapters/two", "bowl"): Label("chapters/two", "figure", "2.4", "", "figure-2-4")},
    dict(
        parse_string(
            "@article{a, author={von Oswald, J. and B, C. and D, E.}, year={2023}, eprint={2212.07677}}"
            "@book{b, author={Golub, Gene H. and Van Loan, Charles F.}, year={2013}, doi={10.1/x}}",
            "bibtex",
        ).entries
    ),
)
PLAIN = {
    "{doc}`chapter 2 <two>`, {doc}`two`": "[chapter 2](S/chapters/two.html), [Two](S/chapters/two.html)",
    "{eq}`eq-a`, {eq}`eq-b`": "(1.7), [(8)](S/chapters/two.html#equation-eq-b)",
    "{ref}`ex-a` {ref}`here <a-section>`": "[Exercise 1.3](S/chapters/one.html#ex-a) [here](S/chapters/two.html#a-section)",
    "{fig}`bowl`, {fig}`none`": "[figure 2.4](S/chapters/two.html#figure-2-4), the figure",
    "{prf:ref}`thm-a`": "[Theorem 1](S/chapters/two.html#thm-a)",
    "{cite:t}`a`": "[von Oswald et al. (2023)](https://arxiv.org/abs/2212.07677)",
    "{cite:p}`a,b`": "([von Oswald et al., 2023](https://arxiv.org/abs/2212.07677); "
    "[Golub and Van Loan, 2013](https://doi.org/10.1/x))",
    "{term}`keys <key>`": "[keys](S/chapters/glossary.html#term-key)",
    "{math}`16` is `{eq}` in $x_{i}$": "$16$ is `{eq}` in $x_{i}$",
    "[that](two.md#x), [out](https://a.b)": "[that](S/chapters/two.html#x), [out](https://a.b)",
    "{.icl-question}\n**Why?**": "**Why?**",
    "(a-section)=\n## A section": "## A section",
    "so\n\n$$\na\n$$ (eq-a)\nthen": "so\n\n$$\na \\tag{1.7}\n$$\n\nthen",
    "> $$\n> a\n> b\n> $$ (eq-a)": "> $$ a b \\tag{1.7} $$",
    ":::{note}\nLook.\n:::": "> **Note**\n>\n> Look.",
    ":::{admonition} You need\n:class: icl\n\n- a\n:::": "> **You need**\n>\n> - a",
    ":::{admonition} Step by step\n:class: dropdown\n$$\na\n$$\n:::": "<details>\n<summary>Step by step</summary>\n\n"
    "$$\na\n$$\n\n</details>",
    ":::{exercise} Try (core, 5 min)\n:label: ex-a\nDo.\n:::": "### Exercise 1.3: Try (core, 5 min)\n\nDo.",
    ":::{prf:theorem} All is well ({cite:alp}`b`)\n:label: thm-a\nYes:\n\n$$\na\n$$\n:::": "> **Theorem 1 (All is well "
    "([Golub and Van Loan, 2013](https://doi.org/10.1/x)))**\n>\n> Yes:\n>\n> $$ a $$",
    ":::{prf:proof}\nBy steps:\n\n1. $$\n   a\n   $$\n2. b\n:::": "*Proof.* By steps:\n\n1. $$\n   a\n   $$\n\n2. b ∎",
    "```{math}\n:label: eq-a\na\n```": "$$\na \\tag{1.7}\n$$",
    "```{figure} _static/a.png\n:alt: A dot.\nA *dot*.\n```": "![A dot.](S/_images/a.png)\n\nA *dot*.",
    "```python\n:::{x}\n```": "```python\n:::{x}\n```",
    ":::{glossary}\nkey, value\n  What {eq}`eq-a` compares.\n:::": "- **key, value**:  What (1.7) compares.",
    "::::{note}\n:::{tip}\nIn.\n:::\n::::": "> **Note**\n>\n> > **Tip**\n> >\n> > In.",
}


@pytest.mark.parametrize("text", PLAIN)
def test_each_construct_of_myst_has_a_plain_form(text):
    assert Translator(BOOK, "chapters/one", "S").blocks(text) == PLAIN[text]


def declared(*extras: str) -> set[str]:
    """What pyproject.toml asks for, in lower case: the library's own needs and those of some extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] + [
        line for extra in extras for line in project["optional-dependencies"][extra]
    ]
    return {re.match(r"[\w.-]+", line)[0].lower() for line in lines}


def test_what_the_chapters_import_is_declared_and_bears_the_name_by_which_pip_knows_it():
    cells = [cell for name in CHAPTERS for cell in jupytext.read(ROOT / f"{name}.md").cells]
    imported = first_cell.imported(cell.source for cell in cells if cell.cell_type == "code")
    assert set(map(str.lower, imported)) - {"icllib"} <= declared("book")
    for name in set(imported) - {"icllib"}:
        assert name.lower() in map(str.lower, packages_distributions()[name])


def test_what_the_library_imports_is_declared():
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "icllib").rglob("*.py"))
    imported = {name.lower() for name in first_cell.imported(sources)} - {"icllib"}
    assert imported <= declared("book", "cluster", "course", "language")


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_chapter_opens_a_file_by_its_path(name):
    for cell in jupytext.read(ROOT / f"{name}.md").cells:
        if cell.cell_type == "code":
            assert not re.search(
                r"\bopen\(|pathlib|Path\(|\.\./|results/|np\.load|read_csv", cell.source
            ), cell.source


@pytest.mark.parametrize(
    ("given", "repository", "site"),
    [
        (
            "https://github.com/Ada/book.git",
            "https://github.com/Ada/book",
            "https://ada.github.io/book",
        ),
        (
            "https://github.com/Ada/book/",
            "https://github.com/Ada/book",
            "https://ada.github.io/book",
        ),
    ],
)
def test_a_fork_s_address_reaches_all_links(given, repository, site, monkeypatch):
    monkeypatch.setenv("BOOK_REPOSITORY_URL", given)
    monkeypatch.setenv("BOOK_REPOSITORY_BRANCH", "draft")
    notebook = notebooks.convert(ROOT / "intro.md", "intro")
    assert f"{repository}/archive/refs/heads/draft.zip" in notebook.cells[1].source
    assert f"({site}/chapters/notation.html)" in "".join(cell.source for cell in notebook.cells)

"""The way from chapters to a site: what fails a build, what a failure says, what it leaves alone."""

from pathlib import Path
from types import SimpleNamespace

import book_site
import build
import compare
import katex_math
import pytest
import streams
from bs4 import BeautifulSoup
from nbformat.v4 import new_output
from small_books import CELL, make, new_book, write


@pytest.fixture(scope="module")
def little_book(tmp_path_factory) -> Path:
    """A book of two pages with the settings, extension and driver of the real one, built once."""
    root = new_book(tmp_path_factory.mktemp("book"))
    write(root, "$x^2$\n\n" + CELL % "print('first')")
    status, output = make(root)
    assert status == 0, output
    return root


FAULTS = {
    "a cell that raises": (
        CELL % "x = 1" + CELL % "1 / 0",
        ["one.md", "cell 2", "ZeroDivisionError"],
    ),
    "a reference to nothing": ("See {ref}`nowhere`.\n", ["one.md", "nowhere"]),
    "a link to no page": ("See [this](two.md).\n", ["one.md", "two.md"]),
    "a link in HTML to no page": ("See <a href='two.html'>this</a>.\n", ["one.md", "two.html"]),
    "a picture without words": ("![](picture.svg)\n", ["one.md", "text alternative"]),
    "a formula that is none": ("$\\frac{1}$\n", ["one.md", "\\frac{1}"]),
    "a citation of nothing": ("See {cite:t}`nobody1900`.\n", ["one.md", "nobody1900"]),
}


@pytest.mark.site
@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_the_build_is_named_first_and_leaves_the_last_site(fault, little_book):
    (little_book / "chapters" / "picture.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'/>"
    )
    page = little_book / "_build" / "html" / "chapters" / "one.html"
    good = page.read_text()
    text, named = FAULTS[fault]
    write(little_book, text)
    for _ in range(2):  # a second try must not pass because the first has read the page
        status, output = make(little_book)
        assert status == 1
        first = output.split("The build failed.")[1].strip().splitlines()[0]
        assert all(word in first for word in named), output
        assert page.read_text() == good and "still in place" in output


@pytest.mark.site
@pytest.mark.slow
@pytest.mark.long
def test_a_change_of_the_library_or_the_styles_reaches_the_pages(little_book):
    built = little_book / "_build" / "html"
    write(little_book, CELL % "import icllib.errors as e\nprint(getattr(e, 'NEW', 'before'))")
    assert make(little_book)[0] == 0 and "before" in (built / "chapters" / "one.html").read_text()
    with (little_book / "icllib" / "errors.py").open("a") as file:
        file.write("\nNEW = 'behind'\n")
    with (little_book / "_static" / "book.css").open("a") as file:
        file.write("\narticle { --new-rule: 1; }\n")
    assert make(little_book)[0] == 0 and "behind" in (built / "chapters" / "one.html").read_text()
    assert "new-rule" in (built / "_static" / "site.css").read_text()


@pytest.mark.site
@pytest.mark.slow
@pytest.mark.long
def test_a_build_after_no_change_writes_no_page_again(little_book):
    write(little_book, "The same.\n")
    work = little_book / "_build" / "work" / "_build" / "html"
    found = []
    for _ in range(2):
        assert make(little_book)[0] == 0
        found.append({path: path.stat().st_mtime_ns for path in work.rglob("*.*ml")})
    assert found[0] == found[1] and work / "chapters" / "one.html" in found[0]


def test_pages_are_finished_once_and_again_when_one_is_written_or_a_setting_is_another(
    monkeypatch, tmp_path
):
    app = SimpleNamespace(
        builder=SimpleNamespace(format="html"),
        config=SimpleNamespace(html_theme_options={"repository_url": "https://example.org/book"}),
        doctreedir=str(tmp_path),
        outdir=str(tmp_path),
    )
    tries = [KeyboardInterrupt(), False, True, True, True]

    def finish_pages(_):
        outcome = tries.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def left() -> int:
        book_site.finish(app, None, book_site.state_of_book())
        return len(tries)

    monkeypatch.setattr(book_site, "finish_pages", finish_pages)
    book_site.finish(app, ValueError("the build failed"), "")
    with pytest.raises(KeyboardInterrupt):
        left()
    assert left() == 3, "a stopped build has finished nothing"
    assert left() == 2, "a page had a fault"
    assert left() == 2
    monkeypatch.setenv("BOOK_SITE_URL", "https://example.org")
    assert left() == 1 and left() == 1
    book_site.unfinish(app, "chapters/one", "page.html", {}, None)
    assert left() == 0 and left() == 0


@pytest.mark.site
@pytest.mark.slow
@pytest.mark.long
def test_a_page_that_the_book_no_longer_has_leaves_the_site(little_book):
    write(little_book, "Again.\n")
    contents, built = little_book / "_toc.yml", little_book / "_build" / "html"
    before = contents.read_text()
    contents.write_text(before + "  - file: chapters/two\n")
    (little_book / "chapters" / "two.md").write_text("# Two\n\nMore.\n")
    assert make(little_book)[0] == 0 and (built / "chapters" / "two.html").exists()
    contents.write_text(before)
    assert make(little_book)[0] == 0 and not (built / "chapters" / "two.html").exists()
    assert (built / "index.html").exists() and (built / "search.html").exists()
    assert list(built.rglob("two.*")) == [] and list(built.rglob("one.md"))


@pytest.mark.site
@pytest.mark.slow
@pytest.mark.long
def test_a_book_built_twice_in_two_places_is_the_same_to_the_byte(tmp_path):
    figure = (
        "from icllib.plots import canvas, show\n\nfig, ax = canvas()\nax.plot([0, 1], marker='o')\n"
        "show(fig, caption='A line.', alt='A straight line rises from the left to the right.')"
    )
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
        root = new_book(tmp_path / place)
        write(root, "```{exercise}\n$x^2$ of $1$?\n```\n\n" + CELL % figure + CELL % "{'a', 'b'}")
        status, output = make(root, PYTHONHASHSEED=str(len(place)))
        assert status == 0, output
    one, other = (tmp_path / place / "_build" / "html" for place in ("one", "other"))
    assert list(compare.differences(one, other)) == []


@pytest.mark.parametrize("pieces", [["a\nb\n"], ["a", "\nb\n"], ["a\n", "b", "\n"], ["a\nb", "\n"]])
def test_where_a_kernel_cuts_what_is_printed_does_not_show(pieces):
    outputs = [new_output("stream", name="stdout", text=piece) for piece in pieces]
    outputs.insert(1, new_output("display_data", {"text/plain": "figure"}))
    first, figure = streams.whole(outputs)
    assert first["text"] == "a\nb\n" and figure["output_type"] == "display_data"
    assert outputs[0]["text"] == pieces[0]


def test_a_chapter_is_found_by_part_of_its_name_and_only_if_it_is_one(monkeypatch):
    for name in ("nothing", "_"):
        with pytest.raises(SystemExit, match="NAME="):
            build.forget_chapter(name)
    monkeypatch.setattr("sys.argv", ["build.py", "--chapter", ""])
    with pytest.raises(SystemExit, match="NAME='' fits"):
        build.main()


def test_mathematics_carries_its_own_text_alternative():
    soup = BeautifulSoup(katex_math.render(r"\frac{1}{2}", display=True), "html.parser")
    assert soup.select_one("math mfrac") and soup.select_one(".katex-html")["aria-hidden"] == "true"
    with pytest.raises(ValueError, match="KaTeX"):
        katex_math.render(r"\frac{1}", display=False)

"""Builds where something is odd: each ends in a book, or in one sentence that says what to do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jupyter_cache
import pytest
import surroundings
from small_books import CELL, make, new_book, write

pytestmark = [pytest.mark.site, pytest.mark.slow]
FIGURE = CELL % (
    "from icllib.plots import canvas, show\n\n"
    "fig, ax = canvas()\nax.plot([0, 1])\n"
    "show(fig, caption='A line.', alt='A straight line rises from the left to the right.')"
)
SAYS_WHY = CELL % (
    "import sys\nfrom pathlib import Path\n\n"
    "if Path('../odd').exists():\n    print('something odd', file=sys.stderr)\n"
    "print(sys.executable)"
)


@pytest.fixture(scope="module")
def odd(tmp_path_factory) -> dict:
    """All at once: brackets in the path, stray pages, foreign kernels, a poor terminal."""
    place = tmp_path_factory.mktemp("odd")
    home, foreign = place / "home", place / "foreign" / "kernels" / "python3"
    home.mkdir()
    foreign.mkdir(parents=True)
    kernel = {
        "argv": ["/bin/false", "{connection_file}"],
        "display_name": "?",
        "language": "python",
    }
    (foreign / "kernel.json").write_text(json.dumps(kernel | {"language": "python"}))
    (place / "matplotlibrc").write_text("text.usetex: True\n")
    root = place / "[draft] of a bóok"
    root.mkdir()
    new_book(root)
    write(root, FIGURE + SAYS_WHY)
    for name in ("stray", "chapters/stray"):
        (root / f"{name}.md").write_text(f"# Stray\n\n{CELL % '1 / 0'}\n")
    kept_away = dict.fromkeys(os.environ.keys() & surroundings.environment(), "")
    settings = kept_away | {
        "HOME": str(home),
        "JUPYTER_PATH": str(place / "foreign"),
        "MATPLOTLIBRC": str(place / "matplotlibrc"),
        "PYTHONIOENCODING": "latin-1",
        "PYTHONWARNINGS": "always",
    }
    status, output = make(root, **settings)
    return {"root": root, "home": home, "status": status, "output": output, "settings": settings}


@pytest.mark.long
def test_an_odd_machine_gets_a_book_of_the_pages_in_its_contents(odd):
    assert odd["status"] == 0, odd["output"]
    pages = [path.name for path in (odd["root"] / "_build" / "html").rglob("*stray*")]
    assert not [name for name in pages if name.endswith(".html")]
    assert "Stray" not in odd["output"] and "stray" not in odd["output"]


@pytest.mark.long
def test_pages_run_in_the_environment_that_builds_them(odd):
    page = odd["root"] / "_build" / "html" / "chapters" / "one.html"
    assert str(Path(sys.executable).parent) in page.read_text()


@pytest.mark.long
def test_a_home_that_is_empty_stays_empty(odd):
    assert list(odd["home"].rglob("*")) == []
    assert list((odd["root"] / "_build" / "home" / "matplotlib").glob("fontlist*.json"))


@pytest.mark.long
def test_a_page_that_wrote_to_stderr_fails_the_build_and_the_failure_goes_with_its_cause(odd):
    cause = odd["root"] / "odd"
    cause.touch()
    write(odd["root"], SAYS_WHY)
    for _ in range(2):
        status, output = make(odd["root"], **odd["settings"])
        assert status == 1 and "stderr was found" in output and "one.md" in output
    cause.unlink()
    status, output = make(odd["root"], **odd["settings"])
    assert status == 0, output


@pytest.mark.long
def test_a_home_that_cannot_be_written_is_not_missed(odd, tmp_path):
    nowhere = tmp_path / "file"
    nowhere.touch()
    write(odd["root"], FIGURE)
    status, output = make(odd["root"], **odd["settings"] | {"HOME": str(nowhere / "home")})
    assert status == 0, output


def test_a_cache_that_cannot_be_read_is_made_anew(tmp_path):
    cache = tmp_path / "cache"
    jupyter_cache.get_cache(cache).list_cache_records()
    surroundings.forget_faulty_outputs(cache)
    assert cache.exists()
    (cache / "global.db").write_text("no database")
    surroundings.forget_faulty_outputs(cache)
    assert not cache.exists()


def test_a_folder_that_cannot_be_written_is_named_in_one_sentence(tmp_path):
    root = new_book(tmp_path)
    write(root, "Text.\n")
    (root / "_build").write_text("a file where a folder should be")
    status, output = make(root)
    assert status == 1 and "Traceback" not in output
    assert "_build" in output and "Mend that, and run the same command again." in output


def test_a_build_without_jupyter_book_says_how_to_get_it(tmp_path):
    root = new_book(tmp_path)
    command = [
        sys.executable,
        "-c",
        "import sys; sys.executable = '/nowhere/python'; import build; build.main()",
    ]
    result = subprocess.run(command, cwd=root / "tools", capture_output=True, text=True)
    assert result.returncode == 1 and "run `make book`" in result.stderr
    assert "Traceback" not in result.stderr

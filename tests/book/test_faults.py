"""Builds to which something happens: each ends in a clear sentence, and the last good site stays."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import build
import pytest
from small_books import CELL, make, new_book, write

pytestmark = [pytest.mark.site, pytest.mark.slow]
FIRST, SECOND = (CELL % f"print('the {word} text')" for word in ("first", "second"))


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    root = new_book(tmp_path_factory.mktemp("faults"))
    write(root, FIRST)
    status, output = make(root)
    assert status == 0, output
    return root


def shown(root: Path) -> str:
    return (root / "_build" / "html" / "chapters" / "one.html").read_text(encoding="utf-8")


def stopped(root: Path, after: float) -> tuple[int, str, float]:
    """A build that gets Ctrl-C some seconds after its start: status, output, seconds it took."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, root / "tools" / "build.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=root,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    return process.returncode, output, time.perf_counter() - started


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a group are those of POSIX")
def test_a_build_that_is_stopped_at_any_of_ten_moments_leaves_a_whole_site(book):
    write(book, SECOND)
    status, output, whole = stopped(book, 600)
    assert status == 0, output
    for moment in range(10):
        write(book, CELL % f"print('text {moment}')")
        before = shown(book)
        status, output, _ = stopped(book, whole * (moment + 0.5) / 10)
        assert "Traceback" not in output
        if status == 0:
            assert f"text {moment}" in shown(book)
        else:
            assert status == 130 and "the same command goes on from here" in output
            assert shown(book) == before
    status, output = make(book)
    assert status == 0 and "text 9" in shown(book), output


def test_a_site_that_was_stopped_between_two_renamings_is_put_back(monkeypatch, tmp_path):
    site, old = tmp_path / "html", tmp_path / "html.old"
    monkeypatch.setattr(build, "SITE", site)
    monkeypatch.setattr(build, "OLD", old)
    old.mkdir()
    (old / "index.html").write_text("whole")
    build.restore()
    assert (site / "index.html").read_text() == "whole" and not old.exists()
    old.mkdir()
    build.restore()
    assert (site / "index.html").read_text() == "whole" and old.exists()


CELLS = {
    "a kernel that dies": (
        CELL % "import os, signal\n\nos.kill(os.getpid(), signal.SIGKILL)",
        ["kernel died"],
    ),
    "a stored result that is missing": (
        CELL % "from icllib import store\nfrom icllib.experiments import named\n\n"
        "result = store.load(named('one-layer'))",
        ["MissingResultError", "one-layer"],
    ),
    "a cell without an end": (CELL % "while True:\n    pass", ["timed out"]),
}


@pytest.mark.parametrize("fault", CELLS)
def test_a_chapter_that_cannot_be_run_is_named_and_the_last_site_stays(fault, book):
    write(book, FIRST)
    assert make(book)[0] == 0
    good = shown(book)
    settings = book / "_config.yml"
    given = settings.read_text(encoding="utf-8")
    text, words = CELLS[fault]
    write(book, text)
    settings.write_text(given.replace("timeout: 300", "timeout: 25"), encoding="utf-8")
    try:
        status, output = make(book)
    finally:
        settings.write_text(given, encoding="utf-8")
    first = output.split("The build failed.")[1].strip().splitlines()[0]
    assert status == 1 and "one.md" in first and all(word in first for word in words), output
    assert "still in place" in output and shown(book) == good


def test_a_damaged_cache_of_outputs_is_made_anew(book):
    write(book, FIRST)
    assert make(book)[0] == 0
    for path in (book / "_build" / "work" / "_build" / ".jupyter_cache").rglob("*.ipynb"):
        path.write_text("{ no notebook")
    write(book, FIRST + "\nMore.\n")
    status, output = make(book)
    assert status == 0 and "first text" in shown(book), output


def test_a_full_disk_is_named_and_the_last_site_stays(book):
    """The folder of the work is a file system of its own here, with hardly any room."""
    if shutil.which("bwrap") is None:
        pytest.skip("no bubblewrap to make a small disk with")
    write(book, FIRST)
    assert make(book)[0] == 0
    good, work = shown(book), book / "_build" / "work"
    command = ["bwrap", "--dev-bind", "/", "/", "--size", "400000", "--tmpfs", work]
    command += [sys.executable, book / "tools" / "build.py"]
    done = subprocess.run(command, cwd=book, capture_output=True, text=True)
    if "bwrap:" in done.stderr:
        pytest.skip(f"bubblewrap makes no small disk here: {done.stderr.strip()}")
    assert done.returncode == 1 and "No space left on device" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and shown(book) == good


def test_a_build_without_a_network_is_the_same(book):
    if shutil.which("bwrap") is None:
        pytest.skip("no bubblewrap to take the network away with")
    write(book, SECOND)
    command = ["bwrap", "--dev-bind", "/", "/", "--unshare-net"]
    command += [sys.executable, book / "tools" / "build.py"]
    done = subprocess.run(command, cwd=book, capture_output=True, text=True)
    if "bwrap:" in done.stderr:
        pytest.skip(f"bubblewrap takes no network away here: {done.stderr.strip()}")
    assert done.returncode == 0 and "second text" in shown(book), done.stdout + done.stderr

"""Builds to which something happens: each ends in a clear sentence, and the last good site stays."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import build
import pytest
from listing import ROOT
from small_books import CELL, make, new_book, write

pytestmark = [pytest.mark.site, pytest.mark.slow]
FIRST, SECOND = (CELL % f"print('the {word} text')" for word in ("first", "second"))


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    root = new_book(tmp_path_factory.mktemp("faults"))
    write(root, FIRST)
    status, output = make(root)
    assert status == 0, output
    (root / "results").mkdir()
    record = Path(shutil.copy(ROOT / "results" / "one-layer.json", root / "results"))
    tensors = json.loads(record.read_text(encoding="utf-8"))["tensors"]
    (root / "results" / tensors).write_bytes(b"half of it")
    return root


def shown(root: Path) -> str:
    return (root / "_build" / "html" / "chapters" / "one.html").read_text(encoding="utf-8")


def stopped(root: Path, after: float, **environment: str) -> tuple[int, str, float]:
    """A build that gets Ctrl-C, some seconds after its start or from a page: status, output,
    seconds it took. A build that a page has stopped leaves nothing that goes on."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, root / "tools" / "build.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=root,
        env=os.environ | environment,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # what runs in the background may have been told to ignore Ctrl-C
    try:
        output, _ = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    else:
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
    return process.returncode, output, time.perf_counter() - started


on_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of a group are POSIX's")
FROM_A_CELL = """import os, signal, time

os.killpg(os.getpgid(os.getppid()), signal.%s)
time.sleep(60)"""
BEFORE_A_PAGE_IS_WRITTEN = """

def stop(*_):
    import signal, time

    if "STOP" in os.environ:
        time.sleep(1)  # until "writing output" is read
        os.kill(os.getppid(), signal.SIGINT)
        time.sleep(60)


set_up_the_rest = setup


def setup(app):
    app.connect("html-page-context", stop, priority=1)
    return set_up_the_rest(app)
"""


@pytest.mark.long
@on_posix
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
    assert "Content-Security-Policy" in shown(book) and "site.css" in shown(book)


@pytest.mark.long
@on_posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_build_that_is_stopped_while_a_cell_runs_leaves_nothing_that_goes_on(name, book):
    write(book, CELL % FROM_A_CELL % name)
    status, output, _ = stopped(book, 600)
    assert status == 130 and "Traceback" not in output


@pytest.mark.long
@on_posix
def test_what_a_stopped_build_has_read_but_not_written_is_written_by_the_next(book):
    with (book / "_sphinx" / "book_site.py").open("a") as file:
        file.write(BEFORE_A_PAGE_IS_WRITTEN)
    write(book, CELL % "import icllib.errors as e\nprint(getattr(e, 'NEW', 'the old'))")
    assert make(book)[0] == 0 and "the old" in shown(book)
    with (book / "icllib" / "errors.py").open("a") as file:
        file.write("\nNEW = 'the new'\n")
    status, output, _ = stopped(book, 600, STOP="yes")
    assert status == 130 and "writing output" in output and "the old" in shown(book)
    status, output = make(book)
    assert status == 0 and "the new" in shown(book), output


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


def test_a_stop_while_the_old_site_is_deleted_leaves_the_new_one(monkeypatch, tmp_path):
    for name in ("MADE", "SITE", "OLD"):
        monkeypatch.setattr(build, name, tmp_path / name)
    for place, text in ((build.MADE, "new"), (build.SITE, "old")):
        place.mkdir()
        (place / "index.html").write_text(text)
    delete = shutil.rmtree

    def stop_at_the_old(path, **options):
        if path.name == "OLD" and path.exists():
            raise KeyboardInterrupt
        delete(path, **options)

    monkeypatch.setattr(build.shutil, "rmtree", stop_at_the_old)
    monkeypatch.setattr(build.assets, "drop_unloaded", lambda _: None)
    build.swap()
    assert (build.SITE / "index.html").read_text() == "new"


LOADED = """from icllib import store
from icllib.experiments import named

result = store.load(named('{}'))"""
CELLS = {
    "a kernel that dies": (
        CELL % "import os, signal\n\nos.kill(os.getpid(), signal.SIGKILL)",
        ["kernel died"],
    ),
    "a stored result that is missing": (
        CELL % LOADED.format("deep-3"),
        ["MissingResultError", "deep-3"],
    ),
    "a stored result that is damaged": (
        CELL % LOADED.format("one-layer"),
        ["FileError", "one-layer", "damaged", "python -m icllib run"],
    ),
    "a cell without an end": (CELL % "while True:\n    pass", ["timed out"]),
}


@pytest.mark.long
@pytest.mark.parametrize("fault", CELLS)
def test_a_chapter_that_cannot_be_run_is_named_and_the_last_site_stays(fault, book):
    write(book, FIRST)
    assert make(book)[0] == 0
    good = shown(book)
    settings = book / "_config.yml"
    given = settings.read_text(encoding="utf-8")
    text, words = CELLS[fault]
    write(book, text)
    if "timed out" in words:
        settings.write_text(given.replace("timeout: 300", "timeout: 25"), encoding="utf-8")
    try:
        status, output = make(book)
    finally:
        settings.write_text(given, encoding="utf-8")
    first = output.split("The build failed.")[1].strip().splitlines()[0]
    assert status == 1 and "one.md" in first and all(word in first for word in words), output
    assert "still in place" in output and shown(book) == good


@pytest.mark.long
def test_a_damaged_cache_of_outputs_is_made_anew(book):
    write(book, FIRST)
    assert make(book)[0] == 0
    for path in (book / "_build" / "work" / "_build" / ".jupyter_cache").rglob("*.ipynb"):
        path.write_text("{ no notebook")
    write(book, FIRST + "\nMore.\n")
    status, output = make(book)
    assert status == 0 and "first text" in shown(book), output


def boxed(book: Path, *options: object) -> subprocess.CompletedProcess:
    """A build in a sandbox that changes one thing of the machine."""
    if shutil.which("bwrap") is None:
        pytest.skip("no bubblewrap to change the machine with")
    command = ["bwrap", "--dev-bind", "/", "/", *options, sys.executable]
    done = subprocess.run(
        [*command, book / "tools" / "build.py"], cwd=book, capture_output=True, text=True
    )
    if "bwrap:" in done.stderr:
        pytest.skip(f"bubblewrap does not work here: {done.stderr.strip()}")
    return done


@pytest.mark.long
def test_a_full_disk_is_named_and_the_last_site_stays(book):
    """The folder of the work is a file system of its own here, with hardly any room."""
    write(book, FIRST)
    assert make(book)[0] == 0
    good = shown(book)
    done = boxed(book, "--size", "400000", "--tmpfs", book / "_build" / "work")
    assert done.returncode == 1 and "No space left on device" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and shown(book) == good


@pytest.mark.long
def test_a_checkout_that_cannot_be_written_is_named_and_the_last_site_stays(book):
    write(book, FIRST)
    assert make(book)[0] == 0
    good = shown(book)
    done = boxed(book, "--ro-bind", book, book)
    assert done.returncode == 1 and "Read-only file system" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and shown(book) == good


@pytest.mark.long
def test_a_build_without_a_network_is_the_same(book):
    write(book, SECOND)
    done = boxed(book, "--unshare-net")
    assert done.returncode == 0 and "second text" in shown(book), done.stdout + done.stderr


@pytest.mark.parametrize(("said", "tries"), [(build.NOT_STARTED, 2), ("Kernel died", 1)])
def test_a_kernel_whose_port_was_taken_is_started_once_more(said, tries, monkeypatch, tmp_path):
    for name in ("WORK", "MADE", "SITE", "OLD", "LOG", "UNFINISHED"):
        monkeypatch.setattr(build, name, tmp_path / "work" / name)
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["build.py"])
    tried = []

    def run() -> int:
        assert build.UNFINISHED.exists()
        tried.append(build.LOG.write_text(f"RuntimeError: {said}\n"))
        return 1

    monkeypatch.setattr(build, "run_jupyter_book", run)
    assert build.main() == 1 and len(tried) == tries

"""Build the book in a work folder; it takes the place of the last good site when all went well.

Usage: build.py [--chapter NAME]

The work folder keeps Sphinx's environment and the outputs of executed pages, so that the next build
does only what has changed. A build that fails or is stopped leaves ``_build/html`` as it was.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from terminal import in_one_sentence

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "_sphinx"))

import assets  # noqa: E402 (found in the folder above)

WORK = ROOT / "_build" / "work"
MADE = WORK / "_build" / "html"
SITE = ROOT / "_build" / "html"
OLD = SITE.with_name("html.old")  # for a moment, while two sites change places
LOG = ROOT / "_build" / "build.log"
UNFINISHED = WORK / "unfinished"  # there while the work folder is being changed, or was left so
SHOWN = re.compile(
    r"(?:Executing|Executed) notebook|WARNING|ERROR|reading sources|writing output|Using cached"
)
#: A kernel's ports are drawn a moment before it takes them: another program may be faster.
NOT_STARTED = "Kernel died before replying to kernel_info"
NOISE = re.compile(r"IPKernelApp|myst-nb v")


@dataclass(frozen=True)
class Failure:
    """Where a build failed: page, cell (None where no cell is to blame), error."""

    page: str
    cell: str | None
    error: str


def run_jupyter_book() -> int:
    """Run jupyter-book, show its progress, keep its whole output in the log."""
    program = shutil.which("jupyter-book", path=str(Path(sys.executable).parent))
    if program is None:
        raise SystemExit(f"{sys.executable} has no jupyter-book beside it: run `make book`.")
    command = [program, "build", ROOT, "--path-output", WORK, "-W", "--keep-going"]
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            cwd=ROOT,
            env=os.environ | {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8"},
        )
        try:
            for line in process.stdout:
                plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
                log.write(plain)
                if SHOWN.search(plain) and not NOISE.search(plain):
                    print("  " + plain.strip().split("\r")[-1][:160], flush=True)
            return process.wait()
        finally:
            # Whoever stops this stops what it started. While cells run, nbclient keeps gentler
            # signals to itself and goes on without a kernel, beside the next build.
            process.kill()
            process.wait()


def failures() -> list[Failure]:
    """What the log and the execution reports say went wrong, cells that raised first."""
    reports = MADE / "reports"
    found = [
        _failed_cell(path, path.relative_to(reports)) for path in sorted(reports.rglob("*.err.log"))
    ]
    for line in LOG.read_text(encoding="utf-8").splitlines():
        match = re.search(r"(?:(\S+?):(?:(\d+):)? )?(?:WARNING|ERROR|CRITICAL): (.*)", line)
        if match and "mystnb.exec" not in line:
            page = Path(match[1]).name if match[1] else "the book"
            found.append(Failure(f"{page}, line {match[2]}" if match[2] else page, None, match[3]))
    return found or [_unnamed(LOG.read_text(encoding="utf-8").splitlines())]


def _unnamed(log: list[str]) -> Failure:
    """A failure that left neither a report nor a warning: a kernel that died, a fault of a tool."""
    ran = [re.search(r"(\S+\.md): (?:Executing|Executed) notebook", line) for line in log]
    pages = [Path(match[1]).name for match in ran if match]
    if any("DeadKernelError" in line for line in log) and pages:
        return Failure(pages[-1], None, "the kernel died (out of memory, or a crash in its code)")
    named = (line.strip() for line in log if "Error" in line or "rror:" in line)
    errors = [line for line in named if not line.endswith(":")]  # an error without a message
    return Failure(
        "the book", None, errors[-1] if errors else "jupyter-book stopped without naming an error"
    )


def _failed_cell(report: Path, name: Path) -> Failure:
    """Find the cell that a report quotes in its page."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", report.read_text(encoding="utf-8"))
    page = ROOT / str(name).replace(".err.log", ".md")
    quoted = re.search(r"-{10,}\n(.*?)\n-{10,}", text, re.DOTALL)
    error = next(
        (
            line
            for line in reversed(text.splitlines())
            if re.match(r"\w[\w.]*(Error|Exception|Interrupt)?:", line)
        ),
        "",
    )
    cell = "an unknown cell"
    if quoted and page.exists():
        source = page.read_text(encoding="utf-8")
        at = source.find(quoted[1].strip())
        if at >= 0:
            count, line = source[:at].count("```{code-cell}"), source[:at].count("\n") + 1
            cell = f"cell {count} (line {line})"
    return Failure(
        str(page.relative_to(ROOT)), cell, error or "the cell timed out or its kernel died"
    )


def swap() -> None:
    """Put the new site in the place of the old one by renaming: but for a moment, one is whole."""
    fresh = SITE.with_name("html.new")
    for leftover in (fresh, OLD):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(
        MADE, fresh, ignore=shutil.ignore_patterns(".doctrees", "reports", ".buildinfo")
    )
    assets.drop_unloaded(fresh)
    if SITE.exists():
        SITE.rename(OLD)
    fresh.rename(SITE)
    with suppress(KeyboardInterrupt):  # the new site is there: what is left, the next build deletes
        shutil.rmtree(OLD, ignore_errors=True)


def restore() -> None:
    """Put the last site back, if a build was stopped in the moment between two renamings."""
    if OLD.exists() and not SITE.exists():
        OLD.rename(SITE)


def begin() -> None:
    """Let every page be read and written again if the last build failed, or was stopped at any
    moment: Sphinx takes what it has read for written, and a page warns only while it is read."""
    shutil.rmtree(MADE / "reports", ignore_errors=True)
    if UNFINISHED.exists():
        (MADE.parent / ".doctrees" / "environment.pickle").unlink(missing_ok=True)
    WORK.mkdir(parents=True, exist_ok=True)
    UNFINISHED.touch()


def forget_chapter(name: str) -> None:
    """Make the next build execute one page again.

    Raises:
        SystemExit: no page, or more than one, has `name` in its name.
    """
    pages = [
        page
        for page in [ROOT / "intro.md", *sorted((ROOT / "chapters").glob("*.md"))]
        if name in page.name
    ]
    if len(pages) != 1:
        raise SystemExit(
            f"NAME={name!r} fits {len(pages)} pages: "
            + (", ".join(page.name for page in pages) or "none")
        )
    from jupyter_cache import get_cache

    cache = get_cache(MADE.parent / ".jupyter_cache")
    for record in cache.list_cache_records():
        if Path(record.uri).name == pages[0].name:
            cache.remove_cache(record.pk)
    (WORK / "_build" / ".doctrees" / pages[0].relative_to(ROOT).with_suffix(".doctree")).unlink(
        missing_ok=True
    )
    pages[0].touch()


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the book.")
    parser.add_argument(
        "--chapter", help="part of a page's file name: execute that page again, e.g. 06"
    )
    arguments = parser.parse_args()
    started = time.perf_counter()
    restore()
    if arguments.chapter is not None:
        forget_chapter(arguments.chapter)
    print("Building the book (pages are executed once and kept) …", flush=True)
    for _ in range(2):
        begin()
        status = run_jupyter_book()
        if status == 0 or NOT_STARTED not in LOG.read_text(encoding="utf-8"):
            break
    if status != 0:
        print("\nThe build failed.", file=sys.stderr)
        for failure in failures():
            where = failure.page + (f", {failure.cell}" if failure.cell else "")
            print(f"  {where}: {failure.error}", file=sys.stderr)
        kept = "The last good site is still in place." if SITE.exists() else "There is no site yet."
        print(f"{kept} The whole output is in {LOG.relative_to(ROOT)}.", file=sys.stderr)
        return 1
    UNFINISHED.unlink()
    try:
        swap()
    finally:
        restore()
    print(f"\nThe book is built ({time.perf_counter() - started:.0f} s).")
    print(f"Open {SITE / 'index.html'} in a browser, or run `make serve`.")
    return 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(main))

"""Put together what is published of a version, in _build/release.

Library (source and wheel), site, results, notes, and whatever book or slides were made beside them,
with a list of their SHA-256 sums. All of it comes from one commit; made again, it is the same to
the byte. Usage: release.py
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

import yaml
from terminal import in_one_sentence

ROOT = Path(__file__).resolve().parent.parent
NAME = "one-layer-one-step"
SUMS = "SHA256SUMS"
_BUILD = "import sys; from setuptools import build_meta as b; b.build_{}(sys.argv[1])"


class ReleaseError(Exception):
    """Nothing is released; the message is one sentence."""


def git(root: Path, *arguments: str) -> bytes:
    """What git says.

    Raises:
        ReleaseError: this is no repository.
    """
    ran = subprocess.run(["git", *arguments], cwd=root, capture_output=True)
    if ran.returncode:
        said = ran.stderr.decode(errors="replace").strip().splitlines()
        raise ReleaseError(f"git {arguments[0]} failed: {said[-1] if said else 'it says nothing'}.")
    return ran.stdout


def commit(root: Path) -> tuple[str, int]:
    """The commit that is checked out, and its time in seconds.

    Raises:
        ReleaseError: files differ from it.
    """
    changed = git(root, "status", "--porcelain").decode(errors="replace").splitlines()
    if changed:
        more = f" and {len(changed) - 1} more" if changed[1:] else ""
        raise ReleaseError(f"{changed[0][3:]}{more} differs from the last commit: commit it first.")
    name, seconds = git(root, "log", "-1", "--format=%H %ct").decode().split()
    return name, int(seconds)


def version(root: Path) -> str:
    """The version in pyproject.toml.

    Raises:
        ReleaseError: CITATION.cff names another one.
    """
    told = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    found = told["project"]["version"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    if citation.get("version") != found:
        other = citation.get("version", "none")
        raise ReleaseError(f"pyproject.toml has version {found}, and CITATION.cff has {other}.")
    return found


def notes(root: Path, wanted: str) -> str:
    """What CHANGELOG.md says of a version.

    Raises:
        ReleaseError: nothing, or that it is not released.
    """
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.M)[1:]
    for section in sections:
        title, _, body = section.partition("\n")
        if title.split()[0] == wanted and body.strip():
            if "unreleased" in title.lower():
                raise ReleaseError(f"CHANGELOG.md has no date for version {wanted}: give it one.")
            return f"# {title}\n\n{body.strip()}\n"
    raise ReleaseError(f"CHANGELOG.md has no section on version {wanted}.")


def check_edition(told: Path, what: str, command: str, at: str, wanted: str) -> None:
    """Of which book something was made, as the site's `version.json` said then.

    Raises:
        ReleaseError: it was not made of this commit, or does not say.
    """
    if not told.exists():
        raise ReleaseError(f"There is no {what} that says its commit: run `{command}`.")
    found = json.loads(told.read_text(encoding="utf-8"))
    if found["commit"] != at:
        was = str(found["commit"])[:7] if found["commit"] else "no commit"
        raise ReleaseError(f"The {what} was built from {was}, not {at[:7]}: run `{command}`.")
    if found["changed"] or found["version"] != wanted:
        raise ReleaseError(f"The {what} was built before all was committed: run `{command}`.")


def copy_of(root: Path, at: str, target: Path) -> None:
    """The files of a commit, and nothing that lies beside them."""
    with zipfile.ZipFile(io.BytesIO(git(root, "archive", "--format=zip", at))) as archive:
        archive.extractall(target)


def library(tree: Path, target: Path, seconds: int) -> None:
    """Build the library's two archives.

    Raises:
        ReleaseError: setuptools refuses.
    """
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(seconds)}
    for kind in ("sdist", "wheel"):
        command = [sys.executable, "-c", _BUILD.format(kind), str(target)]
        ran = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
        if ran.returncode:
            said = (ran.stdout + ran.stderr).strip().splitlines()[-1:] or ["it says nothing"]
            raise ReleaseError(f"setuptools cannot build the library: {said[0]}.")
    for path in target.glob("*.tar.gz"):
        path.write_bytes(undated(path.read_bytes(), seconds))


def undated(archive: bytes, seconds: int) -> bytes:
    """A .tar.gz whose files all have one date and no owner, in order of their names."""
    plain, packed = io.BytesIO(), io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as before,
        tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as after,
    ):
        for entry in sorted(before.getmembers(), key=lambda each: each.name):
            content = before.extractfile(entry)
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = seconds, 0, 0, "", ""
            entry.mode = 0o755 if entry.isdir() else 0o644
            entry.pax_headers = {}
            after.addfile(entry, content)
    with gzip.GzipFile("", "wb", 9, packed, mtime=seconds) as file:
        file.write(plain.getvalue())
    return packed.getvalue()


def pack(folder: Path, target: Path, seconds: int, names: str = "*") -> None:
    """A folder as .zip: its files under the name of the .zip, in order, with one date."""
    date = datetime.datetime.fromtimestamp(seconds, datetime.UTC).timetuple()[:6]
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob(names)}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(paths.items()):
            if path.is_file():
                entry = zipfile.ZipInfo(f"{target.stem}/{name}", max(date, (1980, 1, 1, 0, 0, 0)))
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
                entry.create_system = 3
                archive.writestr(entry, path.read_bytes())


def sums(folder: Path) -> str:
    """What `sha256sum --check` reads: a line for each file."""
    lines = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
        if path.name != SUMS
    )
    return "".join(lines)


def release(root: Path = ROOT) -> Path:
    """Write all files of this version.

    Returns:
        their folder.

    Raises:
        ReleaseError: one of them would not be that of the commit.
    """
    at, seconds = commit(root)
    wanted = version(root)
    told, built = notes(root, wanted), root / "_build"
    site, book = built / "html", built / "pdf" / f"{NAME}.pdf"
    deck = built / "slides" / f"{NAME}.pptx"
    check_edition(site / "version.json", "site", "make book", at, wanted)
    if book.exists():
        check_edition(book.with_suffix(".json"), "PDF", "make pdf", at, wanted)
    if deck.exists():
        check_edition(deck.with_suffix(".json"), "deck of slides", "make slides", at, wanted)
    target = built / "release"
    fresh = target.with_name("release.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place) / "tree"
        copy_of(root, at, tree)
        pack(tree / "results", fresh / f"{NAME}-{wanted}-results.zip", seconds)
        library(tree, fresh, seconds)
    pack(site, fresh / f"{NAME}-{wanted}-site.zip", seconds)
    (fresh / "NOTES.md").write_text(f"{told}\nBuilt from commit {at}.\n", encoding="utf-8")
    if book.exists():
        shutil.copy(book, fresh / f"{NAME}-{wanted}.pdf")
    if deck.exists():
        pack(deck.parent, fresh / f"{NAME}-{wanted}-slides.zip", seconds, f"{NAME}.*")
    (fresh / SUMS).write_text(sums(fresh), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return target


def main() -> int:
    try:
        folder = release()
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    for path in sorted(folder.iterdir()):
        print(f"  {path.stat().st_size / 2**20:7.2f} MB  {path.name}")
    print(f"The release is in {folder}.")
    return 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(main))

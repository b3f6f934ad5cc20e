"""Grading: one notebook in its sandbox, and a folder of them, several at a time; what is graded
already is not graded again."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from icllib.checks.answers import said
from icllib.course.asking import ask
from icllib.course.box import NoBoxError
from icllib.course.key import Key
from icllib.course.library import make_library
from icllib.course.reading import Answers, Unreadable, answers_in, digest_of, file_name, notebook_in
from icllib.course.session import Session
from icllib.errors import InputError
from icllib.files import write_atomically

__all__ = [
    "Found",
    "claim",
    "find_submissions",
    "grade_all",
    "grade_one",
    "newest",
    "sandbox_library",
]

# one person's: Ada_123_assignsubmission_file of Moodle, lovelaceada_123_456_a.pdf of Canvas
_PERSON = re.compile(r"(.+_\d+)_assignsubmission_|([^_]+_(?:LATE_)?\d+)_\d+_")
_SYSTEM = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Found:
    """One submission as it lies in the folder.

    Attributes:
        name: of its file or folder; reports and gradebooks know it by this.
        path: the notebook; None where there is none.
        note: what a teacher should know about it.
    """

    name: str
    path: Path | None
    note: str = ""


@contextmanager
def sandbox_library(key: Key) -> Iterator[Path]:
    """A temporary folder with the part of the library that the key names."""
    with tempfile.TemporaryDirectory(prefix="icllib-") as folder:
        Path(folder).chmod(0o711)
        yield make_library(key.library, Path(folder) / "library")


def find_submissions(folder: Path) -> list[Found]:
    """Each notebook in a folder, and each folder in it as one submission, sorted by name.

    What holds no notebook is a submission too, unless the same person handed in another; hidden
    files and tables are none.

    Raises:
        InputError: there is no such folder, or no notebook in it.
    """
    if not folder.is_dir():
        raise InputError(f"submissions = {str(folder)!r}, expected a folder")
    found = []
    for path in sorted(folder.absolute().iterdir()):  # a worker may stand elsewhere
        if path.name.startswith((".", "__", "~$")) or path.name.lower() in _SYSTEM:
            continue
        if path.is_dir() and not path.is_symlink():
            found.append(Found(path.name, *newest(path)))
        elif path.suffix == ".ipynb":
            found.append(Found(path.stem, path))
        elif path.suffix.lower() != ".csv":
            found.append(Found(path.stem, None))
    if all(one.path is None for one in found):
        raise InputError(f"submissions = {str(folder)!r} holds no notebook")
    if len(found) == 1 and found[0].path.parent.parent == folder.absolute():
        found = [_one_of(found[0])]
    done = {_person(one.name) for one in found if one.path is not None}
    kept = []
    for one in found:
        person = _person(one.name)
        if one.path is not None or person not in done:
            kept.append(one)
            done.add(person)
    return kept


def _one_of(found: Found) -> Found:
    """The only folder there is: of one student, or was the class unpacked into it?"""
    count = len(list(found.path.parent.glob("*.ipynb")))
    if count < 2:
        return found
    words = f"this one folder holds {count} notebooks: if each is somebody's, give {found.name}/."
    return replace(found, note=f"{found.note} {words}".strip())


def claim(out: Path, key: Key) -> None:
    """Say in a folder whose grades it holds.

    Raises:
        InputError: it holds those of another assignment, or of the same with other numbers.
    """
    place, own = out / "assignment.json", {"id": key.id, "variant": dict(key.variant)}
    try:
        there = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        there = own
    if there != own:
        numbers = ", ".join(f"{n} = {v}" for n, v in there.get("variant", {}).items())
        whose = f"assignment {there.get('id')}" + (f" with {numbers}" if numbers else "")
        raise InputError(f"out = {str(out)!r} holds the grades of {whose}, expected another folder")
    write_atomically(place, (json.dumps(own) + "\n").encode())


def _person(name: str) -> str:
    match = _PERSON.match(name)
    return name if match is None else match[1] or match[2].replace("_LATE_", "_")


def newest(folder: Path) -> tuple[Path | None, str]:
    """The notebook that counts in a folder, and a note if there are different ones: the newest;
    of several with one time, the first by name."""
    inside = [p for p in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts]
    if len(inside) < 2:
        return (inside[0] if inside else None), ""
    times = [path.lstat().st_mtime for path in inside]
    last = inside[times.index(max(times))]
    if len({_content(path) for path in inside}) == 1:
        return last, ""
    why = "the newest" if times.count(max(times)) == 1 else "the first by name of the newest"
    return last, f"several notebooks: {last.name} counts, {why}."


def _content(path: Path) -> str:
    return digest_of(path) if path.is_file() and not path.is_symlink() else str(path)


def grade_one(
    key: Key, found: Found, box: object, library: Path, before: dict | None = None
) -> dict:
    """The record of one submission: what each test said, and what a person should know.

    Args:
        key: the assignment.
        found: the submission.
        box: closes the sandbox.
        library: the folder of `make_library`.
        before: an earlier record of the same file; its tests that did not change are kept.

    Raises:
        NoBoxError: no sandbox can be started.
    """
    start = time.monotonic()
    digest = "" if found.path is None else digest_of(found.path)
    before = before if before and before["file"] == digest else None
    kept = {} if before is None else {test["digest"]: test for test in before["tests"]}
    new = [test for test in key.tests if key.digest_of(test) not in kept]
    answers, notes, asked = Answers(), [found.note] if found.note else [], []
    try:
        if found.path is None:
            raise Unreadable("there is no notebook in it; an archive has to be unpacked first.")
        answers = answers_in(notebook_in(found.path), key)
        notes += answers.notes
        with Session(box, library, key, answers.code) as session:
            asked = ask(key, session, new)
            notes += session.notes
    except Unreadable as error:
        notes.append(str(error))
        asked = [_nothing(key, test, str(error)) for test in new]
    except (NoBoxError, InputError):
        raise
    except Exception as error:
        notes.append(f"the grader failed, look at it by hand ({said(error)}).")
        asked = [_nothing(key, test, "the grader failed.") for test in new]
    outcomes = {**kept, **{t["digest"]: t for t in map(_plain, asked)}}
    return {
        "name": found.name,
        "file": digest,
        "tests": [{**outcomes[key.digest_of(t)], "test": t.name} for t in key.tests],
        "code": answers.code,
        "texts": answers.texts,
        "notes": notes + ([] if before is None else [n for n in before["notes"] if n not in notes]),
        "seconds": round(time.monotonic() - start, 2),
    }


def _nothing(key: Key, test: object, why: str) -> dict:
    digest = key.digest_of(test)
    return {"test": test.name, "digest": digest, "verdict": "not answered", "message": why}


def _plain(outcome: object) -> dict:
    return outcome if isinstance(outcome, dict) else asdict(outcome)


def grade_all(
    key: Key, submissions: list[Found], box: object, out: Path, jobs: int, quiet: bool = False
) -> list[dict]:
    """The records of a class, from `out`/records where they are, and graded where they are not.

    Each record is written when it is there, so that an interrupted run goes on with the rest. A
    record of another file, or of a key with other tests, is made anew, as far as it is touched.
    """
    folder = out / "records"
    records, todo = {}, []
    for found in submissions:
        old = _record(folder, found.name)
        digest = "" if found.path is None else digest_of(found.path)
        wanted = [key.digest_of(test) for test in key.tests]
        if old and old["file"] == digest and [t["digest"] for t in old["tests"]] == wanted:
            records[found.name] = old
        else:
            todo.append((found, old))
    with sandbox_library(key) as library:
        graded = _in_parallel(key, todo, box, library, jobs)
        for count, record in enumerate(graded, 1):
            text = json.dumps(record, indent=1)
            write_atomically(_place(folder, record["name"]), text.encode())
            records[record["name"]] = record
            if not quiet:
                end = "\n" if count == len(todo) else "\r"
                print(f"{count} of {len(todo)} graded", end=end, file=sys.stderr, flush=True)
    return [records[found.name] for found in submissions]


def _in_parallel(
    key: Key, todo: list[tuple[Found, dict | None]], box: object, library: Path, jobs: int
) -> Iterator[dict]:
    if jobs == 1 or len(todo) < 2:
        return (grade_one(key, found, box, library, old) for found, old in todo)
    import joblib

    tasks = (joblib.delayed(_quietly)(key, found, box, library, old) for found, old in todo)
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        return joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(tasks)


def _quietly(*arguments: object) -> dict:
    import torch

    torch.set_num_threads(1)
    return grade_one(*arguments)


def _place(folder: Path, name: str) -> Path:
    return folder / file_name(name, "json")


def _record(folder: Path, name: str) -> dict | None:
    try:
        record = json.loads(_place(folder, name).read_text(encoding="utf-8"))
        is_whole = record["name"] == name and all("digest" in test for test in record["tests"])
        return record if is_whole and "notes" in record else None
    except (OSError, ValueError, KeyError, TypeError):
        return None

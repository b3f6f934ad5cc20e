"""python -m icllib.course: build assignments, check one's own answers, grade a class."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from icllib.course.key import FormError, Key, checks_digest
from icllib.course.reading import Unreadable
from icllib.errors import InputError
from icllib.files import FileError, write_atomically
from icllib.threads import cores

__all__ = ["main"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m icllib.course", description="Build, check and grade assignments."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="make what students and graders need, and test it")
    build.add_argument("name", metavar="NAME", nargs="+", help="01, …, or all")
    build.add_argument("--sources", type=Path, default=Path("assignments"))
    build.add_argument("-o", "--out", type=Path, default=Path("dist"))
    build.add_argument(
        "--variant",
        metavar="NAME=NUMBER",
        nargs="+",
        action="extend",
        default=[],
        help="other numbers in text, solutions and checks",
    )
    build.add_argument("--seed", type=int, default=0, help="added to the seeds of hidden checks")
    check = commands.add_parser("check", help="ask the public checks of your own notebook")
    check.add_argument("notebook", type=Path)
    grade = commands.add_parser("grade", help="grade a folder of submissions, each in a sandbox")
    grade.add_argument("key", help="01, …, of what was built; or a grader.zip")
    grade.add_argument("submissions", type=Path, help="notebooks, or folders with one each")
    grade.add_argument("-o", "--out", type=Path, default=Path("graded"))
    grade.add_argument("--dist", type=Path, default=Path("dist"), help="where `build` wrote")
    grade.add_argument("--roster", type=Path, help="a CSV with a column id, email or name")
    grade.add_argument("--canvas", type=Path, help="the gradebook that Canvas exports")
    grade.add_argument("--column", default="", help="its column there, if not the title")
    grade.add_argument("--moodle", type=Path, help="the grading worksheet that Moodle exports")
    grade.add_argument(
        "--reveal", action="store_true", help="tell what hidden checks said: after the deadline"
    )
    grade.add_argument("--jobs", type=int, help="how many at a time (default: all cores)")
    grade.add_argument("--box", choices=["bubblewrap", "user"], default="bubblewrap")
    scope = commands.add_parser("gradescope", help="grade one submission inside Gradescope")
    scope.add_argument("key", type=Path)
    scope.add_argument("submission", type=Path)
    scope.add_argument("results", type=Path)
    return parser


def _build(options: argparse.Namespace) -> None:
    from icllib.course.build import build, points_of_default
    from icllib.course.source import find_source
    from icllib.course.variant import numbers

    variant, names = numbers(options.variant), options.name
    if variant and (len(names) > 1 or names == ["all"]):
        raise FormError("--variant belongs to one assignment, expected one NAME")
    if names == ["all"]:
        names = sorted(path.parent.name for path in options.sources.glob("*/source.md"))
    for name in names:
        path = find_source(name, options.sources)
        key = build(path, options.out, variant, options.seed)
        told = f"; {key.numbers}" if key.variant else ""
        place = options.out / key.id
        print(
            f"{key.id} {key.title}: {key.points:g} points{told}; {place} holds four files",
            flush=True,
        )
        if variant:
            most = sum(test.points for test in key.tests)
            old = points_of_default(path, key)
            hint = "" if 2 * old <= most else "; another number would cost it more"
            print(f"   the solution with the default numbers gets {old:g} of {most:g} points{hint}")


def _check(options: argparse.Namespace) -> None:
    from icllib.course.local import check_notebook

    check_notebook(options.notebook)


def _grade(options: argparse.Namespace) -> None:
    from icllib.course.archives import grader_key
    from icllib.course.box import find_box
    from icllib.course.grade import claim, find_submissions, grade_all
    from icllib.course.report import check_tables, write_reports

    given = Path(options.key)
    place = given
    if not given.is_file():
        place = options.dist / options.key.zfill(2) / "grader.zip"
    if not place.exists():
        raise FormError(
            f"there is no {place}: `python -m icllib.course build {place.parent.name}` makes it, "
            "if there is such an assignment"
        )
    key = grader_key(place)
    if checks_digest(key.checks) != key.checks_digest:
        raise FormError(f"{given} was built with other checks than these: build it again")
    if key.variant:
        print(f"{key.id} {key.title}: {key.numbers}")
    check_tables(key, options)
    found = find_submissions(options.submissions)
    claim(options.out, key)
    jobs = cores() if options.jobs is None else options.jobs
    records = grade_all(key, found, find_box(options.box), options.out, jobs)
    for line in write_reports(key, records, options):
        print(line)


def _gradescope(options: argparse.Namespace) -> None:
    from icllib.course.archives import grader_key
    from icllib.course.box import NoBoxError, find_box
    from icllib.course.grade import Found, grade_one, newest, sandbox_library
    from icllib.course.tables import gradescope

    key: Key = grader_key(options.key)
    try:
        box = find_box()
    except NoBoxError:
        box = find_box("user")
    found = Found("submission", *newest(options.submission))
    with sandbox_library(key) as library:
        record = grade_one(key, found, box, library)
    text = json.dumps(gradescope(key, record), indent=1, ensure_ascii=False)
    write_atomically(options.results, text.encode())


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its status: 0, 1 if the input or a file was wrong, 130 if interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    commands = {"build": _build, "check": _check, "grade": _grade, "gradescope": _gradescope}
    try:
        commands[options.command](options)
    except Unreadable as error:
        print(f"icllib.course: {options.notebook}: {error}", file=sys.stderr)
        return 1
    except (InputError, FormError, FileError) as error:
        print(f"icllib.course: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"icllib.course: pip install {error.name}, and try again", file=sys.stderr)
        return 1
    except OSError as error:
        name = error.filename or "a file"
        print(f"icllib.course: {name}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("icllib.course: interrupted; the same command goes on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

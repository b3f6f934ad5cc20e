"""A small assignment that was graded: its key, records of submissions, and tables to read."""

import csv
from argparse import Namespace

from icllib.course.key import ByHand, Key, Test

KEY = Key(
    id="99",
    title="Small",
    questions=("loss", "why"),
    setup="import torch",
    stubs={"loss": "def loss(w, x, y): ...", "why": "Write here."},
    tests=(
        Test("loss", "check.loss(loss)", 2, False, 1),
        Test("loss", "check.loss(loss, seed=5)", 1, True, 2),
    ),
    by_hand=(ByHand("why", 3, "a reason"),),
    checks="assignment_01",
    library=("tasks",),
)


def record(name, verdicts=("right", "right"), text="Because.", notes=(), code="", message="m"):
    tests = [
        {"test": test.name, "digest": KEY.digest_of(test), "verdict": verdict, "message": message}
        for test, verdict in zip(KEY.tests, verdicts, strict=True)
    ]
    return {
        "name": name,
        "file": "",
        "tests": tests,
        "code": {"loss": code},
        "texts": {"why": text},
        "notes": list(notes),
    }


def options(out, **more):
    empty = {"reveal": False, "roster": None, "canvas": None, "moodle": None, "column": ""}
    return Namespace(out=out, **empty | more)


def rows(path):
    return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))

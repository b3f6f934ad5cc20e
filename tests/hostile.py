"""Submissions of assignment 1 that try something: what they hand in, and what it may cost them.

Each is the solution with one cell changed (`GRADIENT`, worth 3 of 20 points), or no answer at all.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path

from icllib.course.archives import student_notebook
from icllib.course.source import Source, read_source

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "assignments" / "01_regression_and_descent" / "source.md"
RIGHT = "def gradient(w, x, y):\n    return (x @ w.T - y).T @ x / len(x)\n"


@dataclass(frozen=True)
class Case:
    """One submission.

    Attributes:
        code: what stands in a cell: of `gradient` beside right answers, or of `loss` alone.
        points: what it gets.
        words: a part of what the teacher is told, or the student.
        alone: it has no other answer.
    """

    code: str
    points: float
    words: str = ""
    alone: bool = False


#: Looks for names everywhere, and answers only if it finds one.
SEARCH = """
import os
def seen():
    wanted = ("key.json", "grader.zip", "assignment_01.py", "learners.py", "right_1.ipynb")
    for place, folders, names in os.walk("/"):
        if place.startswith(("/proc/", "/usr")):
            folders.clear()
        for name in wanted:
            if name in names:
                return os.path.join(place, name)
if seen():
    def gradient(w, x, y):
        return (x @ w.T - y).T @ x / len(x)
"""

FAKE = """
import os, json
print(json.dumps({"score": 20, "tests": []}))
for place in ("/tmp", "/", "/autograder/results", "."):
    try:
        open(os.path.join(place, "results.json"), "w").write('{"score": 20}')
    except OSError:
        pass
"""

EQUAL = """
import torch
class Yes(float):
    __eq__ = __ge__ = __le__ = lambda self, other: True
    __abs__ = __sub__ = __rsub__ = lambda self, *other: Yes(0)
    __hash__ = None
class All(torch.Tensor):
    __eq__ = __le__ = __ge__ = lambda self, other: torch.ones(()) > 0
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        return All(torch.zeros(2, 3))
"""

PATCH = """
import pickle, sys, torch, builtins
from icllib.course import runner, wire
torch.allclose = torch.equal = torch.isclose = lambda *_, **__: True
builtins.isinstance, kept = (lambda *_: True), builtins.isinstance
builtins.isinstance = kept
class Dump:
    def __reduce__(self):
        return (eval, ("open('/tmp/owned', 'w')",))
pickle.dump = pickle.dumps = lambda *_, **__: b""
sys.modules["icllib.checks"] = sys.modules["torch.testing"] = Dump()
real = wire.send
def send(sock, message, deadline=None):
    real(sock, {"value": True, "verdict": "right", "score": 20, "points": 20, "done": True})
runner.wire.send = wire.send = send
"""

CASES = {
    "right_1": Case(RIGHT, 20),
    "loop": Case("while True:\n    pass", 17, "ran longer than 4 s"),
    "loop_called": Case("def gradient(w, x, y):\n    while True:\n        pass", 17, "ran longer"),
    "memory": Case(
        "blocks = []\nwhile True:\n    blocks.append(bytearray(2**30))", 17, "MemoryError"
    ),
    "memory_called": Case("def gradient(w, x, y):\n    return [x] * 2**40", 17, "MemoryError"),
    "exit": Case("import os\nos._exit(0)", 17, "ended its process"),
    "exit_called": Case("def gradient(w, x, y):\n    import os\n    os._exit(0)", 17, "ended its"),
    "killed": Case("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", 17, "ended its"),
    "crash": Case("import ctypes\nctypes.string_at(0)", 17, "ended its process"),
    "system_exit": Case("raise SystemExit", 17, "SystemExit"),
    "interrupt": Case(
        "def gradient(w, x, y):\n    raise KeyboardInterrupt", 17, "KeyboardInterrupt"
    ),
    "deletes": Case(
        "import shutil\nfor p in ('.', '../library', '/tmp', '/dev'):\n"
        "    shutil.rmtree(p, ignore_errors=True)\n" + RIGHT,
        20,
    ),
    "searches": Case(SEARCH, 17, "gradient is not there"),
    "runner": Case(PATCH, 0, alone=True),
    "transformer": Case(
        "def right(lines):\n    return ['pass']\n"
        "get_ipython().input_transformers_post.append(right)",
        0,
        alone=True,
    ),
    "fake_score": Case(FAKE, 0, alone=True),
    "equal": Case(EQUAL + "def gradient(w, x, y):\n    return All(torch.zeros(2, 3))", 17),
    "equal_number": Case(EQUAL + "def gradient(w, x, y):\n    return Yes(0)", 17, "shape ()"),
    "forks": Case(
        "import os, sys\nfor _ in range(200):\n    try:\n        os.fork()\n"
        "    except OSError:\n        pass\nsys.stdout.write('x' * 10**8)\n" + RIGHT,
        20,
    ),
    "fork_bomb": Case("import os\nwhile True:\n    os.fork()", 17, "PermissionError"),
    "magics": Case("!pip install evil\n%matplotlib inline\n%timeit 1\n" + RIGHT, 20),
    "cell_magic": Case("%%bash\nrm -rf /", 17, "gradient is not there"),
    "deep": Case(
        "def gradient(w, x, y):\n    a = []\n    for _ in range(10**5):\n        a = [a]\n"
        "    return a",
        17,
    ),
    "wide": Case("def gradient(w, x, y):\n    return [[0.0] * 10**6] * 4", 17),
    "cyclic": Case("def gradient(w, x, y):\n    a = []\n    a.append(a)\n    return a", 17),
    "large": Case("def gradient(w, x, y):\n    return torch.zeros(10**7)", 17, "Tensor"),
    "expanded": Case(
        "def gradient(w, x, y):\n    return torch.zeros(1).expand(10**14)", 17, "Tensor"
    ),
    "thin": Case("def gradient(w, x, y):\n    return torch.zeros(10**9, 0)", 17),
    "library": Case("from icllib import learners", 17, "that module is left out"),
    "checks": Case(
        "from icllib.checks import assignment_01 as a\ndef gradient(w, x, y):\n    return 1",
        17,
        "that module is left out",
    ),
    "terminal": Case(
        "import os, glob, fcntl\n"
        "for p in ['/dev/tty', '/dev/console', *glob.glob('/dev/pts/*'), *glob.glob('/proc/*/fd/*')]:\n"
        "    try:\n        f = os.open(p, os.O_RDWR | os.O_NONBLOCK)\n"
        "        os.isatty(f) and os.write(f, b'mallory was here')\n"
        "        fcntl.ioctl(f, 0x5412, b'x')\n"
        "    except OSError:\n        pass\n" + RIGHT,
        20,
    ),
    "network": Case(
        "import urllib.request\nurllib.request.urlopen('http://1.1.1.1', timeout=2)", 17, "URLError"
    ),
    "hooks": Case(
        "import sys\nclass Hook:\n    def find_spec(self, name, *_):\n        raise ImportError\n"
        "sys.meta_path.insert(0, Hook())\n" + RIGHT,
        20,
    ),
    "garbage": Case(
        "import os\ndef gradient(w, x, y):\n    for fd in range(3, 64):\n        try:\n"
        "            os.write(fd, b'\\x00\\x00\\x00\\x04{[[[')\n"
        "        except OSError:\n            pass",
        17,
        "sent what no answer looks like",
    ),
    "endless_message": Case(
        "import os\ndef gradient(w, x, y):\n    for fd in range(3, 64):\n        try:\n"
        "            os.write(fd, b'\\xff\\xff\\xff\\xff')\n"
        "        except OSError:\n            pass",
        17,
        "sent what no answer looks like",
    ),
    "drips": Case(
        "import os, time\ndef gradient(w, x, y):\n    part = b'\\x00\\x00\\x10\\x00'\n"
        "    while True:\n        for fd in range(3, 64):\n            try:\n"
        "                os.write(fd, part)\n"
        "            except OSError:\n                pass\n        part = b' '\n        time.sleep(0.5)",
        17,
        "ran longer than 4 s",
    ),
    "slow": Case(
        "import time\ndef gradient(w, x, y):\n    time.sleep(1)\n"
        "    return (x @ w.T - y).T @ x / len(x)\n",
        20,
    ),
    "spams": Case(
        "import os, threading\ndef spam():\n    while True:\n        for fd in range(3, 64):\n"
        "            try:\n                os.write(fd, b'\\x00\\x00\\x00\\x02{}')\n"
        "            except OSError:\n                pass\n"
        "threading.Thread(target=spam, daemon=True).start()",
        -1,  # what comes after this cell is at the mercy of its own thread
        "sent what no answer looks like",
    ),
    "script": Case(
        "raise type('<script>alert(1)</script>', (Exception,), {})('<b>' + 'x' * 10**6)", 17
    ),
    "liar": Case(
        "class E(Exception):\n    def __str__(self):\n        raise SystemExit\n"
        "def gradient(w, x, y):\n    raise E",
        17,
        "your function raised E",
    ),
    "infinite_class": Case(
        "class A:\n    def __getattr__(self, n):\n        return self\n"
        "    def __float__(self):\n        return float('nan')\n"
        "def gradient(w, x, y):\n    return A()",
        17,
    ),
    "syntax": Case("def gradient(w, x, y:\n    return 1", 17, "SyntaxError"),
}


def source() -> Source:
    """Assignment 1."""
    return read_source(SOURCE)


def notebook(student: dict, answers: dict[str, str]) -> dict:
    """The student's notebook with these answers."""
    filled = copy.deepcopy(student)
    for cell in filled["cells"]:
        mark = cell["metadata"].get("kit", {})
        if mark.get("kind") == "answer" and mark["question"] in answers:
            cell["source"] = answers[mark["question"]]
    return filled


def hand_in(folder: Path, names: list[str] | None = None) -> None:
    """Write the cases as notebooks into a folder."""
    read = source()
    student = student_notebook(read)
    for name, case in CASES.items():
        if names is None or name in names:
            answers = (
                {"loss": case.code} if case.alone else {**read.solutions(), "gradient": case.code}
            )
            text = json.dumps(notebook(student, answers))
            (folder / f"{name}.ipynb").write_text(text, encoding="utf-8")

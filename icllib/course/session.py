"""A talk with one sandbox: its cells are run, its functions are called, and it is started again
where it dies."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

import torch

from icllib.course import wire
from icllib.course.box import NoBoxError, Process
from icllib.course.key import Key
from icllib.tasks import Prompts

__all__ = ["Gone", "Remote", "Session"]

STARTS = 4


class Gone(Exception):  # noqa: N818 (an event, no error of the kit)
    """The sandbox is gone; the session's incident says why, in a sentence."""


class Remote:
    """A function of the student's: each call is a question to the sandbox."""

    def __init__(self, session: Session, part: dict) -> None:
        self.session, self.part, self.start = session, part, session.starts
        self.__name__ = "function"

    def __call__(self, *arguments: object, **options: object) -> object:
        return self.session.call(self, arguments, options)


class Session:
    """The answers of one submission, alive.

    Args:
        box: closes the sandbox.
        library: the folder of `library.make_library`.
        key: the assignment.
        code: question → code.

    Attributes:
        trouble: question → what its cell did instead of ending.
        fatal: questions whose cell has ended a sandbox; it counts as blank from then on.
        incident: what the last request did to the sandbox, if anything; a sentence.
        failure: why no sandbox could be started at the last attempt; it is no student's doing.
        notes: all incidents, each with its question.
        wrong: the questions of which a check has said that they are not right.
    """

    def __init__(self, box: object, library: Path, key: Key, code: Mapping[str, str]) -> None:
        self.box, self.library, self.key = box, library, key
        self.code = {q: code[q] for q in key.questions if q in code}
        self.end = time.monotonic() + key.limits.total
        self.trouble: dict[str, str] = {}
        self.fatal: set[str] = set()
        self.notes: list[str] = []
        self.wrong: set[str] = set()
        self.incident = ""
        self.failure: NoBoxError | None = None
        self.question = ""
        self.starts = 0
        self.process: Process | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the sandbox."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def begin(self) -> None:
        """A sandbox in which all cells have run that let it live.

        Raises:
            Gone: it may not be started again, or all time is used up.
        """
        while self.process is None:
            if time.monotonic() > self.end:
                raise self._gone(f"all {self.key.limits.total:g} s of this notebook are used up.")
            if self.starts == STARTS:
                raise self._gone("the notebook has ended its sandbox too often.")
            self.starts += 1
            self.process = self._started()
            self._run_cells()

    def _started(self) -> Process:
        for attempt in range(3):
            try:
                process = self.box.start(self.library, self.key.limits)
                self.failure = None
                return process
            except NoBoxError as error:  # no doing of the student's
                self.failure = error
                time.sleep(attempt)
        raise self._gone("the sandbox does not start.")

    def _run_cells(self) -> None:
        for question, code in [("", self.key.setup), *self.code.items()]:
            if question in self.fatal:
                continue
            seconds = self.key.limits.cell
            what = f"the cell of {question}" if question else "the set-up"
            try:
                reply = self._request({"do": "cell", "code": code}, seconds)
            except wire.WireError as error:
                self.stop()
                words = _fatal(error, seconds)
                self.fatal.add(question)
                self.trouble[question] = f"your cell did not come to its end: it {words}."
                self.notes.append(f"{what} {words}.")
                return
            if "error" in reply:
                self.trouble[question] = f"your cell raised {self._told(reply)}"
                if not question:
                    self.notes.append(f"{what} raised {self._told(reply)}")

    def _told(self, reply: dict) -> str:
        name, words = _error(reply)
        hint = _hint(name, words, self.key)
        return f"{name}: {words}.{hint}" if words else f"{name}.{hint}"

    def _request(self, message: dict, seconds: float) -> dict:
        deadline = min(time.monotonic() + seconds, max(self.end, time.monotonic() + 0.1))
        code = os.urandom(8).hex()  # what was not asked for is no answer
        wire.send(self.process.sock, message | {"id": code}, deadline)
        reply = wire.receive(self.process.sock, deadline)
        if reply.get("id") != code or not {"done", "value", "error", "missing"} & set(reply):
            raise wire.WireError("no message")
        return reply

    def _gone(self, sentence: str) -> Gone:
        self.incident = sentence
        return Gone(sentence)

    def _asked(self, message: dict) -> dict:
        self.begin()
        seconds = self.key.limits.call
        try:
            return self._request(message, seconds)
        except wire.WireError as error:
            self.stop()
            words = _fatal(error, seconds)
            self.notes.append(f"a function of {self.question} {words} when it was called.")
            raise self._gone(f"your function {words} when it was called.") from None

    def value(self, name: str) -> object:
        """What a name of the student's stands for: a value, or a `Remote`.

        Raises:
            KeyError: there is no such name.
            Gone: the sandbox died of the question.
        """
        reply = self._asked({"do": "get", "name": name})
        if reply.get("missing") is True:
            raise KeyError(name)
        return self._read(reply)

    def call(self, remote: Remote, arguments: tuple, options: Mapping[str, object]) -> object:
        """The value of a student's function for these arguments.

        Raises:
            Exception: of the same name as the student's function raised, with its words.
            Gone: the sandbox died of the call.
        """
        self.begin()
        if "name" not in remote.part and remote.start != self.starts:
            raise self._gone("a function that your function returned is gone with its sandbox.")
        message = {
            "do": "call",
            "function": remote.part,
            "arguments": [wire.encode(part, _keep) for part in arguments],
            "options": [[name, wire.encode(part, _keep)] for name, part in options.items()],
            "double": any(_is_double(part) for part in (*arguments, *options.values())),
        }
        return self._read(self._asked(message))

    def _read(self, reply: dict) -> object:
        if "error" in reply:
            kind, words = _error(reply)
            hint = _hint(kind, words, self.key)
            raise type(kind, (Exception,), {})(f"{words}.{hint}" if words else "")
        try:
            return wire.decode(reply.get("value"), self._function)
        except wire.WireError:
            self.notes.append(f"a function of {self.question} handed in what cannot be read.")
            raise self._gone("what was handed in is too large, or cannot be read.") from None

    def _function(self, part: dict) -> Remote:
        name, number = part.get("name"), part.get("number")
        return Remote(self, {"name": name} if isinstance(name, str) else {"number": number})


def _keep(function: object) -> dict:
    if isinstance(function, Remote):
        return function.part
    raise TypeError("a test may hand over the student's own functions alone")


def _is_double(part: object) -> bool:
    part = part.x if isinstance(part, Prompts) else part
    return isinstance(part, torch.Tensor) and part.dtype == torch.float64


def _fatal(error: wire.WireError, seconds: float) -> str:
    if "imeout" in str(error) or "Blocking" in str(error):
        return f"ran longer than {seconds:g} s"
    if str(error) == "closed" or "Reset" in str(error) or "Pipe" in str(error):
        return "ended its process"
    return "sent what no answer looks like"


def _error(reply: dict) -> tuple[str, str]:
    kind, words, line = "Exception", "", None
    with contextlib.suppress(Exception):
        kind, words, line = reply["error"]
    name = "".join(c for c in str(kind)[:60] if c.isalnum() or c == "_") or "Exception"
    where = f" (line {line} of the cell)" if type(line) is int else ""
    return name, (str(words)[:300] + where).strip()


def _hint(name: str, words: str, key: Key) -> str:
    missing = re.search(r"name '(\w+)' is not defined", words)
    if missing and missing[1] in key.questions:
        return f" That is the answer of another question, {missing[1]}, which is not there."
    if name == "NameError":
        return " Put helpers into the cell of the question: cells that you add are not read."
    if name == "ModuleNotFoundError" and "icllib" in words:
        return " This assignment asks you to write it yourself: that module is left out."
    return ""

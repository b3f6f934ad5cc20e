"""Runs a student's cells and answers questions about them, inside the sandbox. It knows no test.

Usage: python -m icllib.course.runner SOCKET MEMORY SECONDS MODE — SOCKET is the number of an open
one, or PORT:WORD of one on this machine that waits; MODE is `open` for one's own notebook.
"""

from __future__ import annotations

import os
import socket
import sys
import traceback

import torch

from icllib.course import wire

__all__ = ["main"]


class Nothing:
    """Takes everything and does nothing: what %magic and !commands become."""

    def __getattr__(self, name: str) -> Nothing:
        return self

    def __call__(self, *arguments: object, **options: object) -> Nothing:
        return self


class Runner:
    """The student's names, and what is done with them on request."""

    def __init__(self) -> None:
        self.kept: list[object] = []
        nothing = Nothing()
        self.names: dict[str, object] = {"__name__": "__main__"}
        self.names |= {"get_ipython": nothing, "display": nothing}

    def answer(self, request: dict) -> dict:
        """What a request asks for, or the error that it ends in."""
        try:
            if request["do"] == "cell":
                exec(compile(request["code"], "<cell>", "exec"), self.names)
                return {"done": True}
            if request["do"] == "get":
                if request["name"] not in self.names:
                    return {"missing": True}
                return {"value": self.encoded(self.names[request["name"]], request["name"])}
            return {"value": self.encoded(self.called(request))}
        except BaseException as error:
            return self.told(error)

    def called(self, request: dict) -> object:
        """The value of a function for arguments, with seeded chance and the arguments' precision
        (as `checks.answers.call`)."""
        function = self.function(request["function"])
        arguments = [wire.decode(part, self.function) for part in request["arguments"]]
        options = {name: wire.decode(part, self.function) for name, part in request["options"]}
        before = torch.get_default_dtype()
        torch.default_generator.manual_seed(0)
        try:
            if request["double"]:
                torch.set_default_dtype(torch.float64)
            return function(*arguments, **options)
        finally:
            torch.set_default_dtype(before)

    def function(self, part: dict) -> object:
        """Something that was kept, by its name or number."""
        name = part.get("name")
        return self.names[name] if name is not None else self.kept[part["number"]]

    def encoded(self, value: object, name: str | None = None) -> object:
        """The value for the wire."""

        def keep(function: object) -> dict:
            kind = str(getattr(type(function), "__name__", "function"))
            if name is not None and self.names.get(name) is function:
                return {"t": "function", "name": name, "kind": kind}
            self.kept.append(function)
            return {"t": "function", "number": len(self.kept) - 1, "kind": kind}

        return wire.encode(value, keep)

    def told(self, error: BaseException) -> dict:
        """An error in the terms of JSON: its kind, its words, and the line of the cell."""
        try:
            words = " ".join(str(error).split())[:300]
        except BaseException:
            words = ""
        line = error.lineno if isinstance(error, SyntaxError) else None
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename == "<cell>":
                line = frame.lineno
        return {"error": [str(type(error).__name__)[:60], words, line]}


def main(arguments: list[str]) -> None:
    """Serve requests until the other side is gone."""
    place, _, word = arguments[0].partition(":")
    if word:
        sock = socket.create_connection(("127.0.0.1", int(place)), timeout=60)
    else:
        sock = socket.socket(fileno=int(place))
    if arguments[3] != "open":
        from icllib.course.guard import give_up

        give_up(int(arguments[1]), float(arguments[2]))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    runner = Runner()
    wire.send(sock, {"ready": word or True})
    while True:
        try:
            request = wire.receive(sock)
        except wire.WireError:
            return
        code = {"id": request.get("id")}
        try:
            wire.send(sock, runner.answer(request) | code)
        except wire.WireError:  # too long
            error = ["ValueError", "the value is too large to hand in", None]
            wire.send(sock, {"error": error} | code)


if __name__ == "__main__":
    main(sys.argv[1:])

"""What was handed in: a notebook's answers, taken by the marks of the kit and by nothing else."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from icllib.course.key import Key

__all__ = ["Answers", "Unreadable", "answers_in", "digest_of", "file_name", "marked"]
__all__ += ["gone", "kit_of", "notebook_in", "parsed"]

LARGEST = 20 * 2**20  # bytes of a notebook
LONGEST = 200_000  # characters of an answer
_AVOIDED = "{} uses `{}` (line {}), which this assignment asks to do without; a person decides."
_LOST = "its cells have lost their marks: copy the answers into a fresh notebook"
_TIMED = re.compile(r"\A\s*%%(time|capture)\b[^\n]*\n")  # a cell that Python can run, measured


class Unreadable(Exception):  # noqa: N818 (it is no error of the kit)
    """Nothing can be taken from this file; the message says why, in a sentence."""


@dataclass(frozen=True)
class Answers:
    """The answers of one notebook.

    Attributes:
        code: question → the code of its cells, magics turned into calls of nothing.
        texts: question → what a person reads.
        notes: sentences for the teacher.
    """

    code: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def digest_of(path: Path) -> str:
    """SHA-256 of a file's first bytes, as many as are read at all."""
    with path.open("rb") as file:
        return hashlib.sha256(file.read(LARGEST + 1)).hexdigest()


def file_name(name: str, ending: str) -> str:
    """A name for a file of a submission's own; a very long one is cut."""
    if len(name) > 60:
        code = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
        name = f"{name[:40]}-{code[:16]}"
    return f"{name}.{ending}"


def notebook_in(path: Path) -> dict:
    """The notebook in a file, of any format since version 3, as plain dictionaries.

    Raises:
        Unreadable: it is not there, a link, too large, or no notebook.
    """
    if not path.is_symlink() and not path.exists():
        raise Unreadable("there is no such file.")
    if path.is_symlink() or not path.is_file():
        raise Unreadable("it is no file of its own (a link or a folder).")
    if path.stat().st_size > LARGEST:
        raise Unreadable(f"it has more than {LARGEST // 2**20} MB: clear its outputs.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.get("nbformat", 4) < 4:
            import nbformat

            data = nbformat.convert(nbformat.reader.reads(json.dumps(data)), 4)
        if not isinstance(data["cells"], list):
            raise TypeError
    except Unreadable:
        raise
    except Exception:
        raise Unreadable("it is no notebook: open it in Jupyter, and save it again.") from None
    return data


def marked(data: dict) -> list[tuple[dict, dict]]:
    """The cells that carry a mark of the kit, each with its mark."""
    found = []
    for cell in data["cells"]:
        mark = _mark(cell)
        if mark and isinstance(_text(cell), str):
            found.append((cell, mark))
    return found


def _mark(cell: object) -> dict | None:
    """``{"question", "kind"}`` from the cell's metadata or, where a tool has dropped them, its
    name."""
    if not isinstance(cell, dict):
        return None
    metadata = cell.get("metadata")
    mark = metadata.get("kit") if isinstance(metadata, dict) else None
    if isinstance(mark, dict) and isinstance(mark.get("question"), str):
        return mark
    name = cell.get("id")
    if isinstance(name, str) and name.startswith("kit-answer-"):
        return {"question": name.removeprefix("kit-answer-").replace("-", "_"), "kind": "answer"}
    return None


def _text(cell: dict) -> str | None:
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return source if isinstance(source, str) else None


def answers_in(data: dict, key: Key) -> Answers:
    """The cells of the key's questions, in the order in which they stand in the notebook.

    Raises:
        Unreadable: it is a notebook of another assignment, empty, or has lost all its marks.
    """
    other = kit_of(data).get("assignment", key.id)
    if other != key.id and isinstance(other, str):
        raise Unreadable(f"this is assignment {other[:20]}, not {key.id}.")
    if not data["cells"]:
        raise Unreadable("this notebook is empty.")
    by_hand = {part.question for part in key.by_hand}
    parts: dict[str, list[str]] = {}
    for cell, mark in marked(data):
        if mark.get("kind") == "answer" and mark["question"] in key.questions:
            parts.setdefault(mark["question"], []).append(_text(cell))
    if not parts:
        raise Unreadable(f"{_LOST}.")
    code, texts, notes = {}, {}, _other_numbers(data, key)
    for question in key.questions:
        text = "\n\n".join(parts.get(question, []))
        if question not in parts:
            notes.append(gone(question))
        elif len(text) > LONGEST:
            notes.append(f"the cell of {question} is too long: {len(text)} characters.")
        elif question in by_hand:
            texts[question] = text
        else:
            code[question] = _plain(text)
            notes += _several(parts[question], question)
            notes += _remarks(code[question], question, key)
    return Answers(code, texts, tuple(notes))


def _other_numbers(data: dict, key: Key) -> list[str]:
    if kit_of(data).get("variant", key.variant) != key.variant:
        return [f"this notebook was built with other numbers than {key.numbers or 'the key'}."]
    return []


def gone(question: str) -> str:
    """What is said of a question that has no cell."""
    return f"the cell of {question} is missing."


def kit_of(data: dict) -> dict:
    """What the kit wrote into the notebook's own metadata."""
    metadata = data.get("metadata")
    kit = metadata.get("kit") if isinstance(metadata, dict) else None
    return kit if isinstance(kit, dict) else {}


def _plain(code: str) -> str:
    """Python in which %magic and !commands have become calls."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return TransformerManager().transform_cell(_TIMED.sub("\n", code))
    except Exception:  # no Python either; the sandbox will say so
        return code


def parsed(code: str) -> ast.Module:
    """The tree of some code; an empty one where it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except Exception:
        return ast.Module(body=[], type_ignores=[])


def _several(parts: list[str], question: str) -> list[str]:
    """Several cells that all define the answer are no split cell: the last one wins."""
    count = sum(question in _defined(part) for part in parts)
    words = {2: "two", 3: "three"}.get(count, str(count))
    return [f"{words} cells for {question}; the last counts."] if count > 1 else []


def _defined(code: str) -> set[str]:
    """The names that a cell makes at its top level."""
    body = parsed(_plain(code)).body
    found = {part.name for part in body if isinstance(part, ast.FunctionDef | ast.ClassDef)}
    targets = [target for part in body if isinstance(part, ast.Assign) for target in part.targets]
    return found | {target.id for target in targets if isinstance(target, ast.Name)}


def _remarks(code: str, question: str, key: Key) -> list[str]:
    """What a person may want to look at."""
    tree = parsed(code)
    used: dict[str, int] = {}
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            used.setdefault(node.attr, node.lineno)
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
            used |= {alias.name: node.lineno for alias in node.names}
    notes = [_AVOIDED.format(question, name, used[name]) for name in key.avoid if name in used]
    parts = {m.split(".")[1] for m in modules if m.startswith("icllib.")} - set(key.library)
    return notes + [f"{question} asks for icllib.{p}, which is left out." for p in sorted(parts)]

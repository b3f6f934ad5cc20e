"""Files that are never half written, and descriptions that tell what a file belongs to."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "FileError",
    "digest",
    "plain",
    "read_checkpoint",
    "shipped",
    "write_atomically",
    "write_checkpoint",
]

_MARK = b"icllib checkpoint\n"


class FileError(Exception):
    """A stored file is broken, or belongs to something else; the message names the file."""


def shipped(name: str, place: str | None = None) -> Path:
    """A folder of files that come with the book and are no part of the library's source.

    Args:
        name: its name inside an installed package (pyproject.toml puts it there).
        place: where it lies in the book's repository (default: `name`).
    """
    package = Path(__file__).resolve().parent
    return package / name if (package / name).is_dir() else package.parent / (place or name)


def plain(value: object) -> object:
    """A description in the terms of JSON.

    A dataclass becomes its fields and class, a tensor or array nested lists, a function its name.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
        return {"class": type(value).__name__, **fields}
    if isinstance(value, Tensor | np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(entry) for entry in value]
    if isinstance(value, str):
        return str(value)  # torch's version is a class of its own
    if value is None or isinstance(value, bool | int | float):
        return value
    return getattr(value, "__qualname__", None) or type(value).__qualname__


def digest(value: object) -> str:
    """SHA-256 of a plain description, whatever the order of its keys; 64 hexadecimal digits."""
    text = json.dumps(plain(value), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Whoever reads `path` sees the old content or the new one, even after a crash.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with new.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def write_checkpoint(
    path: Path, identity: Mapping[str, object], state: Mapping[str, object]
) -> None:
    """Write tensors and plain values, with a digest of the whole in front.

    Args:
        path: the file.
        identity: what the state belongs to, as a plain description.
        state: tensors, numbers, strings, and lists and dictionaries of them.
    """
    buffer = io.BytesIO()
    torch.save({"identity": identity, "state": state}, buffer)
    content = buffer.getvalue()
    write_atomically(path, _MARK + hashlib.sha256(content).digest() + content)


def read_checkpoint(path: Path, identity: Mapping[str, object]) -> dict[str, object]:
    """The state of a checkpoint, on the CPU.

    Raises:
        FileError: it is no checkpoint, or not whole, or belongs to another `identity`; nothing of
            it is used.
    """
    content = path.read_bytes()
    mark, code, rest = (
        content[: len(_MARK)],
        content[len(_MARK) : len(_MARK) + 32],
        content[len(_MARK) + 32 :],
    )
    if mark != _MARK:
        raise FileError(f"{path} is no checkpoint of icllib; move it away to train anew")
    if hashlib.sha256(rest).digest() != code:
        raise FileError(f"{path} is truncated or damaged; move it away to train anew")
    found = torch.load(io.BytesIO(rest), weights_only=True, map_location="cpu")
    for name, expected in identity.items():
        given = found["identity"].get(name)
        if given != expected:
            raise FileError(
                f"{path} belongs to another training: its {name} is {given}, expected {expected}; "
                "move it away to train anew"
            )
    return found["state"]

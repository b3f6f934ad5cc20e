"""What crosses the border of the sandbox: JSON behind four bytes of length. Never pickle.

Both sides use this module. It knows no test, and trusts nothing that it reads.
"""

from __future__ import annotations

import base64
import json
import math
import socket
import struct
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

__all__ = ["ENTRIES", "LARGEST", "NAMED", "Opaque", "WireError", "decode", "encode"]
__all__ += ["receive", "send"]

LARGEST = 8 * 2**20  # bytes of a message
ENTRIES = 100_000  # entries of all lists of a message
NUMBERS = 500_000  # numbers of a tensor
DEEPEST = 12
#: Layers that may cross, by name.
NAMED = ("LinearSelfAttention", "SoftmaxSelfAttention")
_DTYPES = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")


class WireError(Exception):
    """The other side is silent, gone, or says what is no message."""


def send(sock: socket.socket, message: object, deadline: float | None = None) -> None:
    """Send a message before the deadline, a time of `time.monotonic`.

    Raises:
        WireError: the other side does not take it.
    """
    text = json.dumps(message).encode()
    if len(text) > LARGEST:
        raise WireError(f"a message of {len(text)} bytes")
    try:
        _wait(sock, deadline)
        sock.sendall(struct.pack(">I", len(text)) + text)
    except OSError as error:
        raise WireError(f"{type(error).__name__}") from None


def receive(sock: socket.socket, deadline: float | None = None) -> dict:
    """The next message, whole before the deadline however slowly it drips.

    Raises:
        WireError: it is not there in time, too long, or no JSON object.
    """
    (length,) = struct.unpack(">I", _exactly(sock, 4, deadline))
    if length > LARGEST:
        raise WireError(f"a message of {length} bytes")
    try:
        message = json.loads(_exactly(sock, length, deadline))
    except (ValueError, RecursionError):
        raise WireError("no message") from None
    if not isinstance(message, dict):
        raise WireError("no message")
    return message


def _exactly(sock: socket.socket, count: int, deadline: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        try:
            _wait(sock, deadline)
            part = sock.recv(min(count - len(parts), 2**16))
        except OSError as error:  # a time-out is one too
            raise WireError(type(error).__name__) from None
        if not part:
            raise WireError("closed")
        parts += part
    return bytes(parts)


def _wait(sock: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        return sock.settimeout(None)
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return sock.settimeout(left)


class Opaque:
    """Something that does not cross: only the name of its kind does."""


def opaque(kind: object) -> object:
    """An object of which nothing is known but how its class is called."""
    name = "".join(c for c in str(kind)[:60] if c.isprintable()) or "object"
    return type(name, (Opaque,), {})()


def encode(value: object, keep: Callable[[object], dict]) -> dict | list | str | float | None:
    """A value in the terms of JSON.

    Args:
        value: numbers, strings, tensors, arrays, prompts, named layers; lists, tuples and
            dictionaries of such.
        keep: what to write for something that is called rather than read.
    """
    return _Writer(keep).write(value, 0)


class _Writer:
    def __init__(self, keep: Callable[[object], dict]) -> None:
        self.keep, self.left = keep, ENTRIES

    def write(self, value: object, depth: int) -> object:
        self.left -= 1
        if self.left < 0 or depth > DEEPEST:
            what = "nested too deep" if depth > DEEPEST else "of too many entries"
            return {"t": "other", "kind": f"{type(value).__name__} {what}"}
        if value is None or type(value) in (bool, float):
            return value
        if type(value) is int:
            return value if abs(value) < 2**1000 else {"t": "other", "kind": "huge int"}
        if value is ...:
            return {"t": "open"}
        if type(value) is str:
            return value[:20_000]
        if isinstance(value, Tensor):
            return _tensor(value)
        if type(value) in (list, tuple):
            return {"t": type(value).__name__, "v": [self.write(v, depth + 1) for v in value]}
        if type(value) is dict:
            pairs = [[str(k)[:200], self.write(v, depth + 1)] for k, v in value.items()]
            return {"t": "dict", "v": pairs}
        return self.special(value, depth)

    def special(self, value: object, depth: int) -> object:
        name, module = type(value).__name__, type(value).__module__
        if module == "icllib.attention" and name in NAMED:
            matrices = {w: _tensor(getattr(value, w)) for w in ("W_K", "W_Q", "W_V", "P")}
            flags = [bool(value.sees_query), bool(value.causal)]
            return {"t": "layer", "kind": name, "flags": flags, "state": matrices}
        if module == "icllib.tasks" and name == "Prompts":
            parts = {n: _tensor(getattr(value, n)) for n in ("x", "y", "x_query", "y_query")}
            return {"t": "prompts", "v": parts}
        if module.partition(".")[0] in ("numpy", "sympy") and hasattr(value, "tolist"):
            if getattr(getattr(value, "dtype", None), "kind", "") in ("b", "i", "u", "f"):
                return _tensor(torch.as_tensor(value))
            return self.write(value.tolist(), depth + 1)
        if callable(value):
            return self.keep(value)
        if isinstance(value, range | set | frozenset):
            return {"t": "other", "kind": name}
        try:
            return float(value)
        except Exception:
            return {"t": "other", "kind": name}


def _tensor(value: Tensor) -> dict:
    value = value.detach()
    dtype = str(value.dtype).removeprefix("torch.")
    if dtype == "bfloat16":
        value, dtype = value.float(), "float32"
    if dtype not in _DTYPES or value.numel() > NUMBERS or value.dim() > DEEPEST:
        return {"t": "other", "kind": f"Tensor of {value.numel()} numbers of {dtype}"}
    data = value.to_dense().cpu().contiguous().numpy().tobytes()
    text = base64.b64encode(data).decode()
    return {"t": "tensor", "dtype": dtype, "shape": list(value.shape), "data": text}


def decode(part: object, function: Callable[[dict], object]) -> object:
    """The value that `encode` wrote, made of nothing but this side's own classes.

    Args:
        part: what was read.
        function: what to make of something that is called.

    Raises:
        WireError: it was not written by `encode`.
    """
    reader = _Reader(function)
    try:
        return reader.read(part, 0)
    except WireError:
        raise
    except Exception as error:
        raise WireError(type(error).__name__) from None


class _Reader:
    def __init__(self, function: Callable[[dict], object]) -> None:
        self.function, self.left = function, ENTRIES + 1

    def read(self, part: object, depth: int) -> object:
        self.left -= 1
        if self.left < 0 or depth > 2 * DEEPEST:
            raise WireError("too large")
        if part is None or isinstance(part, bool | int | float | str):
            return part
        kind = part["t"]
        if kind == "tensor":
            return _read_tensor(part)
        if kind == "open":
            return ...
        if kind in ("list", "tuple"):
            values = [self.read(one, depth + 1) for one in part["v"]]
            return values if kind == "list" else tuple(values)
        if kind == "dict":
            return {str(name): self.read(one, depth + 1) for name, one in part["v"]}
        if kind == "layer":
            return _read_layer(part)
        if kind == "prompts":
            from icllib.tasks import Prompts

            return Prompts(**{str(name): _read_tensor(one) for name, one in part["v"].items()})
        if kind == "function":
            return self.function(part)
        return opaque(part["kind"])


def _read_tensor(part: dict) -> Tensor:
    shape, dtype = part["shape"], part["dtype"]
    if dtype not in _DTYPES or len(shape) > DEEPEST:
        raise WireError("no tensor")
    if not all(type(size) is int and size >= 0 for size in shape):
        raise WireError("no tensor")
    if math.prod(max(size, 1) for size in shape) > NUMBERS:
        raise WireError("too large")
    data = base64.b64decode(part["data"], validate=True)
    if not data:
        return torch.zeros(shape, dtype=getattr(torch, dtype))
    return torch.frombuffer(bytearray(data), dtype=getattr(torch, dtype)).reshape(shape).clone()


def _read_layer(part: dict) -> nn.Module:
    from icllib import attention

    if part["kind"] not in NAMED:
        raise WireError("no layer")
    state = {str(name): _read_tensor(one) for name, one in part["state"].items()}
    heads, width, dim_token = state["W_K"].shape
    sees, causal = (flag is True for flag in part["flags"])
    layer = getattr(attention, part["kind"])(
        dim_token, heads, width, sees_query=sees, causal=causal, dtype=state["W_K"].dtype
    )
    layer.load_state_dict(state)
    return layer

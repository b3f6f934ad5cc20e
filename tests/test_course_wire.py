"""What crosses the border: values come back as they were, and nothing else gets through."""

import socket
import struct
import time

import numpy as np
import pytest
import torch

from icllib.attention import LinearSelfAttention
from icllib.course import wire
from icllib.tasks import LinearTask


def keep(function):
    return {"t": "function", "number": 0}


def there_and_back(value):
    return wire.decode(wire.encode(value, keep), lambda part: ("function", part["number"]))


@pytest.mark.parametrize(
    "value", [None, True, 3, -2.5, "word", ..., [1, [2.0, "x"]], (1, 2), {"a": [1]}, 10**40, []]
)
def test_plain_values_come_back_as_they_were(value):
    back = there_and_back(value)
    assert back == value and type(back) is type(value)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0, 3), (2, 3, 4)])
def test_tensors_keep_their_numbers_shape_and_precision(dtype, shape):
    tensor = (3 * torch.randn(shape, generator=torch.Generator().manual_seed(0))).to(
        getattr(torch, dtype)
    )
    back = there_and_back(tensor)
    assert torch.equal(back, tensor) and back.dtype == tensor.dtype
    assert torch.equal(there_and_back(tensor.numpy()), tensor)


def test_layers_and_prompts_come_back_and_functions_by_number():
    layer = LinearSelfAttention(4, 2, 3, generator=torch.Generator().manual_seed(1))
    back = there_and_back(layer)
    tokens = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(2))
    assert torch.equal(back(tokens), layer(tokens))
    prompts = LinearTask(dim_x=2).sample(3, torch.Generator().manual_seed(0))
    assert torch.equal(there_and_back(prompts).x, prompts.x)
    assert there_and_back(prompts).weights is None
    assert there_and_back([len]) == [("function", 0)]
    assert there_and_back(np.float64(2.5)) == 2.5


def test_what_does_not_cross_keeps_the_name_of_its_kind_alone():
    class Liar(list):
        __eq__ = lambda self, other: True  # noqa: E731
        __hash__ = None

    assert type(there_and_back(Liar([1]))).__name__ == "Liar"
    assert isinstance(there_and_back(Liar([1])), wire.Opaque)
    nested = []
    for _ in range(10_000):
        nested = [nested]
    there_and_back(nested)
    assert "Tensor of" in type(there_and_back(torch.zeros(1).expand(10**12))).__name__


@pytest.mark.parametrize(
    "part",
    [
        {"t": "tensor", "dtype": "float64", "shape": [10**9, 0], "data": ""},
        {"t": "tensor", "dtype": "float64", "shape": [2], "data": "AAAA"},
        {"t": "tensor", "dtype": "load", "shape": [0], "data": ""},
        {"t": "tensor", "dtype": "float64", "shape": [-1], "data": ""},
        {"t": "layer", "kind": "Linear", "flags": [False, False], "state": {}},
        {"t": "list", "v": [0] * 200_001},
        {"t": "function"},
        {"t": "prompts", "v": {"x": {"t": "tensor"}}},
        {},
        [],
        object(),
    ],
)
def test_what_no_encoder_writes_is_refused(part):
    with pytest.raises(wire.WireError):
        wire.decode(part, lambda part: part["number"])


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack(">I", 2**31),
        struct.pack(">I", 4) + b"nope",
        struct.pack(">I", 2) + b"[]",
        struct.pack(">I", 200_000) + b"[" * 200_000,
        b"\x00",
        b"",
    ],
)
def test_a_message_that_is_none_is_refused(sent):
    ours, theirs = socket.socketpair()
    theirs.sendall(sent)
    theirs.close()
    with ours, pytest.raises(wire.WireError):
        wire.receive(ours, time.monotonic() + 1)


def test_a_deadline_holds_for_the_whole_message_however_slowly_it_drips():
    import threading

    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def drip():
        theirs.sendall(struct.pack(">I", 1000))
        while not stop.wait(0.02):
            theirs.sendall(b" ")

    thread = threading.Thread(target=drip)
    thread.start()
    start = time.monotonic()
    with pytest.raises(wire.WireError):
        wire.receive(ours, time.monotonic() + 0.3)
    stop.set()
    thread.join()
    ours.close(), theirs.close()
    assert time.monotonic() - start < 10  # to its end it would drip for 20

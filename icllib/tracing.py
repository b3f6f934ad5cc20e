"""Listening to what a model computes: every activation by the name of the place where it arises."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from contextvars import ContextVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from icllib.errors import InputError

__all__ = ["Traced", "trace"]

#: Who listens to the activations of this thread: set by `trace`, called with (name, activation).
_LISTENER: ContextVar[Callable[[str, Tensor], None] | None] = ContextVar("listener", default=None)


class Traced(nn.Module):
    """A layer whose activations can be listened to by name."""

    def _note(self, name: str, activation: Tensor) -> Tensor:
        """Tell whoever listens; hand the activation on."""
        listener = None if torch.compiler.is_compiling() else _LISTENER.get()
        if listener is not None:
            listener(name, activation)
        return activation


class _Place:
    """Where in a model the computation is, from the modules that are entered and left."""

    def __init__(self) -> None:
        self.names: list[str] = []
        # The modules that are open, and how often each has called which.
        self.inside: list[tuple[nn.Module, dict[nn.Module, int]]] = []

    def enter(self, module: nn.Module, _: object) -> None:
        """Step into a module that the current one calls."""
        if self.inside:
            parent, calls = self.inside[-1]
            self.names.append(_name(parent, module, calls.get(module, 0)))
            calls[module] = calls.get(module, 0) + 1
        self.inside.append((module, {}))

    def leave(self, *_: object) -> None:
        """Step out again."""
        self.inside.pop()
        del self.names[-1:]


def _name(parent: nn.Module, module: nn.Module, call: int) -> str:
    """The name under which `parent` calls a module, for the `call`-th time, counted from 0."""
    if hasattr(parent, "sequence"):  # a stack: each layer by the place where it stands
        places = [place for place, layer in enumerate(parent.sequence) if layer is module]
        return f"layers.{places[call]}"
    known = [name for name, m in parent.named_modules(remove_duplicate=False) if m is module]
    again = call - len(known) + 1
    return known[call] if again <= 0 else f"{known[-1]}({again + 1})"


def trace(
    model: nn.Module, tokens: Float[Tensor, "batch N+1 dim_token"]
) -> dict[str, Float[Tensor, "..."]]:
    """Run a layer or a stack, and return every activation by its dotted name, in their order.

    A layer gives ``keys``, ``values`` (batch, n_heads, N, dim_head), ``queries`` (batch, n_heads,
    N + 1, dim_head), then ``memory`` (batch, n_heads, dim_head, dim_head), its rows the value's
    coordinates, or ``scores`` and ``weights`` (batch, n_heads, N + 1, N), then ``mixed`` (as
    queries), ``update`` and ``out`` (as tokens). An `MLP` gives ``hidden`` (batch, T, dim_hidden)
    and ``out``. ``tokens`` is the input.

    In a `Transformer` the names begin with ``layers.k.``, where k counts the layers in the order in
    which they act: a looped layer, or one that stands in the stack several times, has a name for
    each time. In other modules they begin with the module's own names, such as ``encoder.0.``; what
    is called again under the same name is ``encoder.0(2)``. Nothing is copied, and gradients flow
    as in ``model(tokens)``.

    Args:
        model: a layer, or a module that holds and calls layers.
        tokens: (batch, N + 1, dim_token).

    Raises:
        InputError: the model holds no layer of `attention`; or what the model itself raises.
    """
    modules = list(model.modules())
    if not any(isinstance(module, Traced) for module in modules):
        raise InputError(
            f"model is a {type(model).__name__} without a layer of icllib, expected one to trace"
        )
    found, place = {"tokens": tokens}, _Place()

    def listen(name: str, activation: Tensor) -> None:
        found[".".join([*place.names, name])] = activation

    def only_here(step: Callable[..., None]) -> Callable[..., None]:
        """Not for other threads, which may use the model as well."""
        return lambda *call: step(*call) if _LISTENER.get() is listen else None

    with ExitStack() as hooks:
        for module in modules:
            hooks.callback(module.register_forward_pre_hook(only_here(place.enter)).remove)
            hooks.callback(module.register_forward_hook(only_here(place.leave)).remove)
        hooks.callback(_LISTENER.reset, _LISTENER.set(listen))
        model(tokens)
    return found

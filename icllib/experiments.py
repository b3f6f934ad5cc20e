"""The named experiments of the book, as plain data: task, model and recipe."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from icllib.attention import LinearSelfAttention, Transformer
from icllib.errors import InputError, check_count
from icllib.recipes import Recipe
from icllib.store import Result
from icllib.tasks import LinearTask

__all__ = ["CLEAN", "NAMED", "PAPER", "Experiment", "Flat", "FlatNetwork", "Stack", "named", "trained_models"]


@dataclass(frozen=True)
class Stack:
    """A stack of linear self-attention layers, as plain data.

    Attributes:
        layers: how many, each with its own weights.
        looped: apply a single layer this often instead.
        heads: in each layer.
        merged: train only the products W_KᵀW_Q and P W_V, by keeping W_K = W_V = I.
        init_std: standard deviation of the starting weights.
        identity: added to the diagonal of the x-block of W_Q: a *structured start*, in which tokens already attend by
            the similarity of their x.
    """

    layers: int = 1
    looped: int | None = None
    heads: int = 1
    merged: bool = True
    init_std: float = 0.02
    identity: float = 0.3

    def build(self, task: LinearTask) -> Callable[[torch.Generator], Transformer]:
        """A function that draws such a model for a task from a generator."""
        width = task.dim_x + task.dim_y

        def draw(generator: torch.Generator) -> Transformer:
            layers = []
            for _ in range(self.layers):
                layer = LinearSelfAttention(width, self.heads, generator=generator, init_std=self.init_std)
                with torch.no_grad():
                    if self.merged:
                        layer.W_K[:] = layer.W_V[:] = torch.eye(width)
                    layer.W_Q[:, : task.dim_x, : task.dim_x] += self.identity * torch.eye(task.dim_x)
                layers.append(layer)
            return Transformer(layers, self.looped)

        return draw

    @property
    def trains(self) -> tuple[str, ...] | None:
        """The matrices that training changes, for `Recipe.trains`."""
        return ("W_Q", "P") if self.merged else None


@dataclass(frozen=True)
class Flat:
    """An MLP on the flattened prompt, as plain data: a network without attention. `hidden` are the widths between."""

    hidden: tuple[int, ...] = (32,)

    def build(self, task: LinearTask) -> Callable[[torch.Generator], FlatNetwork]:
        """A function that draws such a network for a task from a generator."""
        length = (task.n_context + 1) * (task.dim_x + task.dim_y)
        return lambda generator: FlatNetwork(length, self.hidden, task.dim_y, generator=generator)


class FlatNetwork(nn.Module):
    """Reads all tokens as one long vector, and writes minus its prediction into the y-slots of the query's token.

    Args:
        length: numbers in a prompt, (N + 1)(N_x + N_y).
        hidden: widths of the layers between, with ReLU.
        dim_y: N_y.
        generator: draws weights N(0, 2/inputs); biases start at 0.
    """

    def __init__(self, length: int, hidden: tuple[int, ...], dim_y: int, *, generator: torch.Generator) -> None:
        super().__init__()
        sizes = [length, *hidden, dim_y]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=(2 / layer.in_features) ** 0.5, generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, N + 1, dim_token) → the same shape."""
        hidden = tokens.flatten(1)
        for layer in self.layers[:-1]:
            hidden = torch.relu(layer(hidden))
        answer = self.layers[-1](hidden)
        unchanged = tokens[:, -1, : -answer.shape[1]]
        return torch.cat([tokens[:, :-1], torch.cat([unchanged, -answer], dim=1)[:, None]], dim=1)


@dataclass(frozen=True)
class Experiment:
    """One named training. Two experiments are the same if all of this is the same.

    Attributes:
        name: also of its files.
        question: what it is for.
        task, model, recipe: what is learned, by what, and how.
        seeds: how many models, with the seeds 0, 1, …
        every: updates between two measurements.
        keep_weights: store the weights at every measurement.
    """

    name: str
    question: str
    task: LinearTask
    model: Stack | Flat
    recipe: Recipe
    seeds: int = 5
    every: int = 100
    keep_weights: bool = False

    def __post_init__(self) -> None:
        check_count("seeds", self.seeds)
        check_count("every", self.every)


#: The paper's setting: x ~ U(−½, ½), N = N_x = 10.
PAPER = LinearTask(x_scale=0.5)
#: Few inputs, many examples: a setting in which depth shows clearly.
CLEAN = LinearTask(dim_x=5, n_context=20, x_scale=0.5)

_FOUR = Stack(merged=False, init_std=0.2, identity=0.0)
_LAYER = Recipe(steps=200, batch=2048, lr=0.02)


def _spectrum(n_context: int, noise_std: float = 0.0, rotated: bool = False) -> LinearTask:
    """Gaussian inputs whose covariance has the eigenvalues ¼, ½, 1, 2, 4, along the axes or along drawn directions."""
    covariance = torch.diag(torch.tensor([0.25, 0.5, 1.0, 2.0, 4.0], dtype=torch.float64))
    if rotated:
        directions = torch.randn(5, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        basis = torch.linalg.qr(directions).Q
        covariance = basis @ covariance @ basis.T
        covariance = (covariance + covariance.T) / 2
    return LinearTask(5, n_context=n_context, covariance=covariance, noise_std=noise_std)


def _all() -> Iterator[Experiment]:
    yield Experiment("one-layer", "What does training find in one layer?", PAPER, _FOUR, _LAYER, every=10)
    for size in (5, 20):
        task = LinearTask(dim_x=size, n_context=size, x_scale=0.5)
        question = f"… with N = N_x = {size}?"
        yield Experiment(f"one-layer-nx{size}", question, task, _FOUR, _LAYER, every=20)
    two = replace(_FOUR, heads=2)
    yield Experiment("one-layer-heads2", "Does a second head change it?", PAPER, two, _LAYER, every=20)
    for name, hidden, seeds in (("small", (2,), 3), ("middle", (256,), 3), ("large", (512, 512, 512), 1)):
        recipe = Recipe(steps=2000, batch=512, lr=0.001)
        yield Experiment(f"mlp-{name}", "Can a network without attention?", PAPER, Flat(hidden), recipe, seeds, 200)
    question = "One layer looped twice: does training find GD, or something better?"
    twice = Recipe(1000, lr=0.004)
    yield Experiment("looped-2", question, PAPER, Stack(looped=2), twice, every=50, keep_weights=True)
    for depth in (3, 4, 5):
        question = f"One layer looped {depth} times?"
        yield Experiment(f"looped-{depth}", question, PAPER, Stack(looped=depth), Recipe(1500, lr=0.007), 3)
    for depth, steps, lr, seeds in ((2, 1200, 0.01, 5), (3, 2000, 0.01, 4), (4, 2000, 0.008, 3), (5, 2500, 0.007, 3)):
        question = f"{depth} layers of their own: how good?"
        yield Experiment(f"deep-{depth}", question, PAPER, Stack(depth), Recipe(steps, lr=lr), seeds)
    random = Stack(looped=2, init_std=0.3, identity=0.0)
    yield Experiment("looped-2-random", "… from a random start?", PAPER, random, Recipe(1500, lr=0.01))
    for name, std, identity in (("random", 0.3, 0.0), ("mixed", 0.3, 0.3), ("small", 0.02, 0.0)):
        question = f"Two layers, start {identity} I + {std} noise: how often a spurious minimum?"
        start = Stack(2, init_std=std, identity=identity)
        yield Experiment(f"deep-2-{name}", question, PAPER, start, Recipe(1200, lr=0.01), 8)
    for depth in (1, 2, 3):
        question = f"{depth} layers where prompts are well conditioned?"
        yield Experiment(f"clean-deep-{depth}", question, CLEAN, Stack(depth), Recipe(1500, lr=0.01), 3)
    for depth in (2, 3):
        question = f"One layer looped {depth} times where prompts are well conditioned?"
        yield Experiment(f"clean-looped-{depth}", question, CLEAN, Stack(looped=depth), Recipe(1500, lr=0.01), 3)
    yield from _on_spectra()


def _on_spectra() -> Iterator[Experiment]:
    optimum = Recipe(2000, batch=4096, lr=0.02)
    for name, task in {
        "n10": _spectrum(10),
        "n20": _spectrum(20),
        "n40": _spectrum(40),
        "n100": _spectrum(100),
        "noise": _spectrum(20, 2.0),
        "rotated": _spectrum(20, 0.0, True),
        "rotated-noise": _spectrum(20, 2.0, True),
    }.items():
        yield Experiment(f"optimum-{name}", "Is the optimum preconditioned GD?", task, Stack(), optimum, 3)
    random, recipe = Stack(init_std=0.3, identity=0.0), Recipe(1500, 1024, 0.02)
    yield Experiment("optimum-random", "… from a random start?", _spectrum(20), random, recipe, 8)
    even = LinearTask(5, n_context=20, x_dist="normal", x_scale=1.55**0.5)  # the same trace, all eigenvalues alike
    yield Experiment("optimum-random-even", "… where all directions are alike?", even, random, recipe, 8)


#: name → experiment: everything that `python -m icllib run` can train.
#:
#: :meta hide-value:
NAMED: dict[str, Experiment] = {experiment.name: experiment for experiment in _all()}


def named(name: str) -> Experiment:
    """The experiment of this name.

    Raises:
        InputError: there is none.
    """
    if name not in NAMED:
        raise InputError(f"name = {name!r}, expected one of {', '.join(NAMED)}")
    return NAMED[name]


def trained_models(experiment: Experiment, result: Result) -> list[nn.Module]:
    """The trained models of a stored result, one a seed."""
    found = []
    for place in range(len(result.record["seeds"])):
        model = experiment.model.build(experiment.task)(torch.Generator().manual_seed(0))
        state = {
            name.removeprefix("weights/"): tensor[place]
            for name, tensor in result.tensors.items()
            if name.startswith("weights/")
        }
        model.to(next(iter(state.values())).dtype).load_state_dict(state)
        found.append(model)
    return found

"""What an experiment is, as plain data: models and their trainings, rivals and their tunings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from icllib.attention import MLP, LinearSelfAttention, SoftmaxSelfAttention, Transformer
from icllib.blocks import Feedforward, FlatNetwork, Normed, Widened
from icllib.curves import ParabolaTask, SineTask
from icllib.errors import check_count
from icllib.pools import PoolTask
from icllib.recipes import Recipe
from icllib.separate import Separated
from icllib.store import Result
from icllib.tasks import LinearTask

__all__ = [
    "Blocks",
    "Curved",
    "Experiment",
    "Flat",
    "Rival",
    "Separate",
    "Stack",
    "Tuning",
    "rebuild",
    "trained_models",
]


Task = LinearTask | PoolTask | SineTask | ParabolaTask


@dataclass(frozen=True)
class Stack:
    """A stack of linear self-attention layers, as plain data.

    Attributes:
        layers: how many, each with its own weights.
        looped: apply a single layer this often instead.
        heads: in each layer.
        merged: train only the products W_KᵀW_Q and P W_V, by keeping W_K = W_V = I.
        init_std: standard deviation of the starting weights.
        identity: added to the diagonal of the x-block of W_Q: a *structured start*, in which tokens
            already attend by the similarity of their x.
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
                layer = LinearSelfAttention(
                    width, self.heads, generator=generator, init_std=self.init_std
                )
                with torch.no_grad():
                    if self.merged:
                        layer.W_K[:] = layer.W_V[:] = torch.eye(width)
                    layer.W_Q[:, : task.dim_x, : task.dim_x] += self.identity * torch.eye(
                        task.dim_x
                    )
                layers.append(layer)
            return Transformer(layers, self.looped)

        return draw

    @property
    def trains(self) -> tuple[str, ...] | None:
        """The matrices that training changes, for `Recipe.trains`."""
        return ("W_Q", "P") if self.merged else None


@dataclass(frozen=True)
class Blocks:
    """A stack of blocks, less simple than `Stack`: softmax, norms, small networks, wider tokens.

    Attributes:
        layers: how many blocks.
        heads: in each.
        softmax: attention with softmax, or linear.
        norm: a LayerNorm before every layer.
        hidden: width of the small network behind each attention; 0 for none.
        width: of the tokens inside, which their heads share; 0 to leave tokens as they are.
        init_std: standard deviation of attention's starting weights.
    """

    layers: int = 1
    heads: int = 1
    softmax: bool = True
    norm: bool = False
    hidden: int = 0
    width: int = 0
    init_std: float = 0.2

    def build(self, task: LinearTask | PoolTask) -> Callable[[torch.Generator], nn.Module]:
        """A function that draws such a model for a task from a generator."""
        dim_token = task.dim_x + task.dim_y
        width = self.width or dim_token

        def draw(generator: torch.Generator) -> nn.Module:
            layers = [layer for _ in range(self.layers) for layer in self._block(width, generator)]
            if not self.width:
                return Transformer(layers)
            return Widened(dim_token, task.dim_y, width, layers, generator=generator)

        return draw

    def _block(self, width: int, generator: torch.Generator) -> list[nn.Module]:
        attention = SoftmaxSelfAttention if self.softmax else LinearSelfAttention
        dim_head = width // self.heads if self.width else width
        layers: list[nn.Module] = [
            attention(width, self.heads, dim_head, generator=generator, init_std=self.init_std)
        ]
        if self.hidden:
            layers.append(Feedforward(width, self.hidden, generator=generator))
        return [Normed(layer, width) for layer in layers] if self.norm else layers


@dataclass(frozen=True)
class Curved:
    """A small network from x to features, and linear layers on them as in `Stack`.

    Attributes:
        layers: how many, each with its own weights.
        looped: apply a single layer this often instead.
        hidden: widths of the network's hidden layers.
        features: how many.
    """

    layers: int = 1
    looped: int | None = None
    hidden: tuple[int, ...] = (40, 40)
    features: int = 20

    def build(self, task: Task) -> Callable[[torch.Generator], Transformer]:
        """A function that draws such a model for a task from a generator."""

        def draw(generator: torch.Generator) -> Transformer:
            network = MLP(task.dim_x, self.hidden, self.features, generator=generator)
            inner = LinearTask(self.features, task.dim_y, task.n_context)
            stack = Stack(self.layers).build(inner)(generator)  # W_K = W_V = I to begin with
            return Transformer([network, *list(stack.layers) * (self.looped or 1)])

        return draw


@dataclass(frozen=True)
class Flat:
    """An MLP on the flattened prompt, without attention. `hidden` are the widths between."""

    hidden: tuple[int, ...] = (32,)

    def build(self, task: LinearTask) -> Callable[[torch.Generator], FlatNetwork]:
        """A function that draws such a network for a task from a generator."""
        length = (task.n_context + 1) * (task.dim_x + task.dim_y)
        return lambda generator: FlatNetwork(length, self.hidden, task.dim_y, generator=generator)


@dataclass(frozen=True)
class Separate:
    """A softmax layer and a linear one on separate tokens with learned positions.

    Attributes:
        softmax: the first layer has a softmax; else it is linear as well.
        causal: no token looks at a later one, and every label of the prompt is predicted.
        dim_position: width of the positions.
        init_std, position_std: standard deviations of the starting weights and positions.
    """

    softmax: bool = True
    causal: bool = False
    dim_position: int = 20
    init_std: float = 0.02
    position_std: float = 0.2

    def build(self, task: LinearTask) -> Callable[[torch.Generator], Separated]:
        """A function that draws such a model for a task from a generator."""
        width, length = task.dim_x + task.dim_y + self.dim_position, 2 * task.n_context + 1
        kinds = (SoftmaxSelfAttention if self.softmax else LinearSelfAttention, LinearSelfAttention)

        def draw(generator: torch.Generator) -> Separated:
            positions = torch.randn(length, self.dim_position, generator=generator)
            options = {"init_std": self.init_std, "causal": self.causal}
            layers = [kind(width, generator=generator, **options) for kind in kinds]
            return Separated(task.dim_x, task.dim_y, self.position_std * positions, layers)

        return draw


@dataclass(frozen=True)
class Experiment:
    """One named training. Two experiments are the same if all of this is the same.

    Attributes:
        name: also of its files.
        question: what it is for.
        task, model, recipe: what is learned, by what, and how. Of a pool of tasks, losses are
            measured on new ones, and "seen" is the loss on the pool's.
        seeds: how many models, with the seeds 0, 1, …
        every: updates between two measurements.
        keep_weights: store the weights at every measurement.
    """

    name: str
    question: str
    task: Task
    model: Stack | Blocks | Curved | Flat | Separate
    recipe: Recipe
    seeds: int = 5
    every: int = 100
    keep_weights: bool = False

    def __post_init__(self) -> None:
        check_count("seeds", self.seeds)
        check_count("every", self.every)


@dataclass(frozen=True)
class Rival:
    """A learner whose numbers are tuned for each depth.

    Attributes:
        form: which one, a name in `rivals.FORMS`.
        starts: depth → the points from which the tuner begins; the best end counts. An empty point
            for a learner without numbers.
        online: use `tuning.tune_online` and not `tuning.tune`.
    """

    form: str
    starts: Mapping[int, tuple[tuple[float, ...], ...]]
    online: bool = False


@dataclass(frozen=True)
class Tuning:
    """One named tuning of several rivals, each at several depths, and what they are judged on.

    Attributes:
        name: also of its files.
        question: what it is for.
        task: the distribution of all prompts.
        rivals: who takes part.
        batch: prompts for `tuning.tune`.
        online_steps, online_batch: for `tuning.tune_online`.
        seed: of the prompts that are tuned on.
        judged_on: how many new prompts the numbers are judged on.
        judge_seeds: of these prompts; one judgement each.
    """

    name: str
    question: str
    task: LinearTask
    rivals: tuple[Rival, ...]
    batch: int = 4000
    online_steps: int = 700
    online_batch: int = 2000
    seed: int = 0
    judged_on: int = 200_000
    judge_seeds: tuple[int, ...] = (99, 100)

    def __post_init__(self) -> None:
        for name in ("batch", "online_steps", "online_batch", "judged_on"):
            check_count(name, getattr(self, name))

    @property
    def parts(self) -> list[tuple[Rival, int]]:
        """Every rival at every depth: what can be done apart from the rest."""
        return [(rival, depth) for rival in self.rivals for depth in rival.starts]


def rebuild(experiment: Experiment, state: Mapping[str, Tensor]) -> nn.Module:
    """A model of an experiment with given weights, parameter → tensor, which no longer learn."""
    model = experiment.model.build(experiment.task)(torch.Generator().manual_seed(0))
    model.to(next(iter(state.values())).dtype).requires_grad_(False)
    for name, weight in model.named_parameters():  # of layers that stand twice only once
        weight.copy_(state[name])
    return model


def trained_models(experiment: Experiment, result: Result) -> list[nn.Module]:
    """The trained models of a stored result, one a seed."""
    stacked = result.under("weights")
    seeds = range(len(result.record["seeds"]))
    return [
        rebuild(experiment, {name: tensor[place] for name, tensor in stacked.items()})
        for place in seeds
    ]

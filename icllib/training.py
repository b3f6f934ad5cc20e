"""The training loop of every model in the book: many seeds at once, and nothing lost when it is interrupted."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm

from icllib.attention import from_moments
from icllib.errors import InputError, StoppedWarning, check_count, shapes_only
from icllib.files import plain, read_checkpoint, write_checkpoint
from icllib.learners import query_loss
from icllib.recipes import Recipe
from icllib.tasks import Prompts, Task
from icllib.tokens import join_tokens, read_prediction

__all__ = ["Trained", "loss_from_moments", "loss_from_tokens", "train"]


@dataclass(frozen=True)
class Trained:
    """What `train` returns. R measurements, S seeds.

    Attributes:
        models, seeds: one model a seed, after its last step.
        steps: number of updates before each measurement, R numbers; the first is 0, the last that of the finished model.
        measured: name → (R, S).
        weights: parameter → (R, S, …), at each measurement; empty unless asked for.
        losses: the loss on the training prompts at every update, (updates, S).
        stopped: seed → update at which its loss was no longer finite.
        seconds: of training, measurements included.
    """

    models: list[nn.Module]
    seeds: list[int]
    steps: list[int]
    measured: dict[str, Float[Tensor, "R S"]]
    weights: dict[str, Tensor]
    losses: Float[Tensor, "updates S"]
    stopped: dict[int, int]
    seconds: float


def loss_from_tokens(model: nn.Module, prompts: Prompts) -> Float[Tensor, ""]:
    """Mean of ½ ‖ŷ − y_q‖² over the prompts, joined into tokens and read by the model."""
    return query_loss(read_prediction(model(join_tokens(prompts)), prompts.dim_y), prompts).mean()


def loss_from_moments(model: nn.Module, prompts: Prompts) -> Float[Tensor, ""]:
    """`loss_from_tokens` of linear layers, from the moments of the prompts: the same number, sooner."""
    return query_loss(from_moments(model, prompts), prompts).mean()


def train(
    build: Callable[[torch.Generator], nn.Module],
    task: Task,
    recipe: Recipe,
    seeds: Sequence[int],
    *,
    objective: Callable[[nn.Module, Prompts], Tensor] = loss_from_tokens,
    measures: Mapping[str, Callable[[nn.Module], float]] | None = None,
    every: int | None = None,
    keep_weights: bool = False,
    checkpoint: str | Path | None = None,
    device: str = "cpu",
    progress: bool = True,
) -> Trained:
    """Train one model a seed, all at once: their weights share a leading axis, their prompts are the same.

    Each seed has its own optimiser, so that any of torch's will do. Killed at any moment and called again with the same
    arguments and `checkpoint`, it goes on from the last measurement, and ends with the very same bits.

    Args:
        build: draws a model from a generator.
        task: draws the prompts.
        recipe: how to train.
        seeds: one model each.
        objective: ``objective(model, prompts)`` → the loss, a scalar.
        measures: name → ``measure(model)``, a number taken every `every` updates; "cosine" shows in the progress bar.
        every: updates between two measurements (and checkpoints); a fiftieth of all unless given.
        keep_weights: keep the weights at each measurement.
        checkpoint: a file, written atomically; removed by nobody.
        device: where to train.
        progress: show a bar, on a terminal.

    Raises:
        InputError: no seeds or the same one twice, or a parameter to train that the model does not have.
        FileError: the checkpoint is broken, or belongs to another training.

    Warns:
        StoppedWarning: a seed's loss or gradient is no longer finite; the others go on.
    """
    check_count("every", every := max(1, recipe.steps // 50) if every is None else every)
    run = _Run(build, task, recipe, seeds, objective, measures or {}, keep_weights, device)
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None and path.exists():
        run.restore(path)
    bar = tqdm(total=recipe.steps, initial=run.step, disable=None if progress else True, unit="step", leave=False)
    with bar, shapes_only():
        while run.step < recipe.steps and len(run.stopped) < len(run.seeds):
            if run.step % every == 0 and run.measure():
                bar.set_postfix(run.summary())
                if path is not None:
                    run.save(path)
            run.advance()
            bar.update()
        if run.measure() and path is not None:
            run.save(path)
    return run.result()


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


class _Objective(nn.Module):
    """The loss as a module, so that `functional_call` can put other weights into the model."""

    def __init__(self, model: nn.Module, loss: Callable[[nn.Module, Prompts], Tensor]) -> None:
        super().__init__()
        self.model, self.loss = model, loss

    def forward(self, prompts: Prompts) -> Tensor:
        return self.loss(self.model, prompts)


def _learning(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


class _Run:
    """A training at some step: everything that a checkpoint must hold."""

    def __init__(self, build, task, recipe, seeds, objective, measures, keep_weights, device) -> None:
        self.task, self.recipe, self.measures, self.seeds = task, recipe, measures, list(seeds)
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise InputError(f"seeds = {self.seeds}, expected at least one, and each once")
        self.dtype = getattr(torch, recipe.dtype)
        with _default_dtype(self.dtype):
            drawn = [build(torch.Generator().manual_seed(seed)) for seed in self.seeds]
        self.models = [_Objective(model, objective).to(device, self.dtype) for model in drawn]
        self._share_storage()
        self.generator = torch.Generator(device).manual_seed(recipe.data_seed)
        make = getattr(torch.optim, recipe.optimizer)
        self.optimizers = [make(_learning(model), lr=recipe.lr, **recipe.options) for model in self.models]
        self.step, self.seconds, self.stopped = 0, 0.0, {}
        self.steps: list[int] = []
        self.measured: dict[str, list[list[float]]] = {name: [] for name in measures}
        self.kept: dict[str, list[Tensor]] | None = {name: [] for name in self.stacked} if keep_weights else None
        self.losses: list[Tensor] = []
        shapes = {name: list(tensor.shape) for name, tensor in self.stacked.items()}
        self.identity = plain(
            {"recipe": recipe, "task": task, "seeds": self.seeds, "weights": shapes, "objective": objective}
            | {"measures": list(measures), "keep_weights": keep_weights, "device": torch.device(device).type}
            | {"torch": torch.__version__}
        )

    def _share_storage(self) -> None:
        """One tensor (S, …) for each parameter; the models' own parameters become its slices."""
        trains = self.recipe.trains
        names = [name for name, _ in self.models[0].named_parameters()]
        for wanted in trains or ():
            if wanted not in {name.rsplit(".", 1)[-1] for name in names}:
                raise InputError(f"recipe.trains names {wanted!r}, expected parameters of the model: {names}")
        own = [dict(model.named_parameters()) for model in self.models]
        self.stacked: dict[str, Tensor] = {}
        for name in names:
            stack = torch.stack([parameters[name].detach() for parameters in own])
            learns = trains is None or name.rsplit(".", 1)[-1] in trains
            for place, parameters in enumerate(own):
                parameters[name].data = stack[place]
                parameters[name].requires_grad_(learns)
            self.stacked[name] = stack.requires_grad_(learns)

    def advance(self) -> None:
        """One update of every seed that has not stopped."""
        start = time.perf_counter()
        prompts = self.task.sample(self.recipe.batch, self.generator, dtype=self.dtype)
        losses = torch.vmap(lambda weights: torch.func.functional_call(self.models[0], weights, (prompts,)))(
            self.stacked
        )
        learning = {name: tensor for name, tensor in self.stacked.items() if tensor.requires_grad}
        gradients = dict(zip(learning, torch.autograd.grad(losses.sum(), list(learning.values())), strict=True))
        self.losses.append(losses.detach())
        finite = losses.detach().isfinite()
        for gradient in gradients.values():
            finite &= gradient.flatten(1).isfinite().all(1)
        for place, is_finite in enumerate(finite.tolist()):
            if self.seeds[place] in self.stopped:
                continue
            if is_finite:
                self._update(place, prompts, losses[place].detach(), gradients)
            else:
                self._stop(place)
        self.step += 1
        self.seconds += time.perf_counter() - start

    def _update(self, place: int, prompts: Prompts, loss: Tensor, gradients: Mapping[str, Tensor]) -> None:
        model, optimizer = self.models[place], self.optimizers[place]
        for name, parameter in model.named_parameters():
            parameter.grad = gradients[name][place].clone() if name in gradients else None
        for group in optimizer.param_groups:
            group["lr"] = self.recipe.rate(self.step)
        if self.recipe.clip is not None:
            nn.utils.clip_grad_norm_(_learning(model), self.recipe.clip)

        def again() -> Tensor:
            optimizer.zero_grad()
            value = model(prompts)
            value.backward()
            return value

        # L-BFGS evaluates several times in one step; all others take the gradient that is there.
        optimizer.step(again if isinstance(optimizer, torch.optim.LBFGS) else lambda: loss)

    def _stop(self, place: int) -> None:
        seed = self.seeds[place]
        self.stopped[seed] = self.step
        warnings.warn(
            f"seed {seed} stopped at update {self.step}: its loss or gradient is no longer finite. Its weights are those "
            f"before; {len(self.seeds) - len(self.stopped)} of {len(self.seeds)} seeds go on",
            StoppedWarning,
            stacklevel=4,
        )

    def measure(self) -> bool:
        """Take every measure of every seed, once a step; tell whether there was anything to do."""
        if self.steps and self.steps[-1] == self.step:
            return False
        start = time.perf_counter()
        for name, value in self.measures.items():
            self.measured[name].append([float(value(model.model)) for model in self.models])
        if self.kept is not None:
            for name, tensor in self.stacked.items():
                self.kept[name].append(tensor.detach().cpu().clone())
        self.steps.append(self.step)
        self.seconds += time.perf_counter() - start
        return True

    def summary(self) -> dict[str, str]:
        """What the progress bar shows: the middle loss of the seeds, and their middle cosine where it is measured."""
        shown = {"loss": f"{float(self.losses[-1].median()):.4f}"} if self.losses else {}
        if "cosine" in self.measured:
            shown["cosine"] = f"{float(torch.tensor(self.measured['cosine'][-1]).median()):.4f}"
        return shown

    def save(self, path: Path) -> None:
        """Write everything that goes on from here."""
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "stopped": self.stopped,
            "weights": {name: tensor.detach() for name, tensor in self.stacked.items()},
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "generator": self.generator.get_state(),
            "steps": self.steps,
            "measured": self.measured,
            "kept": self.kept,
            "losses": self.losses,
        }
        write_checkpoint(path, self.identity, state)

    def restore(self, path: Path) -> None:
        """Take over the state of a checkpoint; raises FileError if it is damaged or of another training."""
        state = read_checkpoint(path, self.identity)
        for name, tensor in self.stacked.items():
            tensor.data.copy_(state["weights"][name])  # the models' parameters are slices of these
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.generator.set_state(state["generator"])
        for name in ("step", "seconds", "stopped", "steps", "measured", "kept", "losses"):
            setattr(self, name, state[name])

    def result(self) -> Trained:
        kept = self.kept or {}
        return Trained(
            [model.model.eval() for model in self.models],
            self.seeds,
            self.steps,
            {name: torch.tensor(values) for name, values in self.measured.items()},
            {name.removeprefix("model."): torch.stack(snapshots) for name, snapshots in kept.items()},
            torch.stack([loss.cpu() for loss in self.losses]) if self.losses else torch.empty(0, len(self.seeds)),
            self.stopped,
            self.seconds,
        )

"""The training loop of every model in the book: many seeds at once, and nothing lost by a crash."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm.auto import tqdm

from icllib.attention import from_moments
from icllib.ensemble import Ensemble
from icllib.errors import InputError, StoppedWarning, check_count, shapes_only
from icllib.files import plain, read_checkpoint, write_checkpoint
from icllib.learners import query_loss
from icllib.optimizers import optimizer_of
from icllib.recipes import Recipe
from icllib.tasks import Prompts, Task
from icllib.threads import threads_for
from icllib.tokens import join_tokens, read_prediction

__all__ = ["Trained", "loss_from_moments", "loss_from_tokens", "train"]


@dataclass(frozen=True)
class Trained:
    """What `train` returns. R measurements, S seeds.

    Attributes:
        models, seeds: one model a seed, after its last step.
        steps: number of updates before each measurement, R numbers; the first is 0, the last that
            of the finished model.
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


def loss_from_moments(model: nn.Module, prompts: Prompts) -> Float[Tensor, "*S"]:
    """`loss_from_tokens` of linear layers, from the prompts' moments: the same number, sooner.

    One for each model, where the parameters have an axis of S models in front.
    """
    return (from_moments(model, prompts) - prompts.y_query).square().sum(-1).mean(-1) / 2


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
    """Train one model a seed, all at once, on the same prompts.

    Every model trains, and every optimiser of torch will do, as if each seed had its own; layers of
    linear attention by `loss_from_moments`, and Adam, are fastest. Killed at any moment and called
    again with the same arguments and `checkpoint`, it goes on from the last measurement, and ends
    with the very same bits.

    torch gets as many threads as the work is worth, most often one, and its global generator is
    left as it was. What a model draws by itself, such as dropout, depends on its seed and the
    update alone. Measures are taken in evaluation mode.

    Args:
        build: draws a model from a generator.
        task: draws the prompts.
        recipe: how to train.
        seeds: one model each.
        objective: ``objective(model, prompts)`` → the loss, a scalar.
        measures: name → ``measure(model)``, a number taken every `every` updates; "cosine" shows in
            the progress bar.
        every: updates between two measurements (and checkpoints); a fiftieth of all unless given.
        keep_weights: keep the weights at each measurement.
        checkpoint: a file, written atomically; removed by nobody.
        device: where to train.
        progress: show a bar, on a terminal or in a notebook, unless TQDM_DISABLE is set.

    Raises:
        InputError: no seeds or the same one twice, or a parameter to train that no model has.
        FileError: the checkpoint is broken, or belongs to another training.

    Warns:
        StoppedWarning: a seed's loss or gradient is no longer finite; the others go on.
    """
    check_count("every", every := max(1, recipe.steps // 50) if every is None else every)
    run = _Run(build, task, recipe, seeds, objective, measures or {}, keep_weights, device)
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None and path.exists():
        run.restore(path)
    bar = tqdm(
        total=recipe.steps,
        initial=run.step,
        disable=None if progress and "TQDM_DISABLE" not in os.environ else True,
        unit="step",
        leave=False,
    )
    with bar, shapes_only(), _own_randomness(device), threads_for(run.work):
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


@contextmanager
def _own_randomness(device: str) -> Iterator[None]:
    """Inside, torch's global generators may be seeded; afterwards they are as before."""
    with torch.random.fork_rng([device] if torch.device(device).type == "cuda" else []):
        yield


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[nn.Module]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield model
    finally:
        for module, mode in modes:
            module.training = mode


class _Run:
    """A training at some step: everything that a checkpoint must hold."""

    def __init__(
        self, build, task, recipe, seeds, objective, measures, keep_weights, device
    ) -> None:
        self.task, self.recipe, self.measures, self.seeds = task, recipe, measures, list(seeds)
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise InputError(f"seeds = {self.seeds}, expected at least one, and each once")
        self.dtype = getattr(torch, recipe.dtype)
        with _default_dtype(self.dtype):
            drawn = [build(torch.Generator().manual_seed(seed)) for seed in self.seeds]
        models = [model.to(device, self.dtype) for model in drawn]
        self.ensemble = Ensemble(
            models, self.seeds, objective, objective is loss_from_moments, recipe.trains
        )
        self.optimizer = optimizer_of(recipe, self.ensemble)
        self.generator = torch.Generator(device).manual_seed(recipe.data_seed)
        self.step, self.seconds, self.stopped = 0, 0.0, {}
        self.steps: list[int] = []
        self.measured: dict[str, list[list[float]]] = {name: [] for name in measures}
        stacked = self.ensemble.stacked
        self.kept = {name: [] for name in stacked} if keep_weights else None
        # A table from the start: small tensors kept at every step would fragment the memory.
        self.losses = torch.zeros(recipe.steps, len(seeds), dtype=self.dtype, device=device)
        shapes = {name: list(tensor.shape) for name, tensor in stacked.items()}
        self.identity = plain(
            {"recipe": recipe, "task": task, "seeds": self.seeds, "weights": shapes}
            | {"objective": objective, "measures": list(measures), "keep_weights": keep_weights}
            | {"device": torch.device(device).type, "torch": torch.__version__}
        )

    @property
    def work(self) -> int:
        """Multiplications in an update, were each weight used once a prompt."""
        return self.recipe.batch * self.ensemble.table.numel()

    def advance(self) -> None:
        """One update of every seed that has not stopped."""
        start = time.perf_counter()
        prompts = self.task.sample(self.recipe.batch, self.generator, dtype=self.dtype)
        losses, gradients = self.ensemble.losses_and_gradients(prompts, self.step)
        self.losses[self.step] = losses
        # Of a rare prompt's gradient the squares may overflow where its entries do not.
        largest = gradients.abs().amax(dim=1).clamp_min(torch.finfo(self.dtype).tiny)
        norms = largest * (gradients / largest[:, None]).norm(dim=1)
        goes_on = self._stop_where_not(losses.isfinite() & norms.isfinite())
        if self.recipe.clip is not None:
            gradients *= (self.recipe.clip / (norms + 1e-6)).clamp(max=1.0)[:, None]
        if self.stopped:
            gradients[~goes_on] = 0
        rate = self.recipe.rate(self.step)
        self.optimizer.update(gradients, rate, goes_on, prompts, self.step)
        self.step += 1
        self.seconds += time.perf_counter() - start

    def _stop_where_not(self, finite: Tensor) -> Tensor:
        """Stop the seeds whose loss or gradient is not finite; tell which go on."""
        if not self.stopped and bool(finite.all()):
            return finite
        for place, seed in enumerate(self.seeds):
            if seed not in self.stopped and not bool(finite[place]):
                self.stopped[seed] = self.step
                left = len(self.seeds) - len(self.stopped)
                text = (
                    f"seed {seed} stopped at update {self.step}: its loss or gradient is no longer "
                    f"finite. Its weights are those before; {left} of {len(self.seeds)} seeds go on"
                )
                warnings.warn(text, StoppedWarning, stacklevel=4)
        going = [seed not in self.stopped for seed in self.seeds]
        return torch.tensor(going, device=finite.device)

    def measure(self) -> bool:
        """Take every measure of every seed, once a step; tell whether there was anything to do."""
        if self.steps and self.steps[-1] == self.step:
            return False
        start = time.perf_counter()
        for name, value in self.measures.items():
            self.measured[name].append([])
            for one in self.ensemble.models:
                with _evaluating(one) as model:
                    self.measured[name][-1].append(float(value(model)))
        if self.kept is not None:
            for name, tensor in self.ensemble.stacked.items():
                self.kept[name].append(tensor.detach().cpu().clone())
        self.steps.append(self.step)
        self.seconds += time.perf_counter() - start
        return True

    def summary(self) -> dict[str, str]:
        """What the progress bar shows: the seeds' middle loss, and cosine where it is measured."""
        shown = {"loss": f"{float(self.losses[self.step - 1].median()):.4f}"} if self.step else {}
        if "cosine" in self.measured:
            shown["cosine"] = f"{float(torch.tensor(self.measured['cosine'][-1]).median()):.4f}"
        return shown

    def save(self, path: Path) -> None:
        """Write everything that goes on from here."""
        state = {name: getattr(self, name) for name in _STATE}
        state |= {"table": self.ensemble.table, "optimizer": self.optimizer.state()}
        state |= {"buffers": self._buffers(), "generator": self.generator.get_state()}
        write_checkpoint(path, self.identity, state)

    def restore(self, path: Path) -> None:
        """Take over a checkpoint; raises FileError if it is damaged or of another training."""
        state = read_checkpoint(path, self.identity)
        self.ensemble.table.copy_(state["table"])  # the models' parameters are slices of it
        self.optimizer.load(state["optimizer"])
        for buffers, saved in zip(self._buffers(), state["buffers"], strict=True):
            for name, buffer in buffers.items():
                buffer.copy_(saved[name])
        self.generator.set_state(state["generator"])
        for name in _STATE:
            setattr(self, name, state[name])

    def _buffers(self) -> list[dict[str, Tensor]]:
        return [dict(model.named_buffers()) for model in self.ensemble.models]

    def result(self) -> Trained:
        return Trained(
            [model.eval() for model in self.ensemble.models],
            self.seeds,
            self.steps,
            {name: torch.tensor(values) for name, values in self.measured.items()},
            {name: torch.stack(snapshots) for name, snapshots in (self.kept or {}).items()},
            self.losses[: self.step].cpu(),
            self.stopped,
            self.seconds,
        )


_STATE = ("step", "seconds", "stopped", "steps", "measured", "kept", "losses")

"""One run of the race to the same loss, in a process of its own, on one thread.

Usage: contestant.py WHO EXPERIMENT SEED LOSS

WHO is "book" (this book's `train`), "authors" (the loop below with the numbers of the paper's code)
or "loop" (the same loop with the numbers of the experiment). Prints as JSON the processor's seconds
and the updates until the loss on fixed prompts was at most LOSS, both null where it never was, and
the seconds of the whole training. Imports and looks at the loss do not count.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from icllib.attention import from_moments
from icllib.datasets import paper_runs
from icllib.experiments import named
from icllib.recipes import Recipe
from icllib.tasks import LinearTask, Prompts
from icllib.tokens import join_tokens
from icllib.training import loss_from_moments, train

EVERY = 10
#: Runs of the paper's code whose numbers the loop takes over.
AUTHORS = {"one-layer": "lsa1_seed0", "looped-2": "lsa2rec_seed0"}


def test_prompts(task: LinearTask) -> Prompts:
    """The prompts on which the race is judged."""
    return task.sample(20_000, torch.Generator().manual_seed(1234))


@dataclass
class Watch:
    """A clock of the processor's time that stands still while it looks at the loss."""

    prompts: Prompts
    goal: float
    start: float = field(default_factory=time.process_time)
    updates: int = -EVERY
    seconds: float | None = None

    def look(self, answers: Callable[[Prompts], Tensor]) -> bool:
        """Look at the loss, after another ten updates; tell whether the goal is reached."""
        before = time.process_time()
        if self.seconds is None:
            self.updates += EVERY
            with torch.no_grad():
                loss = (answers(self.prompts) - self.prompts.y_query).square().sum(1).mean() / 2
            if float(loss) <= self.goal:
                self.seconds = before - self.start
        self.start += time.process_time() - before
        return self.seconds is not None

    def result(self) -> dict[str, float | None]:
        """What to print."""
        reached = self.seconds is not None
        whole = time.process_time() - self.start
        return {
            "seconds": self.seconds,
            "updates": self.updates if reached else None,
            "whole": whole,
        }


def book(name: str, seed: int, goal: float) -> dict[str, float | None]:
    """The book's training."""
    experiment = named(name)
    recipe = replace(experiment.recipe, trains=experiment.model.trains)
    watch = Watch(test_prompts(experiment.task), goal)
    train(
        experiment.model.build(experiment.task),
        experiment.task,
        recipe,
        [seed],
        objective=loss_from_moments,
        measures={"goal": lambda model: watch.look(lambda prompts: from_moments(model, prompts))},
        every=EVERY,
        progress=False,
    )
    return watch.result()


@dataclass(frozen=True)
class Layer:
    """One layer, applied `loops` times: a loop over the context's tokens, all prompts at once."""

    w_k: nn.Parameter
    w_q: nn.Parameter
    w_v: nn.Parameter
    p: nn.Parameter
    loops: int

    def __call__(self, prompts: Prompts) -> Tensor:
        """The predictions, (batch, N_y)."""
        tokens = join_tokens(prompts)
        for left in reversed(range(self.loops)):
            context = tokens[:, :-1]
            keys, values = context @ self.w_k.T, context @ self.w_v.T
            tokens = (
                tokens if left else tokens[:, -1:]
            )  # after the last loop only the query is read
            queries = tokens @ self.w_q.T
            mixed = torch.zeros_like(queries)
            for i in range(prompts.n_context):
                score = (queries * keys[:, i : i + 1]).sum(-1, keepdim=True)
                mixed = mixed + score * values[:, i : i + 1]
            tokens = tokens + mixed @ self.p.T
        return -tokens[:, -1, -prompts.dim_y :]


def numbers(who: str, name: str) -> tuple[Recipe, float, float]:
    """The recipe, the standard deviation of the first weights, and the identity added to W_Q."""
    experiment = named(name)
    if who == "loop":
        return experiment.recipe, experiment.model.init_std, experiment.model.identity
    config = paper_runs()[AUTHORS[name]]["config"]
    recipe = Recipe(
        steps=config["training_steps"],
        batch=config["bs"],
        lr=config["lr"],
        options={"betas": (0.9, 0.999)},
        schedule="constant",
        warmup=0.0,
        clip=config["grad_clip_value"],
    )
    width = experiment.task.dim_x + experiment.task.dim_y
    return recipe, (config["init_scale"] / width) ** 0.5, 0.0


def batches(task: LinearTask, recipe: Recipe) -> Iterator[Prompts]:
    generator = torch.Generator().manual_seed(recipe.data_seed)
    for _ in range(recipe.steps):
        yield task.sample(recipe.batch, generator)


def loop(who: str, name: str, seed: int, goal: float) -> dict[str, float | None]:
    """Plain PyTorch."""
    experiment = named(name)
    task, width = experiment.task, experiment.task.dim_x + experiment.task.dim_y
    recipe, std, identity = numbers(who, name)
    watch = Watch(test_prompts(task), goal)
    generator = torch.Generator().manual_seed(seed)
    weights = [nn.Parameter(std * torch.randn(width, width, generator=generator)) for _ in range(4)]
    if identity:  # the structured start: only products are learned
        weights[0].data, weights[2].data = torch.eye(width), torch.eye(width)
        weights[1].data[: task.dim_x, : task.dim_x] += identity * torch.eye(task.dim_x)
        learned = [weights[1], weights[3]]
    else:
        learned = weights
    layer = Layer(*weights, loops=experiment.model.looped or 1)
    optimizer = torch.optim.Adam(learned, lr=recipe.lr, **recipe.options)
    for step, prompts in enumerate(batches(task, recipe)):
        if step % EVERY == 0 and watch.look(layer):
            break
        optimizer.param_groups[0]["lr"] = recipe.rate(step)
        optimizer.zero_grad()
        loss = (layer(prompts) - prompts.y_query).square().sum(1).mean() / 2
        loss.backward()
        nn.utils.clip_grad_norm_(learned, recipe.clip)
        optimizer.step()
    watch.look(layer)
    return watch.result()


if __name__ == "__main__":
    who, name, seed, goal = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    torch.set_num_threads(1)
    print(json.dumps(book(name, seed, goal) if who == "book" else loop(who, name, seed, goal)))

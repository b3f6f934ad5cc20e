"""Training: prompts a second, and what the book promises to train in seconds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from figure import Figure


def _rate(
    seeds: int,
    batch: int,
    depth: int,
    device: str = "cpu",
    n: int = 10,
    dim_x: int = 10,
    tokens: bool = False,
) -> float:
    """Prompts a second that the training loop works through, all seeds counted."""
    from icllib.experiments import Stack
    from icllib.recipes import Recipe
    from icllib.tasks import LinearTask
    from icllib.training import loss_from_moments, loss_from_tokens, train

    task = LinearTask(dim_x=dim_x, n_context=n, x_scale=0.5)
    stack = Stack(looped=depth)
    updates = 30
    options = {
        "objective": loss_from_tokens if tokens else loss_from_moments,
        "progress": False,
        "device": device,
    }
    for steps in (3, updates):  # the first is for warming up
        recipe = Recipe(steps=steps, batch=batch, lr=1e-4, trains=stack.trains)
        took = train(stack.build(task), task, recipe, range(seeds), **options).seconds
    return updates * batch * seeds / took


def training() -> Iterator[Figure]:
    """Prompts a second in training, and how the time of an update grows with N and N_x."""
    import torch

    torch.set_num_threads(2)
    for device in ["cpu"] + ["cuda"] * torch.cuda.is_available():
        for seeds, batch, depth in (
            (1, 128, 1),
            (1, 512, 1),
            (1, 2048, 1),
            (5, 128, 1),
            (5, 512, 1),
            (5, 2048, 1),
            (5, 512, 2),
            (5, 512, 5),
        ):
            what = f"training on {device}, {seeds} seed(s), batch {batch}, depth {depth}"
            yield Figure(what, _rate(seeds, batch, depth, device) / 1000, "k/s")
    for tokens, name in ((False, "moments"), (True, "tokens")):
        base = 1e6 / _rate(1, 512, 2, tokens=tokens)
        for n in (40, 160):
            yield Figure(
                f"time a prompt by {name}, N = {n} ÷ N = 10",
                1e6 / _rate(1, 512, 2, n=n, tokens=tokens) / base,
                "",
            )
        for dim_x in (20, 40):
            yield Figure(
                f"time a prompt by {name}, N_x = {dim_x} ÷ N_x = 10",
                1e6 / _rate(1, 512, 2, dim_x=dim_x, tokens=tokens) / base,
                "",
            )


def targets() -> Iterator[Figure]:
    """Train what the book promises to train in seconds, and say how good it becomes."""
    import torch

    from icllib import learners, theory
    from icllib.alignment import reads, sweep
    from icllib.experiments import PAPER, named, trained_models
    from icllib.rivals import FORMS
    from icllib.runs import run
    from icllib.tuning import tune

    def one_step(prompts: object, matrix: torch.Tensor) -> torch.Tensor:
        return learners.predict(
            learners.gradient_descent(prompts, 1.0, 1) @ matrix, prompts.x_query
        )

    step = theory.best_step_size(PAPER) * torch.eye(10)
    optimum = theory.best_preconditioner(named("optimum-n20").task).float()
    twice = FORMS["GD++"](2)
    pair = tune(PAPER, twice, [12.0, 0.17], torch.Generator().manual_seed(0)).values
    # experiment → rival, its answers, seconds a seed, worst seed's loss ÷ the rival's: at most
    against = {
        "one-layer": ("GD", lambda p: one_step(p, step), 0.6, 1.005),
        "looped-2": ("GD++", lambda p: twice(p, *pair), 2, 1.02),
        "optimum-n20": ("the optimum", lambda p: one_step(p, optimum), None, 1.001),
    }
    alone = {
        "deep-2": 0.0944,
        "deep-3": 0.048,
        "deep-5": 0.045,
    }  # experiment → worst seed's loss at most
    with tempfile.TemporaryDirectory() as folder:
        for name in [*against, *alone]:
            experiment = named(name)
            result = run(experiment, folder=Path(folder), progress=False)
            rival, answers, limit, bound = against.get(
                name, (None, lambda p: 0 * p.y_query, None, alone.get(name))
            )
            models = {model: reads(model) for model in trained_models(experiment, result)}
            losses = sweep({"rival": answers} | models, {"": experiment.task}, seed=99)
            worst = max(losses[model][0][0] for model in models) / (
                losses["rival"][0][0] if rival else 1
            )
            yield Figure(
                f"{name}, training, a seed",
                result.record["seconds_of_training"] / experiment.seeds,
                "s",
                limit,
            )
            yield Figure(
                f"{name}, worst seed's loss" + f" ÷ {rival}'s" * bool(rival), worst, "", bound
            )

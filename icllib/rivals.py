"""The rivals of a trained network: textbook learners by depth, their numbers tuned, and all judged
on the same prompts."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass

import torch
from torch import Tensor, nn

from icllib import learners
from icllib.alignment import Predictor, reads
from icllib.errors import UnstableWarning, check_choice, check_count
from icllib.kinds import Rival, Tuning
from icllib.losses import LossSummary, summarise
from icllib.store import Result
from icllib.tasks import Prompts, Task
from icllib.threads import threads_for
from icllib.tuning import Learner, Tuned, tune, tune_online

__all__ = ["FORMS", "Table", "judge", "settle"]

_CHUNK = 1000  # prompts that `judge` draws at a time


def _steps(weights: Callable[..., Tensor]) -> Callable[[int], Learner]:
    """K → a learner whose linear model after K steps is ``weights(prompts, K, *values)``."""
    return lambda steps: lambda p, *values: learners.predict(weights(p, steps, *values), p.x_query)


def _chebyshev(prompts: Prompts, steps: int, low: float, width: float) -> Tensor:
    return learners.gradient_descent(
        prompts, learners.chebyshev_steps(low, low + width, steps), steps
    )


def _bent(steps: int) -> Learner:
    return lambda p, lr, gamma=0.0: learners.gd_plus_plus(p, lr, gamma, steps)


def _bent_each(steps: int) -> Learner:
    return lambda p, *values: learners.gd_plus_plus(
        p, values[:steps], [*values[steps:], 0.0], steps
    )


#: name → (K → a learner of K steps, which takes its numbers one by one). Nobody reads the last
#: layer's x, so that GD++ with a pair a layer takes K rates and K − 1 bends; with one pair it takes
#: η alone where K = 1.
#:
#: :meta hide-value:
FORMS: dict[str, Callable[[int], Learner]] = {
    "GD": _steps(lambda p, steps, lr: learners.gradient_descent(p, lr, steps)),
    "GD, a rate a step": _steps(lambda p, steps, *lr: learners.gradient_descent(p, lr, steps)),
    "momentum": _steps(lambda p, steps, lr, momentum: learners.heavy_ball(p, lr, momentum, steps)),
    "Chebyshev": _steps(_chebyshev),
    "Newton–Schulz": _steps(lambda p, steps, lr: learners.newton_schulz(p, lr, steps)),
    "CG": _steps(lambda p, steps: learners.conjugate_gradients(p, steps)),
    "GD++": _bent,
    "GD++, a pair a layer": _bent_each,
}


def settle(tuning: Tuning, rival: Rival, depth: int) -> dict[str, Tensor]:
    """Tune a rival at one depth from each of its starts, and judge the best end.

    Returns:
        plain tensors: "values" (V,); "at_wall" (V,); "tried" (starts, V + 3), from each start the
        numbers, loss, interval and trimmed mean; and "judged" (judge_seeds, 7), the fields of a
        `LossSummary` in their order.

    Raises:
        InputError: a form that `FORMS` does not have.
    """
    check_choice("form", rival.form, tuple(FORMS))
    learner = FORMS[rival.form](depth)
    ends = [_tuned(tuning, rival, learner, depth, start) for start in rival.starts[depth]]
    best = min(ends, key=lambda end: end.trimmed)  # one prompt in a million may ruin a mean
    judged = [
        judge({"": lambda p: learner(p, *best.values)}, tuning.task, tuning.judged_on, seed)[""]
        for seed in tuning.judge_seeds
    ]
    return {
        "values": torch.tensor(best.values, dtype=torch.float64),
        "at_wall": torch.tensor(best.at_wall, dtype=torch.bool),
        "tried": torch.tensor(
            [[*end.values, end.loss, end.interval, end.trimmed] for end in ends],
            dtype=torch.float64,
        ),
        "judged": torch.stack([_pack(summary) for summary in judged]),
    }


def _tuned(
    tuning: Tuning, rival: Rival, learner: Learner, depth: int, start: tuple[float, ...]
) -> Tuned:
    generator = torch.Generator().manual_seed(tuning.seed + depth)
    if not start:  # nothing to tune: its loss on as many prompts as the others'
        found = judge({"": learner}, tuning.task, tuning.batch, tuning.seed)[""]
        return Tuned((), found.mean, found.interval, found.trimmed, ())
    if rival.online:
        return tune_online(
            tuning.task, learner, start, generator, tuning.online_steps, tuning.online_batch
        )
    return tune(tuning.task, learner, start, generator, tuning.batch)


def judge(
    contestants: Mapping[str, Predictor | nn.Module],
    task: Task,
    prompts: int = 200_000,
    seed: int = 99,
) -> dict[str, LossSummary]:
    """Mean, interval, median, trimmed mean (without the worst 1 %) and worst loss of everybody on
    the same prompts.

    Args:
        contestants: name → a function from prompts to predictions, or a trained stack of linear
            layers.
        task: draws the prompts, in float64; networks answer in float64 too.
        prompts: how many.
        seed: of the prompts.
    """
    source = torch.Generator().manual_seed(seed)
    answers = {name: _answers(one) for name, one in contestants.items()}
    losses: dict[str, list[Tensor]] = {name: [] for name in contestants}
    with warnings.catch_warnings(), threads_for(0), torch.no_grad():
        warnings.simplefilter("ignore", UnstableWarning)
        for start in range(0, prompts, _CHUNK):
            drawn = task.sample(min(_CHUNK, prompts - start), source, dtype=torch.float64)
            for name, answer in answers.items():
                losses[name].append(learners.query_loss(answer(drawn), drawn))
    return {name: summarise(torch.cat(parts)) for name, parts in losses.items()}


def _answers(contestant: Predictor | nn.Module) -> Predictor:
    if not isinstance(contestant, nn.Module):
        return contestant
    return reads(copy.deepcopy(contestant).double())


def _pack(summary: LossSummary) -> Tensor:
    mean, interval, median, (low, high), trimmed, worst = astuple(summary)
    return torch.tensor([mean, interval, median, low, high, trimmed, worst], dtype=torch.float64)


@dataclass(frozen=True)
class Table:
    """A stored tuning, ready to be looked at: the table of rivals by depth.

    Attributes:
        experiment: what was tuned.
        result: everything that it left behind.
    """

    experiment: Tuning
    result: Result

    @property
    def provenance(self) -> str:
        """One sentence: command, time, machine, versions, date."""
        return self.result.provenance

    def depths(self, form: str) -> list[int]:
        """The depths at which a rival was tuned."""
        return [depth for rival, depth in self.experiment.parts if rival.form == form]

    def values(self, form: str, depth: int) -> tuple[float, ...]:
        """The tuned numbers, in the order in which the learner takes them."""
        return tuple(self._get("values", form, depth).tolist())

    def at_wall(self, form: str, depth: int) -> bool:
        """Whether one of the numbers ended at the edge of the tuner's range."""
        return bool(self._get("at_wall", form, depth).any())

    def tried(self, form: str, depth: int) -> list[list[float]]:
        """From each start: the numbers found, their loss, half its 95 % interval, and the trimmed
        mean."""
        return self._get("tried", form, depth).tolist()

    def predictor(self, form: str, depth: int) -> Predictor:
        """The rival with its tuned numbers, as a function from prompts to predictions."""
        learner, values = FORMS[form](depth), self.values(form, depth)
        return lambda prompts: learner(prompts, *values)

    def summary(self, form: str, depth: int, seed: int | None = None) -> LossSummary:
        """The rival's losses on the prompts of one of `judge_seeds`, the first unless given.

        Raises:
            InputError: a form, depth or seed that was not judged.
        """
        seeds = self.experiment.judge_seeds
        seed = check_count("seed", seeds[0] if seed is None else seed, minimum=0)
        check_choice("seed", seed, seeds)
        mean, interval, median, low, high, trimmed, worst = self._get("judged", form, depth)[
            seeds.index(seed)
        ].tolist()
        return LossSummary(mean, interval, median, (low, high), trimmed, worst)

    def _get(self, what: str, form: str, depth: int) -> Tensor:
        check_choice("form", form, tuple(rival.form for rival in self.experiment.rivals))
        check_choice("depth", depth := check_count("depth", depth), tuple(self.depths(form)))
        return self.result.tensors[f"{what}/{form}/{depth}"]

"""A language model opened: which heads copy, which carry an answer, what is lost without them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from icllib.errors import InputError
from icllib.files import digest, read_checkpoint, write_checkpoint
from icllib.heads import (
    Head,
    answers_by_shots,
    answers_in_orders,
    answers_with_a_label_flipped,
    copy_loss,
    copying,
    effects,
    mean_outputs,
    votes_moved,
    with_heads_off,
)
from icllib.language import load_language_model
from icllib.prompted import LANGUAGE, Bench, LanguageStudy
from icllib.store import FOLDER, Result, making, save

__all__ = ["measure_language_model", "ranked"]

Found = dict[str, Tensor]
_SETS = ("induction", "answer", "task")


def measure_language_model(
    path: Path, study: LanguageStudy = LANGUAGE, folder: Path = FOLDER, *, progress: bool = True
) -> Result:
    """Measure everything that a study asks and store it; interrupted, it goes on where it was.

    Tensors of the result (L layers of H heads, n questions, half of them praise):
        "induction", "previous" (n_sequences, L·H): attention weights on repeated random tokens;
        "effect/answer", "effect/task" (questions, L·H): what a head's mean output, put into a
        prompt with shuffled labels, adds to the right word's logit  [Todd et al. 2024];
        "leaning/ARM" (n_prompts, shots, n), "mass/ARM": as `Bench.leanings`; "shots", "asked",
        "shuffled": the prompts; "off/none" (n_judged, n), "off/SET" (sizes, n_judged, n),
        "off/random" (sizes, n_draws, n_shared, n), "off/same layers": leanings with heads off, and
        "copy/…" the loss of repeated tokens; "votes" (n_judged, 9, n) and "look"
        (n_judged, 4, shots, n): as `votes_moved`; "orders" (n_judged, n_orders, n) and "flips"
        (n_flipped, shots, n): leanings with the examples in other orders, and with one label
        flipped; "judged/shots", "judged/asked": these prompts.

    Args:
        path: the model's file.

    Raises:
        FileNotFoundError, InputError: as `load_language_model`; another file than the study's.
    """
    if hashlib.sha256(path.read_bytes()).hexdigest() != study.sha256:
        raise InputError(f"{path} is another file than {study.file} of this study (by its SHA-256)")
    bench, identity = Bench(study, load_language_model(path)), {"study": digest(study)}
    notes = folder / ".checkpoints" / f"{study.name}-{identity['study'][:12]}"
    done = read_checkpoint(notes, identity) if notes.exists() else {"seconds": 0.0, "found": {}}
    jobs = tqdm(_jobs(bench, done["found"]), study.name, total=_count(study), disable=not progress)
    for name, work in jobs:
        if name in done["found"]:
            continue
        start = time.perf_counter()
        done["found"][name] = work()
        done["seconds"] += time.perf_counter() - start
        write_checkpoint(notes, identity, done)
    record = making(done["seconds"], "cpu")
    result = Result(study.name, study, _gathered(bench, done["found"]), record)
    save(result, folder)
    notes.unlink()
    return result


def _jobs(bench: Bench, found: Found) -> Iterator[tuple[str, Callable[[], Tensor]]]:
    """Everything to measure, in an order in which what is needed comes first."""
    study = bench.study
    for i in range(study.n_sequences):
        yield f"copying/{i}", lambda i=i: copying(bench, i)
    for arm in study.arms:
        for i in range(study.n_prompts):
            yield f"arm/{arm}/{i}", lambda arm=arm, i=i: answers_by_shots(bench, arm, i)
    yield "means", lambda: mean_outputs(bench)
    means = found["means"]
    for i in range(study.n_judged):
        yield f"effect/{i}", lambda i=i: effects(bench, means, i)
    order = ranked(_scores(study, found), bench.heads)
    for i in range(study.n_judged):
        yield f"votes/{i}", lambda i=i: votes_moved(bench, means, order["answer"][:4], i)
        yield f"orders/{i}", lambda i=i: answers_in_orders(bench, i)
    for i in range(study.n_flipped):
        yield f"flips/{i}", lambda i=i: answers_with_a_label_flipped(bench, i)
    for name, heads, prompts in _choices(bench, order):
        yield f"copy/{name}", lambda heads=heads: copy_loss(bench, means, heads)
        for i in prompts:
            yield f"off/{name}/{i}", lambda heads=heads, i=i: with_heads_off(bench, means, heads, i)


def _count(study: LanguageStudy) -> int:
    """How many jobs there are."""
    drawn = study.n_draws * (len(study.sizes) + 1) * (1 + study.n_shared)
    chosen = (1 + len(_SETS) * len(study.sizes)) * (1 + study.n_judged)
    prompts = len(study.arms) * study.n_prompts + 3 * study.n_judged + study.n_flipped
    return study.n_sequences + prompts + 1 + chosen + drawn


def ranked(found: Found, heads: list[Head]) -> dict[str, list[Head]]:
    """All heads, strongest first, by their mean "induction" weight, and by their mean effect on the
    "answer" and on the "task"."""
    by = {
        "induction": found["induction"].mean(0),
        "answer": found["effect/answer"].mean(0),
        "task": found["effect/task"].mean(0),
    }
    return {
        name: [heads[i] for i in values.argsort(descending=True, stable=True)]
        for name, values in by.items()
    }


def _choices(bench: Bench, order: dict[str, list[Head]]) -> Iterator[tuple[str, list[Head], range]]:
    """Which heads to switch off together, with a name, and on which prompts to look."""
    study, everywhere = bench.study, range(bench.study.n_judged)
    yield "none", [], everywhere
    for name in _SETS:
        for size in study.sizes:
            yield f"{name}/{size}", order[name][:size], everywhere
    for draw in range(study.n_draws):
        source = torch.Generator().manual_seed(draw)
        shared = study.shared(draw)
        drawn = [bench.heads[i] for i in torch.randperm(len(bench.heads), generator=source)]
        for size in study.sizes:
            yield f"random/{size}/{draw}", drawn[:size], shared
        alike = []  # others of the same layers as the four that carry the answer
        for layer, _ in order["answer"][:4]:
            others = [h for h in bench.heads if h[0] == layer and h not in order["answer"][:4]]
            others = [head for head in others if head not in alike]
            alike.append(others[int(torch.randint(len(others), (), generator=source))])
        yield f"same layers/{draw}", alike, shared


def _scores(study: LanguageStudy, found: Found) -> Found:
    seen = torch.stack([found[f"copying/{i}"] for i in range(study.n_sequences)])
    moved = torch.stack([found[f"effect/{i}"] for i in range(study.n_judged)])
    answer, task = moved.transpose(0, 1).flatten(1, 2)
    return {
        "induction": seen[:, 0],
        "previous": seen[:, 1],
        "effect/answer": answer,
        "effect/task": task,
    }


def _gathered(bench: Bench, found: Found) -> Found:
    """All rows as the tensors that `measure_language_model` describes."""
    study, tensors = bench.study, _scores(bench.study, found)
    for arm in study.arms:
        rows = torch.stack([found[f"arm/{arm}/{i}"] for i in range(study.n_prompts)])
        tensors |= {f"leaning/{arm}": rows[:, :, 0], f"mass/{arm}": rows[:, :, 1]}
    prompts = [bench.prompt(i, "all", max(study.shots)) for i in range(study.n_prompts)]
    for name in ("shots", "asked", "shuffled"):
        tensors[name] = torch.stack([getattr(prompt, name) for prompt in prompts])

    def off(name: str, places: range | list[int]) -> Tensor:
        return torch.stack([found[f"off/{name}/{i}"] for i in places])

    everywhere, draws = range(study.n_judged), range(study.n_draws)
    tensors |= {"off/none": off("none", everywhere), "copy/none": found["copy/none"]}
    for name in _SETS:
        sets = [f"{name}/{size}" for size in study.sizes]
        tensors[f"off/{name}"] = torch.stack([off(each, everywhere) for each in sets])
        tensors[f"copy/{name}"] = torch.stack([found[f"copy/{each}"] for each in sets])
    drawn = [[f"random/{size}/{draw}" for draw in draws] for size in study.sizes]
    drawn.append([f"same layers/{draw}" for draw in draws])
    answers = torch.stack(
        [torch.stack([off(each, study.shared(d)) for d, each in enumerate(row)]) for row in drawn]
    )
    losses = torch.stack([torch.stack([found[f"copy/{each}"] for each in row]) for row in drawn])
    tensors |= {"off/random": answers[:-1], "off/same layers": answers[-1]}
    tensors |= {"copy/random": losses[:-1], "copy/same layers": losses[-1]}
    moved = torch.stack([found[f"votes/{i}"] for i in everywhere])
    tensors |= {"votes": moved[:, :9], "look": moved[:, 9:].unflatten(1, (4, -1))}
    tensors["orders"] = torch.stack([found[f"orders/{i}"] for i in everywhere])
    tensors["flips"] = torch.stack([found[f"flips/{i}"] for i in range(study.n_flipped)])
    judged = [bench.judged(i) for i in everywhere]
    tensors["judged/shots"] = torch.stack([prompt.shots for prompt in judged])
    tensors["judged/asked"] = torch.stack([prompt.asked for prompt in judged])
    return tensors

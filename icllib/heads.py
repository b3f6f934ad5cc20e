"""What single heads of a language model do: watched, replaced, and told to look elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.language import Cache, Hook
from icllib.prompted import Bench, last_tokens

__all__ = [
    "answers_by_shots",
    "answers_in_orders",
    "answers_with_a_label_flipped",
    "copy_loss",
    "copying",
    "effects",
    "mean_outputs",
    "votes_moved",
    "with_heads_off",
]

#: A layer and a head of it, both from 0.
Head = tuple[int, int]


def copying(bench: Bench, number: int) -> Float[Tensor, "2 LH"]:
    """How much each head looks at the token after the last occurrence of its own, and at the token
    before, on random tokens that come twice.  [Olsson et al. 2022]"""
    half, rows = bench.study.half, []
    second, every = torch.arange(half + 1, 2 * half + 1), torch.arange(2, 2 * half + 1)

    def hook(layer: int, weights: Tensor, outputs: Tensor) -> None:
        after, before = weights[0][:, second, second - half + 1], weights[0][:, every, every - 1]
        rows.append(torch.stack([after.mean(1), before.mean(1)]))

    bench.model.read(bench.repeated(number), hook=hook)
    return torch.cat(rows, dim=1)


def answers_by_shots(bench: Bench, name: str, number: int) -> Float[Tensor, "shots 2 n"]:
    """`Bench.leanings` for each number of examples, in an arm of the study."""
    arm, shots = bench.study.arms[name], bench.study.shots
    prompt = bench.prompt(number, "all", max(shots))
    parts, questions = bench.shown(prompt, arm), bench.asked(prompt, arm)
    past, at, rows = None, 0, []
    for n in shots:
        past, at = bench.read(parts[at : n + 1], past), n + 1
        rows.append(bench.leanings(prompt, arm, bench.ask(questions, past)))
    return torch.stack(rows)


def answers_in_orders(bench: Bench, number: int) -> Float[Tensor, "orders n"]:
    """Leanings after the same examples in other orders."""
    prompt, source = bench.judged(number), torch.Generator().manual_seed(number)
    start, *examples = bench.shown(prompt, bench.arm)
    orders = (torch.randperm(len(examples), generator=source) for _ in range(bench.study.n_orders))
    pasts = (bench.read([start, *(examples[i] for i in order)]) for order in orders)
    return torch.stack([bench.leaning(prompt, past) for past in pasts])


def answers_with_a_label_flipped(bench: Bench, number: int) -> Float[Tensor, "shots n"]:
    """Leanings where one example, the first, the second, …, is called the other word."""
    prompt = bench.judged(number)
    flips = 1 - 2 * torch.eye(len(prompt.shots))
    pasts = (bench.read(bench.shown(prompt, bench.arm, prompt.true * flip)) for flip in flips)
    return torch.stack([bench.leaning(prompt, past) for past in pasts])


def mean_outputs(bench: Bench) -> Float[Tensor, "6 L H dim_head"]:
    """Mean outputs of all heads: over the tokens of prompts; over random tokens that come twice; at
    the answer, to praise and to blame, of prompts in which praise is the first word; and of those
    in which it is the second. All on the sentences for choosing."""
    first, n = 1_000, bench.study.n_prompts
    rows = torch.stack([_mean_outputs_of(bench, number) for number in range(first, first + n)])
    inside, copied, at_answer = rows[:, 0], rows[:, 1], rows[:, 2:]
    by_word = torch.cat([at_answer[0::2].mean(0), at_answer[1::2].mean(0)])
    return torch.cat([inside.mean(0)[None], copied.mean(0)[None], by_word])


def _mean_outputs_of(bench: Bench, number: int) -> Float[Tensor, "4 L H dim_head"]:
    """For one prompt: over its tokens, over repeated tokens, and at the answers to praise and to
    blame."""
    prompt = bench.prompt(number, "choose", bench.study.judged_shots)
    asked = bench.asked(prompt, bench.arm)
    last = last_tokens(asked)
    inside, copied, at_answer = [], [], []
    past = bench.read(
        bench.shown(prompt, bench.arm), hook=lambda *layer: inside.append(layer[2][0, 1:].mean(0))
    )
    bench.model.read(
        bench.repeated(number), hook=lambda *layer: copied.append(layer[2][0, 1:].mean(0))
    )
    bench.ask(asked, past, lambda *layer: at_answer.append(layer[2][0, last]))
    sides = torch.stack(at_answer, dim=1).unflatten(0, (2, -1)).mean(1)
    return torch.cat([torch.stack(inside)[None], torch.stack(copied)[None], sides])


def effects(bench: Bench, means: Tensor, number: int) -> Float[Tensor, "2 4 LH"]:
    """What each head's mean output adds to the right word's lead, put in at the last token of
    prompts whose labels are shuffled: the mean of answers of the same sentiment ("answer"), and of
    all answers ("task", a function vector).  [Todd et al. 2024, causal indirect effect]"""
    arm = replace(bench.arm, labels="shuffled")
    prompt = bench.prompt(2_000 + number, "choose", bench.study.judged_shots)
    past = bench.read(bench.shown(prompt, arm))
    asked, half = bench.asked(prompt, arm), bench.study.n_queries // 2
    lead = [[], []]
    for place in (0, 1, half, half + 1):
        side, turned = int(place >= half), 2 + 2 * (number % 2)
        inside = bench.read([asked[place][:-1]], past)
        for kind, mean in enumerate((means[turned + side], means[turned : turned + 2].mean(0))):
            read = _each_replaced(bench, asked[place][-1], inside, mean)
            leaning = bench.leanings(prompt, arm, read)[0] * (1 - 2 * side)
            lead[kind].append(leaning[1:] - leaning[0])
    return torch.stack([torch.stack(each) for each in lead])


def _each_replaced(bench: Bench, token: int, past: Cache, mean: Tensor) -> Tensor:
    """What the model gives at one token, as it is and with one head replaced, for all heads:
    (1 + LH, width)."""
    n, before, n_heads = 1 + len(bench.heads), past[0][0].shape[1], bench.model.n_heads
    mask = torch.cat([torch.ones(n, before), torch.eye(n)], dim=1).bool()
    heads = torch.arange(n_heads)

    def hook(layer: int, weights: Tensor, outputs: Tensor) -> Tensor:
        outputs[0, 1 + layer * n_heads + heads, heads] = mean[layer]
        return outputs

    ids, positions = torch.full((1, n), token), torch.full((n,), before)
    return bench.model.read(ids, past=past, positions=positions, mask=mask, hook=hook)[0][0]


def _replacing(heads: list[Head], mean: Tensor, rows: slice | Tensor) -> Hook:
    """Some heads give their mean output at some tokens."""

    def hook(layer: int, weights: Tensor, outputs: Tensor) -> Tensor:
        for at, head in heads:
            if at == layer:
                outputs[:, rows, head] = mean[at, head]
        return outputs

    return hook


def with_heads_off(
    bench: Bench, means: Tensor, heads: list[Head], number: int
) -> Float[Tensor, "n"]:
    """Leanings where some heads give their mean output at every token but the start."""
    prompt = bench.judged(number)
    past = bench.read(
        bench.shown(prompt, bench.arm), hook=_replacing(heads, means[0], slice(1, None))
    )
    return bench.leaning(prompt, past, _replacing(heads, means[0], slice(None)))


def copy_loss(bench: Bench, means: Tensor, heads: list[Head]) -> Float[Tensor, ""]:
    """The loss on the second half of random tokens that come twice, in nats a token."""
    losses = []
    for number in range(2_000, 2_004):
        ids, half = bench.repeated(number), bench.study.half
        read, _ = bench.model.read(ids, hook=_replacing(heads, means[1], slice(1, None)))
        logits = bench.model.logits(read[0, half + 1 : -1])
        losses.append(torch.nn.functional.cross_entropy(logits, ids[0, half + 2 :]))
    return torch.stack(losses).mean()


def votes_moved(bench: Bench, means: Tensor, top: list[Head], number: int) -> Tensor:
    """Leanings, (9, n): as they are; with the first two heads, and with all four, off at the
    answer's token, looking at the examples' labels alone, at all of them alike, and at the i-th
    complaint instead of the i-th praise. Then the four heads' weights on these labels, (4 shots,
    n)."""
    prompt = bench.judged(number)
    shown, asked = bench.shown(prompt, bench.arm), bench.asked(prompt, bench.arm)
    past = bench.read(shown)
    words, last = last_tokens(shown)[1:] - 1, last_tokens(asked)
    turned = torch.empty_like(words)
    praise, blame = ((prompt.true == side).nonzero()[:, 0] for side in (1, -1))
    turned[praise], turned[blame] = blame, praise
    share, seen = bench.model.n_heads // bench.model.n_kv, {}

    def watching(layer: int, weights: Tensor, outputs: Tensor) -> None:
        seen.update({h: weights[0, h[1], last][:, words] for h in top if h[0] == layer})

    def looking(heads: list[Head], change: Callable[[Tensor], Tensor]) -> Hook:
        def hook(layer: int, weights: Tensor, outputs: Tensor) -> Tensor:
            for at, head in heads:
                if at == layer:
                    values = past[layer][1][0, words, head // share]
                    outputs[0, last, head] = change(seen[at, head]) @ values
            return outputs

        return hook

    changes = (
        lambda on: on,
        lambda on: on.mean(1, keepdim=True).expand_as(on),
        lambda on: on[:, turned],
    )
    rows = [bench.leaning(prompt, past, watching)]
    for size in (2, 4):
        rows.append(bench.leaning(prompt, past, _replacing(top[:size], means[0], last)))
        rows += [bench.leaning(prompt, past, looking(top[:size], one)) for one in changes]
    return torch.cat([torch.stack(rows), *(seen[head].T for head in top)])

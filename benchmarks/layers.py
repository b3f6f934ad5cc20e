"""One layer beside the learner that it equals, and what tracing costs when nobody listens."""

from __future__ import annotations

from collections.abc import Iterator

from figure import Figure


def tracing() -> Iterator[Figure]:
    """What it costs a layer that somebody could listen to it, while nobody does."""
    import torch
    from torch.utils.benchmark import Timer

    from icllib.attention import LinearSelfAttention, SoftmaxSelfAttention

    torch.set_num_threads(2)
    for kind in (LinearSelfAttention, SoftmaxSelfAttention):
        layer, tokens = kind(11, generator=torch.Generator().manual_seed(0)), torch.randn(1, 11, 11)
        deaf = kind(11, generator=torch.Generator().manual_seed(0))
        deaf._note = lambda name, activation: activation
        times = {layer: [], deaf: []}
        with torch.no_grad():
            for _ in range(15):
                for one in times:
                    times[one].append(
                        Timer("one(tokens)", globals={"one": one, "tokens": tokens})
                        .timeit(2000)
                        .mean
                    )
        extra = 100 * (min(times[layer]) / min(times[deaf]) - 1)
        yield Figure(f"{kind.__name__}, one prompt: time added by trace when off", extra, "%", 10)


def layer() -> Iterator[Figure]:
    """One constructed layer against the learner it equals, and against a loop over prompts."""
    import torch
    from torch.utils.benchmark import Timer

    from icllib import construct, learners
    from icllib.tasks import LinearTask
    from icllib.tokens import join_tokens

    torch.set_num_threads(2)
    prompts = LinearTask(dim_x=10, n_context=10).sample(2048, torch.Generator().manual_seed(0))
    block, tokens = construct.gd_layer(10, 1, 10, lr=1.0).float(), join_tokens(prompts)

    def loop() -> list:
        return [
            1.0 / 10 * y.T @ x @ q
            for x, y, q in zip(prompts.x, prompts.y, prompts.x_query, strict=True)
        ]

    def learner() -> torch.Tensor:
        return learners.predict(learners.gradient_descent(prompts, 1.0, steps=1), prompts.x_query)

    with torch.no_grad():
        for what, action in [
            ("attention layer", lambda: block(tokens)),
            ("gradient_descent", learner),
            ("loop over prompts", loop),
        ]:
            took = (
                Timer("action()", globals={"action": action})
                .blocked_autorange(min_run_time=1)
                .median
            )
            yield Figure(f"{what}, one step on 2,048 prompts of 10 examples", 1000 * took, "ms")

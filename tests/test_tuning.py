import math

import pytest
import torch

from icllib import learners, theory
from icllib.errors import InputError, WallWarning
from icllib.tasks import LinearTask
from icllib.tuning import Tuned, tune, tune_online


def one_step(prompts, lr):
    return learners.predict(learners.gradient_descent(prompts, lr, 1), prompts.x_query)


@pytest.mark.parametrize("noise_std", [0.0, 0.7])
def test_the_tuner_finds_the_best_single_step_of_the_closed_form(noise_std):
    task = LinearTask(dim_x=4, n_context=8, x_dist="normal", noise_std=noise_std)
    found = tune(task, one_step, [0.2], torch.Generator().manual_seed(0), batch=20_000)
    assert found.values[0] == pytest.approx(theory.best_step_size(task), rel=0.03)
    least = theory.expected_loss(task, theory.best_step_size(task))
    assert abs(found.loss - least) < 3 * found.interval


def test_the_tuner_finds_the_strength_that_matches_the_noise():
    task = LinearTask(dim_x=3, n_context=6, x_dist="normal", noise_std=0.8, w_scale=1.3)
    found = tune(task, ridge, [1.0], torch.Generator().manual_seed(1), batch=20_000)
    assert found.values[0] == pytest.approx(0.8**2 / (6 * 1.3**2), rel=0.1)


def test_the_tuner_is_deterministic_and_two_step_sizes_beat_one():
    task = LinearTask(dim_x=4, n_context=8)

    def two_steps(prompts, first, second):
        weights = learners.gradient_descent(prompts, first, 1)
        return learners.predict(learners.gradient_step(weights, prompts, second), prompts.x_query)

    def tuned(learner, start):
        return tune(task, learner, start, torch.Generator().manual_seed(2), batch=2000)

    assert tuned(two_steps, [1.0, 2.0]) == tuned(two_steps, [1.0, 2.0])
    same = lambda prompts, lr: two_steps(prompts, lr, lr)  # noqa: E731
    assert tuned(two_steps, [1.0, 2.0]).loss < tuned(same, [1.0]).loss


@pytest.mark.parametrize(
    ("start", "batch", "message"), [([0.0], 5, "start[0] = 0.0"), ([0.1], 0, "batch = 0")]
)
def test_the_tuner_names_bad_input(start, batch, message):
    with pytest.raises(InputError) as caught:
        tune(LinearTask(), one_step, start, torch.Generator().manual_seed(0), batch)
    assert message in str(caught.value)


#: Losses (full squared error) after K steps, x ~ U(−1, 1), N = N_x = 10, each learner tuned:
#: measured independently.
KNOWN = {
    ("gd", 1): 1.643, ("gd", 2): 1.261, ("gd", 3): 1.055, ("gd", 5): 0.861,
    ("step sizes", 2): 1.147, ("step sizes", 3): 0.878, ("momentum", 2): 1.147,
    ("gd++", 2): 0.877, ("gd++", 3): 0.621, ("gd++", 5): 0.411, ("gd++ per step", 2): 0.746,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(("name", "steps"), KNOWN)
def test_the_tuner_reproduces_the_known_losses(name, steps):
    def on_query(weights, prompts):
        return learners.predict(weights, prompts.x_query)

    cases = {
        "gd": (lambda p, lr: on_query(learners.gradient_descent(p, lr, steps), p), [1.0]),
        "step sizes": (
            lambda p, *lr: on_query(learners.gradient_descent(p, lr, steps), p),
            [0.8, 2.0, 4.0][:steps],
        ),
        "momentum": (
            lambda p, lr, beta: on_query(learners.heavy_ball(p, lr, beta, steps), p),
            [1.0, 0.3],
        ),
        "gd++": (lambda p, lr, gamma: learners.gd_plus_plus(p, lr, gamma, steps), [1.0, 0.04]),
        "gd++ per step": (
            lambda p, *v: learners.gd_plus_plus(p, v[:steps], v[steps:], steps),
            [1.0, 9.0, 0.1, 0.04],
        ),
    }
    learner, start = cases[name]
    found = tune(
        LinearTask(10, 1, 10), learner, start, torch.Generator().manual_seed(3), batch=20_000
    )
    assert abs(2 * found.loss - KNOWN[name, steps]) <= 2 * 2 * found.interval


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def ridge(prompts, strength):
    return learners.predict(learners.ridge(prompts, strength), prompts.x_query)


def test_a_search_that_ends_at_the_edge_of_its_range_says_so():
    exact = LinearTask(x_scale=0.5)  # without noise the best strength is 0
    with pytest.warns(
        WallWarning,
        match=r"value 0 ended at 6\.\d+e-05, the edge of the range around start\[0\] = 0.01",
    ):
        found = tune(exact, ridge, [0.01], generator(), batch=1000)
    assert found.at_wall == (True,)
    assert tune(
        LinearTask(dim_x=3, n_context=6, noise_std=0.5), ridge, [0.1], generator()
    ).at_wall == (False,)


@pytest.mark.parametrize("beyond", [math.nan, math.inf])
def test_a_search_that_overflows_hands_on_the_best_finite_point(beyond):
    def breaks(prompts, lr):
        answers = one_step(prompts, lr)
        return (
            answers + torch.where(lr > 0.31, beyond, 0.0)
            if isinstance(lr, torch.Tensor)
            else answers
        )

    task = LinearTask(dim_x=4, n_context=8, x_dist="normal")  # its best step size is 0.62
    found = tune(task, breaks, [0.05], generator(), batch=2000)
    assert 0.05 < found.values[0] <= 0.31 and math.isfinite(found.loss)
    assert (
        found.loss
        < tune(task, lambda p, lr: one_step(p, 0.05) + 0 * lr, [0.05], generator(), batch=2000).loss
    )
    online = tune_online(task, breaks, [0.05], generator(), steps=60, batch=200, judged_on=1000)
    assert 0.2 < online.values[0] <= 0.33 and math.isfinite(online.loss)


def test_a_search_that_begins_where_nothing_is_finite_is_refused():
    with pytest.raises(InputError, match=r"start = \[0.1\], expected numbers with a finite loss"):
        tune(LinearTask(), lambda p, lr: one_step(p, lr) * math.nan, [0.1], generator(), batch=10)


@pytest.mark.parametrize("noise_std", [0.0, 0.7])
def test_tuning_online_finds_the_closed_form_from_above_and_below(noise_std):
    task = LinearTask(dim_x=4, n_context=8, x_dist="normal", noise_std=noise_std)
    best = theory.best_step_size(task)
    for start in (best / 8, 3 * best):
        found = tune_online(
            task, one_step, [start], generator(1), steps=200, batch=500, judged_on=20_000
        )
        assert found.values[0] == pytest.approx(best, rel=0.03) and found.at_wall == (False,)
        assert abs(found.loss - theory.expected_loss(task, best)) < 3 * found.interval


def test_both_tuners_find_the_same_pair():
    def bent(prompts, lr, gamma):
        return learners.gd_plus_plus(prompts, lr, gamma, steps=2)

    task = LinearTask(dim_x=4, n_context=8, x_scale=0.5)
    whole = tune(task, bent, [9.0, 0.2], generator(2), batch=2000)
    online = tune_online(
        task, bent, [9.0, 0.2], generator(3), steps=150, batch=300, judged_on=10_000
    )
    assert online.values == pytest.approx(whole.values, rel=0.15)
    assert abs(online.loss - whole.loss) < whole.interval + online.interval


def test_tuning_online_is_deterministic_and_names_bad_input():
    def again() -> Tuned:
        return tune_online(
            LinearTask(dim_x=3), one_step, [0.2], generator(), steps=5, batch=10, judged_on=50
        )

    assert again() == again()
    for name in ("steps", "batch", "judged_on"):
        with pytest.raises(InputError, match=f"{name} = 0"):
            tune_online(LinearTask(), one_step, [0.1], generator(), **{name: 0})
    for search, name in ((tune, "batch"), (tune_online, "judged_on")):
        with pytest.raises(InputError, match=f"{name} = 1, expected an integer of at least 2"):
            search(LinearTask(), one_step, [0.1], generator(), **{name: 1})
    with pytest.raises(InputError, match=r"start\[1\] = -1"):
        tune_online(LinearTask(), one_step, [0.1, -1.0], generator())

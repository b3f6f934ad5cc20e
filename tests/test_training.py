"""DOC"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import problems
from trainings import TASK, layer, quick, weights

from icllib import training
from icllib.attention import LinearSelfAttention, SoftmaxSelfAttention, Transformer, from_moments
from icllib.errors import InputError, ShapeError, StoppedWarning
from icllib.recipes import Recipe
from icllib.tokens import join_tokens, read_prediction
from icllib.training import loss_from_tokens, train


@given(
    problem=problems(),
    heads=st.integers(1, 2),
    depth=st.integers(1, 3),
    loops=st.booleans(),
    seed=st.integers(0, 99),
)
def test_the_moments_of_a_prompt_are_all_that_linear_layers_see(problem, heads, depth, loops, seed):
    prompts, _ = problem
    generator = torch.Generator().manual_seed(seed)
    width = prompts.dim_x + prompts.dim_y
    layers = [
        LinearSelfAttention(width, heads, generator=generator, init_std=0.2, dtype=torch.float64)
        for _ in range(depth)
    ]
    model = Transformer(layers[:1], looped=depth) if loops else Transformer(layers)
    by_tokens = read_prediction(model(join_tokens(prompts)), prompts.dim_y)
    torch.testing.assert_close(from_moments(model, prompts), by_tokens, rtol=1e-9, atol=1e-9)


def test_layers_that_need_more_than_moments_are_refused():
    prompts = TASK.sample(2, torch.Generator().manual_seed(0))
    with pytest.raises(InputError, match="SoftmaxSelfAttention"):
        from_moments(Transformer([SoftmaxSelfAttention(4)]), prompts)
    with pytest.raises(InputError, match="sees_query"):
        from_moments(LinearSelfAttention(4, sees_query=True), prompts)
    with pytest.raises(ShapeError, match="dim_token = 5"):
        from_moments(LinearSelfAttention(5), prompts)


def test_training_lowers_the_loss_of_every_seed():
    trained = quick(Recipe(steps=150, batch=256, lr=0.02), seeds=range(3))
    assert trained.losses.shape == (150, 3)
    assert (trained.losses[-10:].mean(0) < 0.8 * trained.losses[:10].mean(0)).all()


def test_a_seed_learns_the_same_alone_and_among_others():
    recipe = Recipe(steps=30, batch=64, dtype="float64")
    together, alone = quick(recipe, seeds=(4, 5, 6)), quick(recipe, seeds=(5,))
    for a, b in zip(together.models[1].parameters(), alone.models[0].parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_one_update_is_the_optimizers_own():
    recipe = Recipe(
        steps=1,
        batch=32,
        lr=0.1,
        optimizer="SGD",
        options={},
        schedule="constant",
        warmup=0,
        clip=None,
        dtype="float64",
    )
    trained = quick(recipe, seeds=(3,))
    torch.set_default_dtype(torch.float64)
    try:
        model = layer(torch.Generator().manual_seed(3))
    finally:
        torch.set_default_dtype(torch.float32)
    prompts = TASK.sample(32, torch.Generator().manual_seed(0), torch.float64)
    loss_from_tokens(model, prompts).backward()
    for after, before in zip(trained.models[0].parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(after, before - 0.1 * before.grad, rtol=1e-9, atol=1e-12)


OPTIMIZERS = {
    "Adam": {}, "AdamW": {}, "SGD": {"momentum": 0.9}, "RMSprop": {}, "Adagrad": {}, "NAdam": {}, "RAdam": {},
    "Adamax": {}, "Adadelta": {}, "Rprop": {}, "ASGD": {}, "LBFGS": {"max_iter": 3, "line_search_fn": "strong_wolfe"},
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_any_optimizer_of_torch_trains(name):
    lr = {"SGD": 0.5, "Adadelta": 5.0, "ASGD": 1.0, "LBFGS": 0.1}.get(name, 0.02)
    recipe = Recipe(
        steps=60, batch=512, lr=lr, optimizer=name, options=OPTIMIZERS[name], schedule="constant"
    )
    trained = quick(recipe)
    assert not trained.stopped and (trained.losses[-5:].mean(0) < trained.losses[:5].mean(0)).all()


def test_the_rate_rises_linearly_and_falls_as_the_schedule_says():
    recipe = Recipe(steps=100, lr=1.0, warmup=0.1)
    assert [recipe.rate(step) for step in range(10)] == pytest.approx(
        [0.1 * k for k in range(1, 11)]
    )
    assert recipe.rate(10) == pytest.approx(1.0) and recipe.rate(55) == pytest.approx(0.5)
    assert 0 < recipe.rate(99) < 0.001
    assert Recipe(steps=100, lr=1.0, schedule="linear", warmup=0).rate(25) == pytest.approx(0.75)
    assert Recipe(steps=100, lr=1.0, schedule="constant", warmup=0).rate(99) == 1.0


def test_clipping_bounds_the_update_of_each_seed_by_itself():
    recipe = Recipe(
        steps=1, lr=1.0, optimizer="SGD", options={}, schedule="constant", warmup=0, clip=1e-3
    )
    trained = quick(recipe)
    for seed, model in enumerate(trained.models):
        start = layer(torch.Generator().manual_seed(seed))
        moved = torch.cat(
            [(a - b).flatten() for a, b in zip(model.parameters(), start.parameters(), strict=True)]
        )
        assert float(moved.detach().norm()) == pytest.approx(1e-3, rel=1e-3)


def test_only_the_named_matrices_are_trained():
    trained = quick(Recipe(steps=5, batch=16, trains=("W_Q", "P")))
    start = layer(torch.Generator().manual_seed(0))
    changed = {
        n: not torch.equal(a, getattr(start, n)) for n, a in trained.models[0].named_parameters()
    }
    assert changed == {"W_K": False, "W_Q": True, "W_V": False, "P": True}


def test_measures_are_taken_at_the_start_every_so_often_and_at_the_end():
    trained = quick(
        Recipe(steps=25, batch=8),
        every=10,
        measures={"size": lambda m: float(m.P.detach().abs().sum())},
        keep_weights=True,
    )
    assert trained.steps == [0, 10, 20, 25] and trained.measured["size"].shape == (4, 2)
    assert torch.equal(trained.weights["P"][-1, 1], trained.models[1].P.detach())
    kept = trained.weights["P"].abs().sum((2, 3, 4))
    torch.testing.assert_close(trained.measured["size"], kept)


def test_a_gradient_whose_squares_overflow_is_clipped_and_stops_nobody():
    def steep(generator):
        model = LinearSelfAttention(4, generator=generator, init_std=0.3)
        with torch.no_grad():
            model.P *= 1e15
        return model

    trained = quick(Recipe(steps=3, batch=16, optimizer="SGD", lr=0.1), build=steep)
    assert not trained.stopped and float(trained.losses[0].min()) > 1e19
    assert all(parameter.isfinite().all() for parameter in weights(trained))


def test_a_seed_that_blows_up_stops_and_the_others_go_on():
    def explosive(generator):
        model = LinearSelfAttention(4, generator=generator, init_std=0.3)
        if generator.initial_seed() == 1:
            with torch.no_grad():
                model.P *= 1e30
        return model

    recipe = Recipe(steps=20, batch=16)
    with pytest.warns(StoppedWarning, match="seed 1 stopped at update 0.*2 of 3 seeds go on"):
        trained = quick(recipe, seeds=(0, 1, 2), build=explosive)
    assert trained.stopped == {1: 0} and trained.losses.shape == (20, 3)
    calm = quick(recipe, seeds=(0, 2))
    for model, other in zip([trained.models[0], trained.models[2]], calm.models, strict=True):
        for a, b in zip(model.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    assert all(parameter.isfinite().all() for parameter in weights(trained))
    with pytest.warns(StoppedWarning, match="0 of 1"):
        assert quick(recipe, seeds=(1,), build=explosive).losses.shape == (1, 1)  # nobody is left


@pytest.mark.slow
def test_softmax_layers_and_loops_train_by_tokens():
    def build(generator):
        return Transformer([SoftmaxSelfAttention(4, generator=generator, init_std=0.3)], looped=2)

    trained = quick(Recipe(steps=150, batch=256, lr=0.05), build=build, objective=loss_from_tokens)
    assert (trained.losses[-20:].mean(0) < 0.95 * trained.losses[:20].mean(0)).all()


def test_the_library_looks_at_values_again_after_training():
    quick(Recipe(steps=1, batch=4))
    with pytest.raises(InputError, match="NaN"):
        LinearSelfAttention(4)(torch.full((1, 3, 4), torch.nan))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "steps = 0"),
        ({"steps": 5, "batch": 0}, "batch = 0"),
        ({"steps": 5, "lr": -1.0}, "lr = -1.0"),
        ({"steps": 5, "clip": float("nan")}, "clip = nan"),
        (
            {"steps": 5, "schedule": "square"},
            "schedule = 'square', expected one of 'constant', 'linear', 'cosine'",
        ),
        ({"steps": 5, "optimizer": "Adma"}, "optimizer = 'Adma'"),
        ({"steps": 5, "dtype": "float16"}, "dtype = 'float16'"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Recipe(**arguments)


def test_seeds_and_names_are_checked():
    for seeds in ((), (1, 1)):
        with pytest.raises(InputError, match="seeds"):
            quick(Recipe(steps=1), seeds=seeds)
    with pytest.raises(InputError, match=r"trains names 'W_X'.*W_K"):
        quick(Recipe(steps=1, trains=("W_X",)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_training_on_cuda_reaches_what_the_cpu_reaches():
    recipe = Recipe(steps=150, batch=256, lr=0.02)
    on_cpu, on_cuda = quick(recipe), quick(recipe, device="cuda")
    assert weights(on_cuda)[0].device.type == "cuda"
    torch.testing.assert_close(
        on_cuda.losses[-20:].mean(0), on_cpu.losses[-20:].mean(0), rtol=0.1, atol=0.01
    )


def test_a_bar_shows_unless_the_caller_or_the_build_of_the_site_forbids_it(monkeypatch):
    class Bar(training.tqdm):
        def __init__(self, **options):
            asked.append(options["disable"])
            super().__init__(**options)

    asked = []
    monkeypatch.setattr(training, "tqdm", Bar)
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    for progress in (True, False):
        train(layer, TASK, Recipe(steps=1, batch=4), (0,), progress=progress)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    train(layer, TASK, Recipe(steps=1, batch=4), (0,))
    assert asked == [None, True, True]

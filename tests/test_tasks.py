import copy
import math
import pickle
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from icllib.curves import SineTask
from icllib.errors import InputError, ShapeError
from icllib.paper_measures import OtherLaws
from icllib.pools import PoolTask
from icllib.sequences import RotationTask
from icllib.tasks import BalancedTask, LinearTask, Prompts


@given(
    dim_x=st.integers(1, 5),
    dim_y=st.integers(1, 3),
    n=st.integers(1, 6),
    batch=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_without_noise_every_label_is_the_hidden_map_of_its_input(dim_x, dim_y, n, batch, seed):
    prompts = LinearTask(dim_x, dim_y, n).sample(
        batch, torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    assert prompts.x.shape == (batch, n, dim_x) and prompts.y.shape == (batch, n, dim_y)
    torch.testing.assert_close(prompts.y, prompts.x @ prompts.weights.mT)
    torch.testing.assert_close(
        prompts.y_query, (prompts.weights @ prompts.x_query[..., None])[..., 0]
    )


def test_same_seed_same_prompts_and_the_global_generator_is_untouched(generator):
    state = torch.get_rng_state()
    first = LinearTask().sample(3, generator)
    again = LinearTask().sample(3, torch.Generator().manual_seed(0))
    assert (
        torch.equal(first.x, again.x)
        and torch.equal(first.y, again.y)
        and torch.equal(first.x_query, again.x_query)
    )
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize(
    ("x_dist", "variance", "kurtosis"),
    [("uniform", 1 / 3, 1.8), ("normal", 1, 3), ("rademacher", 1, 1)],
)
def test_inputs_have_the_moments_of_their_law(x_dist, variance, kurtosis, generator):
    x = (
        LinearTask(dim_x=4, n_context=9, x_dist=x_dist, x_scale=2.0)
        .sample(20_000, generator, dtype=torch.float64)
        .x.flatten()
    )
    for power, expected in [(2, 4 * variance), (4, 16 * kurtosis * variance**2)]:
        values = x**power
        z = (values.mean() - expected) / (values.std() / math.sqrt(len(x))).clamp_min(1e-12)
        assert abs(z) < 4


def test_a_covariance_shapes_the_inputs(generator):
    covariance = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    x = (
        LinearTask(dim_x=2, n_context=50, covariance=covariance)
        .sample(4000, generator, dtype=torch.float64)
        .x.flatten(0, 1)
    )
    assert (x.T @ x / len(x) - covariance).abs().max() < 0.03  # 4 standard errors at 200,000 draws


def test_noise_falls_on_every_label_the_hidden_answer_included(generator):
    prompts = LinearTask(dim_x=2, w_scale=0.0, noise_std=0.5).sample(20_000, generator)
    assert abs(prompts.y.std() - 0.5) < 0.01 and abs(prompts.y_query.std() - 0.5) < 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dim_x": 0}, "dim_x = 0, expected an integer of at least 1"),
        ({"n_context": -3}, "n_context = -3"),
        ({"dim_y": 1.5}, "dim_y = 1.5"),
        ({"noise_std": -1.0}, "noise_std = -1.0, expected a finite number of at least 0"),
        ({"x_scale": math.nan}, "x_scale = nan"),
        (
            {"x_dist": "gauss"},
            "x_dist = 'gauss', expected one of 'uniform', 'normal', 'rademacher'",
        ),
        ({"dim_x": 2, "covariance": torch.eye(3)}, "covariance has shape"),
        (
            {"dim_x": 2, "covariance": torch.tensor([[1.0, 2.0], [0.0, 1.0]])},
            "covariance is not symmetric",
        ),
        ({"dim_x": 2, "covariance": -torch.eye(2)}, "covariance has the eigenvalue -1"),
        (
            {"dim_x": 2, "covariance": torch.eye(2), "x_scale": 2.0},
            "x_scale = 2.0 beside a covariance",
        ),
    ],
)
def test_a_task_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(InputError) as error:
        LinearTask(**arguments)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "task",
    [
        LinearTask(),
        BalancedTask(dim_x=2, covariance=torch.eye(2)),
        PoolTask(LinearTask(), 8),
        SineTask(),
        RotationTask(),
        OtherLaws(),
    ],
    ids=lambda task: type(task).__name__,
)
def test_sampling_needs_a_generator_and_a_positive_batch(task, generator):
    with pytest.raises(InputError, match="batch = 0"):
        task.sample(0, generator)
    with pytest.raises(InputError, match="generator is a int, expected a seeded"):
        task.sample(2, 42)


def _prompt_with(**changes: torch.Tensor) -> Prompts:
    good = {
        "x": torch.ones(2, 3, 4),
        "y": torch.ones(2, 3, 1),
        "x_query": torch.ones(2, 4),
        "y_query": torch.ones(2, 1),
    }
    return Prompts(**good | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": torch.ones(3, 4)}, "x has shape (3, 4), expected 3 axes (batch, N, N_x)"),
        (
            {"y": torch.ones(5, 3, 1)},
            "y has shape (5, 3, 1), expected (batch, N, N_y) with batch = 2 as in x",
        ),
        ({"y": torch.ones(2, 7, 1)}, "with N = 3 as in x"),
        (
            {"x_query": torch.ones(2, 9)},
            "x_query has shape (2, 9), expected (batch, N_x) with N_x = 4 as in x",
        ),
        ({"y_query": torch.ones(2, 2)}, "with N_y = 1 as in y"),
        ({"weights": torch.ones(2, 1, 5)}, "weights has shape (2, 1, 5)"),
        ({"x": torch.ones(2, 0, 4), "y": torch.ones(2, 0, 1)}, "N = 0"),
    ],
)
def test_prompts_of_the_wrong_shape_are_refused(changes, message):
    with pytest.raises(ShapeError) as error:
        _prompt_with(**changes)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": [[1.0]]}, "x is a list, expected a torch.Tensor"),
        (
            {"x": torch.ones(2, 3, 4, dtype=torch.long)},
            "x has dtype torch.int64, expected floating point",
        ),
        ({"y": torch.full((2, 3, 1), math.nan)}, "y holds 6 values that are NaN or infinite"),
        ({"x_query": torch.full((2, 4), math.inf)}, "x_query holds 8 values"),
        (
            {"y": torch.ones(2, 3, 1, dtype=torch.float64)},
            "y has dtype torch.float64, expected torch.float32 as in x",
        ),
    ],
)
def test_prompts_with_bad_values_are_refused(changes, message):
    with pytest.raises(InputError) as error:
        _prompt_with(**changes)
    assert message in str(error.value)


def test_in_a_balanced_task_every_direction_contributes_alike_to_the_labels():
    covariance = torch.tensor([[2.0, 0.6], [0.6, 0.5]], dtype=torch.float64)
    task = BalancedTask(dim_x=2, dim_y=2, n_context=3, covariance=covariance, w_scale=1.5)
    drawn = task.sample(100_000, torch.Generator().manual_seed(0), torch.float64)
    rows = drawn.weights.flatten(0, 1)
    torch.testing.assert_close(
        rows.T @ rows / len(rows), 1.5**2 * torch.linalg.inv(covariance), rtol=0.03, atol=0.03
    )
    torch.testing.assert_close(drawn.y, torch.einsum("boi,bni->bno", drawn.weights, drawn.x))
    torch.testing.assert_close(
        drawn.y_query, torch.einsum("boi,bi->bo", drawn.weights, drawn.x_query)
    )
    like = LinearTask(dim_x=2, dim_y=2, n_context=3, covariance=covariance, w_scale=1.5)
    assert torch.equal(
        drawn.x, like.sample(100_000, torch.Generator().manual_seed(0), torch.float64).x
    )
    with pytest.raises(InputError, match="covariance is None"):
        BalancedTask(dim_x=2)


@pytest.mark.parametrize(
    ("args", "options"),
    [
        (("cpu",), {}),
        ((torch.device("cpu"),), {}),
        ((torch.float64,), {}),
        (("cpu", torch.float64), {}),
        (("cpu", torch.float64, True, True), {}),
        ((torch.zeros(3, dtype=torch.bfloat16),), {}),
        ((), {"dtype": torch.float64}),
        ((), {"device": "cpu", "dtype": torch.float16, "non_blocking": True, "copy": True}),
        (("meta",), {}),
    ],
)
def test_prompts_move_as_their_tensors_do(args, options, generator):
    prompts = LinearTask(3, 1, 4).sample(2, generator)
    moved = prompts.to(*args, **options)
    for name in ("x", "y", "x_query", "y_query", "weights"):
        expected, found = getattr(prompts, name).to(*args, **options), getattr(moved, name)
        assert (found.dtype, found.device) == (expected.dtype, expected.device)
        assert found.is_meta or torch.equal(found, expected)
    bare = Prompts(prompts.x, prompts.y, prompts.x_query, prompts.y_query)
    assert bare.to(*args, **options).weights is None


def test_prompts_are_copied_only_when_asked(generator):
    prompts = LinearTask(3, 1, 4).sample(2, generator)
    assert prompts.to(torch.float32).x is prompts.x
    assert prompts.to(torch.float32, copy=True).x.data_ptr() != prompts.x.data_ptr()
    with pytest.raises(InputError, match=r"x has dtype torch.int64"):
        prompts.to(torch.int64)


def test_prompts_are_equal_if_all_their_numbers_are(generator):
    prompts = LinearTask(3, 1, 4).sample(2, generator)
    twin, other = copy.deepcopy(prompts), LinearTask(3, 1, 4).sample(2, generator)
    assert prompts == twin and hash(prompts) == hash(twin) and prompts != other and prompts != 3
    assert prompts != prompts.to(torch.float64)
    assert prompts != Prompts(prompts.x, prompts.y, prompts.x_query, prompts.y_query)


COVARIANCE = torch.tensor([[2.0, 0.5], [0.5, 1.0]])


@pytest.mark.parametrize(
    "task",
    [LinearTask(), LinearTask(2, n_context=3, covariance=COVARIANCE), LinearTask(x_dist="normal", w_scale=2),
     BalancedTask(2, covariance=COVARIANCE)],
)  # fmt: skip
def test_equal_tasks_are_the_same_key(task):
    twins = [copy.deepcopy(task), pickle.loads(pickle.dumps(task)), replace(task)]
    for twin in twins:
        assert twin == task and hash(twin) == hash(task) and {task: 1}[twin] == 1
    assert task != replace(task, n_context=99) and task != "task"


def test_tasks_with_other_covariances_are_others():
    task = LinearTask(2, covariance=COVARIANCE)
    other = LinearTask(2, covariance=COVARIANCE + 0.1 * torch.eye(2))
    assert task != other and task != LinearTask(2) and len({task, other, copy.copy(task)}) == 2
    assert task == LinearTask(2, covariance=COVARIANCE.double())
    assert task != BalancedTask(2, covariance=COVARIANCE)


def test_a_task_keeps_its_covariance_when_the_reader_s_tensor_changes():
    mine = COVARIANCE.clone()
    task = LinearTask(2, covariance=mine)
    before = hash(task)
    mine.mul_(3)
    assert task == LinearTask(2, covariance=COVARIANCE) and hash(task) == before


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_covariance_in_half_precision_is_taken(dtype, generator):
    task = LinearTask(2, covariance=COVARIANCE.to(dtype))
    single = LinearTask(2, covariance=COVARIANCE).sample(5, torch.Generator().manual_seed(0))
    torch.testing.assert_close(task.sample(5, generator).x, single.x)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("law", ["x_scale=0.5", "x_dist='normal'", "covariance=torch.eye(20) / 2"])
@pytest.mark.slow
def test_sampling_holds_the_inputs_once(law):
    code = (
        "import torch; from icllib.tasks import LinearTask\n"
        "def peak(): return int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) / 1024\n"
        f"task = LinearTask(20, n_context=200, {law})\n"
        "task.sample(10, torch.Generator()); before = peak()\n"
        "task.sample(4000, torch.Generator()); print(peak() - before)"
    )
    size = 4000 * 201 * 20 * 4 / 2**20  # mebibytes of x, in single precision
    assert float(subprocess.check_output([sys.executable, "-c", code], text=True)) < 1.6 * size

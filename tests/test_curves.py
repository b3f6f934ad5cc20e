import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from icllib import learners
from icllib.curves import ParabolaTask, SineTask
from icllib.errors import InputError
from icllib.tasks import Prompts


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def on(prompts, features):
    return Prompts(features(prompts.x), prompts.y, features(prompts.x_query), prompts.y_query)


def missed(prompts, features):
    seen = on(prompts, features)
    answers = learners.predict(learners.least_squares(seen), seen.x_query)
    return float((answers - prompts.y_query).abs().max())


@given(seed=st.integers(0, 99), turn=st.floats(0.1, 7.0), tied=st.booleans())
def test_every_sine_curve_is_linear_in_sine_and_cosine(seed, turn, tied):
    drawn = SineTask(turn=turn, tied=tied).sample(5, seeded(seed), torch.float64)
    assert missed(drawn, lambda x: torch.cat([x.sin(), x.cos()], -1)) < 1e-8


@given(seed=st.integers(0, 99), reach=st.floats(0.5, 9.0))
def test_every_parabola_is_linear_in_three_powers(seed, reach):
    drawn = ParabolaTask(reach=reach).sample(5, seeded(seed), torch.float64)
    assert missed(drawn, lambda x: torch.cat([(x / reach) ** k for k in range(3)], -1)) < 1e-7
    assert float(drawn.x.abs().max()) <= reach


def test_labels_have_the_covariance_that_the_formula_says():
    task = SineTask(least=1.0, most=3.0)
    drawn = task.sample(400_000, seeded(), torch.float64)
    x, y = drawn.x[:, :2, 0], drawn.y[:, :2, 0]
    square = (3.0**3 - 1.0) / (3 * 2.0)
    excess = y[:, 0] * y[:, 1] - square / 2 * torch.cos(x[:, 0] - x[:, 1])
    assert abs(float(excess.mean() / excess.std() * len(x) ** 0.5)) < 4


def test_a_tied_curve_has_one_unknown_and_half_a_circle_has_a_mean():
    tied = SineTask(tied=True, turn=math.pi).sample(2000, seeded(), torch.float64)
    at_zero = SineTask(turn=math.pi, reach=0.0).sample(100_000, seeded(), torch.float64)
    assert float(at_zero.y.mean()) == pytest.approx(2.55 * 2 / math.pi, rel=0.01)
    # The phase follows from the labels, and with it the amplitude.
    fit = learners.least_squares(on(tied, lambda x: torch.cat([x.sin(), x.cos()], -1)))[:, 0]
    amplitude, phase = fit.norm(dim=1), torch.atan2(fit[:, 1], fit[:, 0])
    torch.testing.assert_close(amplitude, 0.1 + 4.9 * phase / math.pi)


@pytest.mark.parametrize("make", [SineTask, ParabolaTask])
def test_the_same_seed_gives_the_same_curves_and_bad_numbers_are_named(make):
    assert make().sample(3, seeded()) == make().sample(3, seeded())
    assert (make().dim_x, make().dim_y, make(n_context=4).sample(2, seeded()).n_context) == (
        1,
        1,
        4,
    )
    with pytest.raises(InputError, match="n_context = 0"):
        make(n_context=0)
    with pytest.raises(InputError, match="reach"):
        make(reach=-1.0)
    with pytest.raises(InputError, match="least = 3"):
        SineTask(least=3.0, most=2.0)

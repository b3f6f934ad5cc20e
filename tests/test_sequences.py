import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from icllib.errors import InputError
from icllib.sequences import RotationTask


def sample(task, batch=7, seed=0):
    return task.sample(batch, torch.Generator().manual_seed(seed), torch.float64)


@given(dim=st.integers(1, 6), n=st.integers(1, 9), seed=st.integers(0, 50))
def test_every_state_is_the_last_one_turned(dim, n, seed):
    drawn = sample(RotationTask(dim, n), seed=seed)
    W = drawn.weights
    eye = torch.eye(dim, dtype=torch.float64).expand_as(W)
    torch.testing.assert_close(W @ W.mT, eye)
    torch.testing.assert_close(drawn.y, drawn.x @ W.mT)
    torch.testing.assert_close(drawn.x[:, 1:], drawn.y[:, :-1])
    torch.testing.assert_close(drawn.x_query, drawn.y[:, -1])
    torch.testing.assert_close(drawn.y_query, torch.einsum("bij,bj->bi", W, drawn.x_query))
    torch.testing.assert_close(drawn.y.norm(dim=-1), torch.ones(7, n, dtype=torch.float64))


def test_turns_are_uniform():
    """Of uniform orthogonal matrices W the mean is 0 and E W_ij² = 1/d; without the signs of R the
    diagonal has another mean."""
    W = sample(RotationTask(3, 1), 50_000).weights
    assert float(W.mean(0).abs().max()) < 4 * (1 / 3 / 50_000) ** 0.5
    torch.testing.assert_close(
        W.square().mean(0), torch.full((3, 3), 1 / 3, dtype=torch.float64), atol=0.01, rtol=0
    )
    assert float(torch.linalg.det(W).mean().abs()) < 0.02


def test_the_same_seed_gives_the_same_sequences_and_nonsense_is_refused():
    one, two = sample(RotationTask(), seed=3), sample(RotationTask(), seed=3)
    assert torch.equal(one.y_query, two.y_query)
    assert RotationTask(4).dim_x == RotationTask(4).dim_y == 4
    with pytest.raises(InputError, match="dim = 0"):
        RotationTask(0)
    with pytest.raises(InputError, match="batch"):
        sample(RotationTask(), 0)

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from icllib.errors import InputError
from icllib.pools import PoolTask
from icllib.tasks import LinearTask

SOURCE = LinearTask(dim_x=3, n_context=4)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@given(size=st.integers(1, 6), batch=st.integers(1, 9), seed=st.integers(0, 99))
def test_every_prompt_of_a_pool_of_prompts_is_a_member(size, batch, seed):
    pool = PoolTask(SOURCE, size, seed=seed)
    drawn = pool.sample(batch, seeded(seed), torch.float64)
    for place in range(batch):
        same = (pool.members.x == drawn.x[place]).all(dim=(1, 2))
        assert int(same.sum()) == 1
        member = int(same.nonzero())
        for name in ("y", "x_query", "y_query", "weights"):
            assert torch.equal(getattr(drawn, name)[place], getattr(pool.members, name)[member])


@given(
    size=st.integers(1, 6),
    batch=st.integers(2, 9),
    seed=st.integers(0, 99),
    noise=st.sampled_from([0.0, 0.3]),
)
def test_a_pool_of_functions_shows_new_inputs_and_old_functions(size, batch, seed, noise):
    pool = PoolTask(LinearTask(dim_x=3, n_context=4, noise_std=noise), size, "W*", seed)
    drawn = pool.sample(batch, seeded(seed), torch.float64)
    known = pool.members.weights.flatten(1)
    for weights in drawn.weights.flatten(1):
        assert bool((known == weights).all(1).any())
    assert len(drawn.x.flatten(1).unique(dim=0)) == batch
    missed = drawn.y - drawn.x @ drawn.weights.mT
    assert (float(missed.abs().max()) < 1e-12) == (noise == 0)


@pytest.mark.parametrize("fixed", ["prompt", "W*"])
def test_the_same_seeds_give_the_same_prompts_in_the_dtype_that_is_asked_for(fixed):
    first, again = (PoolTask(SOURCE, 5, fixed).sample(8, seeded(), torch.float32) for _ in range(2))
    assert first == again and first.x.dtype == torch.float32
    other = PoolTask(SOURCE, 5, fixed, seed=1).sample(8, seeded(), torch.float32)
    assert not torch.equal(first.weights, other.weights)


def test_a_pool_has_the_sizes_of_its_source_and_says_what_is_wrong():
    pool = PoolTask(LinearTask(2, 3, 7), 5)
    assert (pool.dim_x, pool.dim_y, pool.n_context) == (2, 3, 7)
    for arguments, words in (
        ((SOURCE, 0), "size = 0"),
        ((SOURCE, 4, "x"), "fixed = 'x'"),
        ((pool, 4), "source is a PoolTask"),
    ):
        with pytest.raises(InputError, match=words):
            PoolTask(*arguments)

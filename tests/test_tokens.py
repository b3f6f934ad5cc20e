import pytest
import torch
from hypothesis import given
from strategies import problems

from icllib.errors import InputError, ShapeError
from icllib.tasks import LinearTask
from icllib.tokens import add_sink, join_tokens, read_prediction, separate_tokens


@given(problems())
def test_a_token_is_its_example_and_the_query_carries_minus_its_start(problem):
    prompts, w0 = problem
    tokens = join_tokens(prompts, w0)
    assert tokens.shape == (prompts.batch, prompts.n_context + 1, prompts.dim_x + prompts.dim_y)
    assert torch.equal(tokens[:, :-1], torch.cat([prompts.x, prompts.y], -1))
    torch.testing.assert_close(read_prediction(tokens, prompts.dim_y), prompts.x_query @ w0.T)
    assert not read_prediction(join_tokens(prompts), prompts.dim_y).any()


@given(problems())
def test_separate_tokens_alternate_and_their_positions_are_the_identity(problem):
    prompts, _ = problem
    d, n = prompts.dim_x + prompts.dim_y, prompts.n_context
    tokens = separate_tokens(prompts)
    assert torch.equal(tokens[:, 0 : 2 * n : 2, : prompts.dim_x], prompts.x)
    assert torch.equal(tokens[:, 1 : 2 * n : 2, prompts.dim_x : d], prompts.y)
    assert torch.equal(
        tokens[:, :, d:], torch.eye(2 * n + 1).double().expand(prompts.batch, -1, -1)
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: join_tokens(p, torch.ones(2, 10)), ShapeError, "w0 has shape (2, 10)"),
        (
            lambda p: read_prediction(torch.ones(3, 4), 1),
            ShapeError,
            "tokens has shape (3, 4), expected 3 axes",
        ),
        (
            lambda p: read_prediction(torch.ones(2, 3, 4), 4),
            ShapeError,
            "tokens has width 4, expected more than dim_y = 4",
        ),
        (lambda p: read_prediction(torch.ones(2, 3, 4), 0), InputError, "dim_y = 0"),
        (
            lambda p: read_prediction(torch.full((2, 3, 4), float("nan")), 1),
            InputError,
            "tokens holds 24 values",
        ),
    ],
)
def test_bad_input_is_named(call, error, message, generator):
    with pytest.raises(error) as caught:
        call(LinearTask().sample(2, generator))
    assert message in str(caught.value)


def test_there_may_be_more_positions_than_tokens_and_not_fewer():
    prompts = LinearTask(2, 1, 3).sample(2, torch.Generator().manual_seed(0))
    assert separate_tokens(prompts, n_positions=10).shape == (2, 7, 13)
    with pytest.raises(InputError, match="n_positions = 6, expected at least 2N \\+ 1 = 7"):
        separate_tokens(prompts, n_positions=6)


def test_a_sink_stands_in_front_and_leaves_the_tokens_as_they_are():
    tokens = join_tokens(LinearTask(2, 1, 3).sample(2, torch.Generator().manual_seed(0)))
    with_sink = add_sink(tokens)
    assert torch.equal(with_sink[:, 1:, :3], tokens) and not with_sink[:, 0, :3].any()
    assert (
        (with_sink[..., 3] == 1).all()
        and (with_sink[:, 0, 4] == 1).all()
        and not with_sink[:, 1:, 4].any()
    )

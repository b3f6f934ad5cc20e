import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from icllib.attention import MLP, LinearSelfAttention, SoftmaxSelfAttention, Transformer, trace
from icllib.errors import InputError, ShapeError


def drawn(kind, dim_token, n_heads, seed, dim_head=None):
    generator = torch.Generator().manual_seed(seed)
    return kind(
        dim_token, n_heads, dim_head, generator=generator, init_std=0.5, dtype=torch.float64
    )


def tokens_of(batch, length, dim_token, seed):
    return torch.randn(
        batch, length, dim_token, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def one_by_one(layer, tokens, softmax):
    """The formula token by token, head by head, without einsum."""
    out = tokens.clone()
    for b, sequence in enumerate(tokens):
        for j, e in enumerate(sequence):
            for h in range(layer.n_heads):
                scores = torch.stack(
                    [(layer.W_K[h] @ k) @ (layer.W_Q[h] @ e) for k in sequence[:-1]]
                )
                weights = (scores / math.sqrt(layer.dim_head)).softmax(0) if softmax else scores
                mixed = sum(
                    w * (layer.W_V[h] @ v) for w, v in zip(weights, sequence[:-1], strict=True)
                )
                out[b, j] += layer.P[h] @ mixed
    return out.detach()


shapes = {
    "dim_token": st.integers(1, 5),
    "n_heads": st.integers(1, 3),
    "dim_head": st.integers(1, 4),
    "length": st.integers(2, 6),
    "seed": st.integers(0, 999),
}


@pytest.mark.parametrize("kind", [LinearSelfAttention, SoftmaxSelfAttention])
@given(**shapes)
def test_a_layer_is_its_formula(kind, dim_token, n_heads, dim_head, length, seed):
    layer = drawn(kind, dim_token, n_heads, seed, dim_head)
    tokens = tokens_of(2, length, dim_token, seed)
    expected = one_by_one(layer, tokens, softmax=kind is SoftmaxSelfAttention)
    torch.testing.assert_close(layer(tokens).detach(), expected, rtol=1e-10, atol=1e-10)


@given(**shapes)
def test_softmax_attention_is_torch_s_own(dim_token, n_heads, dim_head, length, seed):
    layer = drawn(SoftmaxSelfAttention, dim_token, n_heads, seed, dim_head)
    tokens = tokens_of(2, length, dim_token, seed)
    project = lambda weight, e: torch.einsum("hdi,bti->bhtd", weight, e)  # noqa: E731
    mixed = torch.nn.functional.scaled_dot_product_attention(
        project(layer.W_Q, tokens),
        project(layer.W_K, tokens[:, :-1]),
        project(layer.W_V, tokens[:, :-1]),
    )
    expected = tokens + torch.einsum("hid,bhtd->bti", layer.P, mixed)
    torch.testing.assert_close(layer(tokens), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", [LinearSelfAttention, SoftmaxSelfAttention])
@given(**shapes)
def test_the_order_of_the_context_does_not_matter(kind, dim_token, n_heads, dim_head, length, seed):
    layer = drawn(kind, dim_token, n_heads, seed, dim_head)
    tokens = tokens_of(1, length, dim_token, seed)
    order = torch.cat(
        [
            torch.randperm(length - 1, generator=torch.Generator().manual_seed(seed)),
            torch.tensor([length - 1]),
        ]
    )
    torch.testing.assert_close(
        layer(tokens)[:, order], layer(tokens[:, order]), rtol=1e-10, atol=1e-10
    )


def test_linear_attention_is_homogeneous_of_degree_three_beside_its_residual():
    layer, tokens = drawn(LinearSelfAttention, 4, 2, 0), tokens_of(2, 5, 4, 1)
    torch.testing.assert_close(layer(2 * tokens) - 2 * tokens, 8 * (layer(tokens) - tokens))


def test_a_layer_without_weights_hands_its_tokens_on():
    tokens = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    for kind in (LinearSelfAttention, SoftmaxSelfAttention):
        assert torch.equal(kind(3)(tokens), tokens)


def test_weights_have_the_promised_shapes_and_are_drawn_from_the_generator():
    first, again = (drawn(LinearSelfAttention, 5, 2, 7, 3) for _ in range(2))
    assert first.W_K.shape == first.W_Q.shape == first.W_V.shape == (2, 3, 5) and first.P.shape == (
        2,
        5,
        3,
    )
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True)
    )


def test_a_looped_layer_is_the_same_layer_again_and_again():
    layer, tokens = drawn(LinearSelfAttention, 3, 1, 0), tokens_of(2, 4, 3, 1)
    torch.testing.assert_close(Transformer([layer], looped=2)(tokens), layer(layer(tokens)))
    torch.testing.assert_close(Transformer([layer, layer])(tokens), layer(layer(tokens)))
    assert torch.equal(Transformer([layer], looped=0)(tokens), tokens)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: LinearSelfAttention(0), InputError, "dim_token = 0"),
        (lambda: LinearSelfAttention(3, generator=3), InputError, "generator is a int, expected"),
        (lambda: MLP(2, 3, 4, generator=0), InputError, "generator is a int, expected"),
        (lambda: SoftmaxSelfAttention(3, n_heads=-1), InputError, "n_heads = -1"),
        (
            lambda: LinearSelfAttention(10)(torch.ones(32, 11, 9)),
            ShapeError,
            "tokens has width 9, expected dim_token = 10 (tokens: (32, 11, 9); did you join x and y with join_tokens?)",
        ),
        (
            lambda: LinearSelfAttention(3)(torch.ones(11, 3)),
            ShapeError,
            "tokens has shape (11, 3), expected 3 axes",
        ),
        (
            lambda: LinearSelfAttention(3)(torch.ones(2, 1, 3)),
            ShapeError,
            "expected a context token",
        ),
        (
            lambda: LinearSelfAttention(3)(torch.ones(2, 4, 3).double()),
            InputError,
            "dtype torch.float32, expected torch.float64 as in tokens",
        ),
        (lambda: LinearSelfAttention(3)(torch.ones(2, 4, 3, device="meta")), InputError, "tokens"),
        (
            lambda: SoftmaxSelfAttention(3)(torch.full((2, 4, 3), math.inf)),
            InputError,
            "tokens holds 24 values",
        ),
        (lambda: Transformer([]), InputError, "layers is empty"),
        (
            lambda: Transformer([LinearSelfAttention(2)] * 2, looped=2),
            InputError,
            "looped = 2 with 2 layers",
        ),
        (lambda: Transformer([LinearSelfAttention(2)], looped=-1), InputError, "looped = -1"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)


def same_shapes(kind):
    """The shapes that `trace` promises, for 2 prompts of 5 tokens, 3 slots wide, and 2 heads of width 4."""
    between = (
        {"memory": (2, 2, 4, 4)}
        if kind is LinearSelfAttention
        else {"scores": (2, 2, 5, 4), "weights": (2, 2, 5, 4)}
    )
    before = {"keys": (2, 2, 4, 4), "values": (2, 2, 4, 4), "queries": (2, 2, 5, 4)}
    return before | between | {"mixed": (2, 2, 5, 4), "update": (2, 5, 3), "out": (2, 5, 3)}


@pytest.mark.parametrize("kind", [LinearSelfAttention, SoftmaxSelfAttention])
def test_a_trace_names_every_activation_and_changes_none(kind):
    layer, tokens = drawn(kind, 3, 2, 0, 4), tokens_of(2, 5, 3, 0)
    plain, found = layer(tokens), trace(layer, tokens)
    assert {name: tuple(value.shape) for name, value in found.items()} == {
        "tokens": (2, 5, 3)
    } | same_shapes(kind)
    assert torch.equal(found["out"], plain) and torch.equal(found["out"], tokens + found["update"])
    torch.testing.assert_close(
        found["update"], torch.einsum("hid,bhtd->bti", layer.P, found["mixed"])
    )
    if kind is SoftmaxSelfAttention:
        assert torch.equal(found["weights"], found["scores"].softmax(-1))
        torch.testing.assert_close(found["mixed"], found["weights"] @ found["values"])
    else:
        torch.testing.assert_close(found["memory"], found["values"].mT @ found["keys"])


@given(depth=st.integers(1, 4), looped=st.booleans(), seed=st.integers(0, 99))
def test_a_traced_stack_hands_each_layer_s_output_to_the_next(depth, looped, seed):
    layers = [drawn(LinearSelfAttention, 3, 1, seed + k) for k in range(1 if looped else depth)]
    model, tokens = Transformer(layers, looped=depth if looped else None), tokens_of(2, 4, 3, seed)
    found = trace(model, tokens)
    assert len(found) == 1 + 7 * depth
    entered = tokens
    for k in range(depth):
        layer = layers[0 if looped else k]
        assert torch.equal(found[f"layers.{k}.out"], layer(entered))
        entered = found[f"layers.{k}.out"]
    assert torch.equal(entered, model(tokens))


def test_a_trace_carries_gradients_ends_with_the_call_and_refuses_other_models():
    layer, tokens = drawn(SoftmaxSelfAttention, 3, 1, 0), tokens_of(1, 4, 3, 0)
    found = trace(layer, tokens)
    found["weights"].square().sum().backward()
    assert layer.W_K.grad is not None and layer.W_V.grad is None
    size = len(found)
    layer(tokens)
    assert len(found) == size
    with pytest.raises(ShapeError, match="tokens has width 2"):
        trace(layer, tokens[..., :2])
    layer(tokens)  # a failed trace leaves nobody listening
    assert len(found) == size
    with pytest.raises(InputError, match="model is a Linear without a layer"):
        trace(torch.nn.Linear(2, 2), tokens)


def test_a_stack_with_an_mlp_is_traced_as_a_whole():
    mlp = MLP(2, 7, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    model, tokens = Transformer([mlp, drawn(LinearSelfAttention, 5, 1, 0)]), tokens_of(2, 4, 3, 0)
    found = trace(model, tokens)
    assert found["layers.0.hidden"].shape == (2, 4, 7) and found["layers.0.out"].shape == (2, 4, 5)
    assert torch.equal(found["layers.0.out"][..., 4:], tokens[..., 2:])
    assert torch.equal(found["layers.1.out"], model(tokens))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda g: MLP(0, 7, 4, generator=g), InputError, "dim_x = 0"),
        (lambda g: MLP(2, 7, -1, generator=g), InputError, "dim_features = -1"),
        (
            lambda g: MLP(2, 7, 4, generator=g)(torch.zeros(1, 3, 2)),
            ShapeError,
            "tokens has width 2, expected more",
        ),
        (
            lambda g: MLP(2, 7, 4, generator=g)(torch.zeros(3, 2)),
            ShapeError,
            "tokens has shape (3, 2)",
        ),
    ],
)
def test_bad_input_to_an_mlp_is_named(call, error, message):
    with pytest.raises(error) as caught:
        call(torch.Generator().manual_seed(0))
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", [LinearSelfAttention, SoftmaxSelfAttention])
def test_a_layer_can_be_vectorised_over_tokens_and_over_weights(kind):
    layer, tokens = drawn(kind, 3, 2, 0), tokens_of(2, 5, 3, 0)
    many = torch.stack([tokens, 2 * tokens])
    torch.testing.assert_close(torch.vmap(layer)(many)[1], layer(2 * tokens))
    weights = {name: torch.stack([0 * p, p]) for name, p in layer.named_parameters()}
    found = torch.vmap(lambda w: torch.func.functional_call(layer, w, (tokens,)))(weights)
    torch.testing.assert_close(found, torch.stack([tokens, layer(tokens)]))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [LinearSelfAttention, SoftmaxSelfAttention])
def test_a_stack_can_be_exported_and_compiled_whole(kind):
    mlp = MLP(2, 7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    model, tokens = Transformer([mlp, drawn(kind, 3, 2, 0)]), tokens_of(2, 5, 3, 0)
    exported = torch.export.export(model, (tokens,)).module()
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    for run in (exported, compiled):
        torch.testing.assert_close(run(tokens), model(tokens))
    with pytest.raises(ShapeError, match="tokens has width 2"):
        model(tokens[..., :2])


def test_a_layer_on_the_meta_device_says_which_shape_comes_out():
    layer = LinearSelfAttention(3).to("meta")
    assert layer(torch.empty(2, 5, 3, device="meta")).shape == (2, 5, 3)

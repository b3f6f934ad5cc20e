import dataclasses
import hashlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from icllib import opened
from icllib.errors import InputError
from icllib.language import load_language_model
from icllib.opened import measure_language_model, ranked
from icllib.prompted import LANGUAGE, Bench, WordPrompt, area, by_rank
from icllib.store import load

gguf = pytest.importorskip("gguf")

LAYERS, HEADS, KV, WIDTH, HIDDEN = 2, 4, 2, 32, 48


def alphabet():
    """The letters that stand for bytes, as GPT-2 has them."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [chr(b) for b in shown] + [chr(256 + i) for i in range(len(hidden))]


MERGES = ["Ġ f", "Ġf o", "Ġfo o", "Ġ b", "Ġb a", "Ġba r", "Ċ Ċ"]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A tiny model with random weights, in a file like SmolLM2's."""
    path = tmp_path_factory.mktemp("language") / "tiny.gguf"
    tokens = [f"<{i}>" for i in range(17)] + alphabet() + [m.replace(" ", "") for m in MERGES]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(LAYERS)
    writer.add_embedding_length(WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(100.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_merges(MERGES)
    source = torch.Generator().manual_seed(0)

    def add(name, *shape):
        weight = torch.randn(*shape, generator=source) / shape[-1] ** 0.5
        writer.add_tensor(name, (weight if len(shape) > 1 else 1 + 0 * weight).numpy())

    add("token_embd.weight", len(tokens), WIDTH)
    add("output_norm.weight", WIDTH)
    for layer in range(LAYERS):
        shared = WIDTH * KV // HEADS
        shapes = {"attn_q": WIDTH, "attn_k": shared, "attn_v": shared, "attn_output": WIDTH}
        for name, rows in shapes.items():
            add(f"blk.{layer}.{name}.weight", rows, WIDTH)
        add(f"blk.{layer}.ffn_gate.weight", HIDDEN, WIDTH)
        add(f"blk.{layer}.ffn_up.weight", HIDDEN, WIDTH)
        add(f"blk.{layer}.ffn_down.weight", WIDTH, HIDDEN)
        for norm in ("attn_norm", "ffn_norm"):
            add(f"blk.{layer}.{norm}.weight", WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def model(path):
    return load_language_model(path)


def ids(*shape, seed=0):
    return torch.randint(17, 270, shape, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None)
@given(st.text(max_size=40))
def test_text_survives_the_way_to_tokens_and_back(model, text):
    assert model.decode(model.encode(text)) == text


def test_digits_stand_alone_and_merges_apply(model):
    assert len(model.encode("1998")) == 4
    assert len(model.encode(" foo")) == len(model.encode(" bar")) == len(model.encode("\n\n")) == 1


def test_no_token_reads_a_later_one(model):
    whole, shorter = ids(2, 9), ids(2, 9)
    shorter[:, 6:] = ids(2, 3, seed=1)
    first, second = model.read(whole)[0], model.read(shorter)[0]
    assert torch.equal(first[:, :6], second[:, :6])
    assert not torch.equal(first[:, 6:], second[:, 6:])


def test_going_on_from_what_was_kept_changes_nothing(model):
    tokens = ids(2, 9)
    _, past = model.read(tokens[:, :4])
    rest, kept = model.read(tokens[:, 4:], past=past)
    whole, cache = model.read(tokens)
    assert torch.allclose(rest, whole[:, 4:], atol=1e-5)
    assert torch.allclose(kept[1][0], cache[1][0], atol=1e-5)


def test_only_differences_of_positions_matter(model):
    tokens, places = ids(1, 8), torch.arange(8)
    moved = model.read(tokens, positions=places + 23)[0]
    assert torch.allclose(moved, model.read(tokens)[0], atol=1e-4)
    assert not torch.allclose(model.read(tokens, positions=2 * places)[0], moved, atol=1e-2)


def test_heads_are_softmax_attention_and_share_keys(model):
    seen = {}

    def hook(layer, weights, outputs):
        seen[layer] = weights, outputs

    _, cache = model.read(ids(1, 7), hook=hook)
    for layer, (weights, outputs) in seen.items():
        assert torch.allclose(weights.sum(-1), torch.ones(1, HEADS, 7))
        assert torch.equal(weights.triu(1), torch.zeros_like(weights))
        values = cache[layer][1][0]  # (T, n_kv, dim_head)
        for head in range(HEADS):
            mixed = weights[0, head] @ values[:, head // (HEADS // KV)]
            assert torch.allclose(outputs[0, :, head], mixed, atol=1e-6)


def test_a_hook_replaces_what_heads_give(model):
    tokens = ids(1, 6)

    def off(layer, weights, outputs):
        return 0 * outputs if layer == 0 else None

    same = model.read(tokens, hook=lambda *layer: layer[2])[0]
    assert torch.equal(same, model.read(tokens)[0])
    changed = model.read(tokens, hook=off)[0]
    assert not torch.allclose(changed, same, atol=1e-2)


def test_questions_in_one_pass_do_not_read_each_other(model):
    bench = Bench(LANGUAGE, model)
    prompt = bench.prompt(0, "judge", 4)
    past = bench.read(bench.shown(prompt, bench.arm))
    questions = bench.asked(prompt, bench.arm)
    together = bench.ask(questions, past)
    for i in (0, 7):
        alone, _ = model.read(torch.tensor([questions[i]]), past=past)
        assert torch.allclose(together[i], alone[0, -1], atol=1e-4)


@pytest.mark.parametrize("part", ["all", "choose", "judge"])
def test_prompts_are_balanced_and_never_ask_what_they_show(model, part):
    bench = Bench(LANGUAGE, model)
    for number in range(6):
        prompt = bench.prompt(number, part, 32)
        assert not {*prompt.shots.tolist()} & {*prompt.asked.tolist()}
        assert len({*prompt.shots.tolist()}) == 32 and len({*prompt.asked.tolist()}) == 20
        for n in (2, 4, 8, 16, 32):
            assert prompt.true[:n].sum() == prompt.shuffled[:n].sum() == 0
        asked = bench.bank.labels[prompt.asked]
        assert (asked[:10] == 1).all() and (asked[10:] == -1).all()
        assert torch.equal(prompt.shots, bench.prompt(number, part, 32).shots)
        if part != "all":
            assert {int(i) % 2 for i in (*prompt.shots, *prompt.asked)} == {int(part == "judge")}


def test_flipped_words_are_flipped_labels(model):
    """Praise is called foo in even prompts and bar in odd ones, and flipping turns it round."""
    bench, arms = Bench(LANGUAGE, model), LANGUAGE.arms
    bank = bench.bank
    even = bench.prompt(0, "all", 4)
    odd = WordPrompt.__new__(WordPrompt)
    odd.__dict__ = {**even.__dict__, "number": 1}
    assert bench.shown(odd, arms["true"]) == bench.shown(even, arms["flipped"])
    first = model.decode(bench.shown(even, arms["true"])[1])
    label = "foo" if bank.labels[even.shots[0]] > 0 else "bar"
    assert first == f"Review: {bank.sentences[even.shots[0]]}\nLabel: {label}\n\n"


def test_a_word_must_be_one_token(model):
    bench = Bench(LANGUAGE, model)
    prompt = bench.prompt(0, "all", 2)
    with pytest.raises(InputError, match="' positive' is 9 tokens"):
        bench.leanings(prompt, LANGUAGE.arms["words, true"], torch.zeros(1, WIDTH))


@given(st.integers(0, 10**6))
def test_scores_by_rank_hang_on_the_order_alone(seed):
    scores = torch.randn(3, 20, generator=torch.Generator().manual_seed(seed))
    labels = torch.tensor([1.0] * 10 + [-1.0] * 10)
    for measure in (area, by_rank):
        found = measure(scores, labels)
        assert torch.equal(found, measure(5 + scores.exp(), labels))
        assert torch.allclose(1 - found, measure(-scores, labels))
        assert torch.equal(measure(labels, labels), torch.ones((), dtype=torch.float64))


def test_equal_scores_are_worth_a_coin(model):
    labels = torch.tensor([1.0] * 10 + [-1.0] * 10)
    assert float(area(torch.zeros(20), labels)) == 0.5


@pytest.fixture
def study(path):
    code = hashlib.sha256(path.read_bytes()).hexdigest()
    arms = {name: LANGUAGE.arms[name] for name in ("true", "flipped")}
    sizes = {
        "n_prompts": 2,
        "n_queries": 4,
        "n_judged": 2,
        "judged_shots": 4,
        "n_draws": 2,
        "n_flipped": 1,
    }
    return dataclasses.replace(
        LANGUAGE, name="tiny", sha256=code, arms=arms, shots=(0, 2), sizes=(1, 2), n_sequences=2,
        half=5, **sizes,
    )  # fmt: skip


@pytest.mark.slow
def test_interrupted_it_goes_on_to_the_same_result(path, study, tmp_path, monkeypatch):
    whole = measure_language_model(path, study, tmp_path / "whole", progress=False)
    true_votes, calls = opened.votes_moved, []

    def stops(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return true_votes(*arguments)

    monkeypatch.setattr(opened, "votes_moved", stops)
    with pytest.raises(KeyboardInterrupt):
        measure_language_model(path, study, tmp_path / "broken", progress=False)
    measure_language_model(path, study, tmp_path / "broken", progress=False)
    assert len(calls) == 3  # what was done was not done again
    again = load(study, tmp_path / "broken")
    assert again.tensors.keys() == whole.tensors.keys()
    for name, tensor in whole.tensors.items():
        assert torch.equal(tensor, again.tensors[name]), name
    assert not list((tmp_path / "broken" / ".checkpoints").iterdir())


def test_the_parts_fit_together(path, study, tmp_path):
    found = measure_language_model(path, study, tmp_path, progress=False).tensors
    heads = [(a, b) for a in range(LAYERS) for b in range(HEADS)]
    assert found["induction"].shape == (2, len(heads))
    order = ranked(found, heads)["answer"]
    effects = found["effect/answer"].mean(0)
    assert float(effects[heads.index(order[0])]) == float(effects.max())
    # The first row of the votes is the prompt as it is, and so are no heads off.
    assert torch.allclose(found["votes"][:, 0], found["off/none"], atol=1e-4)
    # All of a head's attention on the examples' labels is at most 1.
    assert (found["look"] >= 0).all() and (found["look"].sum(2) <= 1 + 1e-5).all()


@pytest.mark.slow
def test_the_bar_is_full_when_all_is_done(path, study, tmp_path, monkeypatch):
    seen = {}

    def bar(jobs, name, total, disable):
        seen["total"] = total
        for seen["done"], job in enumerate(jobs, 1):
            yield job

    monkeypatch.setattr(opened, "tqdm", bar)
    measure_language_model(path, study, tmp_path)
    assert seen["done"] == seen["total"]


def test_another_file_is_refused(path, tmp_path):
    with pytest.raises(InputError, match="another file than SmolLM2"):
        measure_language_model(path, LANGUAGE, tmp_path)
    (tmp_path / "no.gguf").write_bytes(b"nothing")
    with pytest.raises(InputError, match="no GGUF file"):
        load_language_model(tmp_path / "no.gguf")
    with pytest.raises(FileNotFoundError):
        load_language_model(tmp_path / "missing.gguf")


@pytest.mark.parametrize("tokens", [torch.tensor([1, 2]), torch.tensor([[99_999]])])
def test_unknown_tokens_are_refused(model, tokens):
    with pytest.raises(InputError, match="ids has shape"):
        model.read(tokens)

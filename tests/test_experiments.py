from dataclasses import replace

import pytest
import torch

from icllib import rivals, store
from icllib.attention import from_moments
from icllib.blocks import FlatNetwork
from icllib.errors import InputError
from icllib.experiments import LARGE, NAMED, load, load_rivals, named
from icllib.kinds import Experiment, Flat, Separate, Stack, Tuning
from icllib.learners import query_loss
from icllib.pools import PoolTask
from icllib.prompted import LANGUAGE
from icllib.runs import run
from icllib.tasks import LinearTask
from icllib.tokens import join_tokens, read_prediction

TRAININGS = [name for name, experiment in NAMED.items() if isinstance(experiment, Experiment)]
TUNINGS = [name for name, experiment in NAMED.items() if isinstance(experiment, Tuning)]


def small(name):
    """The experiment with a few updates on small batches."""
    experiment = named(name)
    return replace(
        experiment, seeds=2, every=2, recipe=replace(experiment.recipe, steps=4, batch=16)
    )


@pytest.mark.parametrize("name", TRAININGS)
@pytest.mark.slow
def test_every_experiment_can_be_retrained(name, tmp_path):
    experiment = small(name)
    made = run(experiment, folder=tmp_path, progress=False)
    found = store.load(experiment, tmp_path)
    assert (
        made.record == found.record
        and found.record["seeds"] == [0, 1]
        and found.record["steps"] == [0, 2, 4]
    )
    assert (
        found.tensors["measured/loss"].shape == (3, 2) and found.tensors["losses"].isfinite().all()
    )
    assert ("kept/layers.0.P" in found.tensors) == experiment.keep_weights
    assert ("measured/seen" in found.tensors) == isinstance(experiment.task, PoolTask)
    has_map = isinstance(experiment.model, Separate) and experiment.model.softmax
    assert ("measured/next" in found.tensors) == ("measured/previous" in found.tensors) == has_map
    assert not list((tmp_path / ".checkpoints").iterdir())


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.slow
def test_what_needs_an_accelerator_trains_in_small_on_a_cpu(name, tmp_path):
    experiment = named(name)
    recipe = replace(experiment.recipe, steps=2, batch=8)
    tiny = replace(experiment, seeds=1, every=1, recipe=recipe)
    found = run(tiny, folder=tmp_path, progress=False)
    assert found.record["steps"] == [0, 1, 2] and not found.record["stopped"]
    assert found.tensors["losses"].isfinite().all()
    assert name not in NAMED and not list(store.FOLDER.glob(f"{name}*"))


@pytest.mark.parametrize("name", TRAININGS)
def test_every_stored_result_is_current_and_its_weights_have_the_loss_that_it_claims(name):
    found, experiment = load(name), named(name)
    assert found.seeds == list(range(experiment.seeds)) and found.experiment == experiment
    assert found.result.record["steps"][-1] == experiment.recipe.steps
    dtype = getattr(torch, experiment.recipe.dtype)
    task = getattr(experiment.task, "source", experiment.task)  # of a pool: new prompts
    prompts = task.sample(1000, torch.Generator().manual_seed(99), dtype)
    for place, model in enumerate(found.models):
        with torch.no_grad():
            if isinstance(experiment.model, Stack):
                answers = from_moments(model, prompts)
            else:
                answers = read_prediction(model(join_tokens(prompts)), 1)
            loss = float(query_loss(answers, prompts).mean())
        claimed = float(found.measured["loss"][-1, place])
        assert loss == pytest.approx(claimed, rel=1e-3) or not torch.isfinite(torch.tensor(claimed))


@pytest.mark.parametrize("name", TUNINGS)
def test_every_stored_table_of_rivals_is_current_and_its_numbers_have_the_losses_that_it_claims(
    name,
):
    table = load_rivals(name)
    for rival, depth in table.experiment.parts:
        summary = table.summary(rival.form, depth)
        assert not table.at_wall(rival.form, depth)
        assert len(table.tried(rival.form, depth)) == len(rival.starts[depth])
        found = rivals.judge(
            {"": table.predictor(rival.form, depth)}, table.experiment.task, 2000, seed=5
        )[""]
        low, high = found.median_interval
        assert low - (high - low) < summary.median < high + (high - low)


def test_nothing_lies_among_the_results_that_no_experiment_claims():
    files = {path.name for path in store.FOLDER.iterdir() if not path.name.startswith(".")} - {
        "README.md",
        "claims.json",
    }
    known = set()
    for name in (*NAMED, LANGUAGE.name):
        known |= {path.name for path in store.FOLDER.glob(f"{name}.json")}
        known |= {path.name for path in store.FOLDER.glob(f"{name}-{'?' * 12}.safetensors")}
    assert files == known


def test_the_structured_start_attends_by_similarity_and_its_products_are_what_is_trained():
    model = Stack(layers=2, identity=0.3, init_std=0.0).build(LinearTask(dim_x=3))(
        torch.Generator().manual_seed(0)
    )
    for layer in model.layers:
        assert torch.equal(layer.W_K[0], torch.eye(4)) and torch.equal(layer.W_V[0], torch.eye(4))
        assert torch.equal(layer.W_Q[0], torch.diag(torch.tensor([0.3, 0.3, 0.3, 0.0])))


def test_a_flat_network_answers_in_the_place_where_attention_does():
    network = FlatNetwork(4 * 3, (5,), 1, generator=torch.Generator().manual_seed(0))
    tokens = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(1))
    out = network(tokens)
    assert torch.equal(out[:, :-1], tokens[:, :-1]) and torch.equal(
        out[:, -1, :2], tokens[:, -1, :2]
    )
    hidden = torch.relu(network.layers[0](tokens.flatten(1)))
    torch.testing.assert_close(read_prediction(out, 1), network.layers[1](hidden))
    assert (
        Flat((2,)).build(LinearTask())(torch.Generator().manual_seed(0)).layers[0].in_features
        == 121
    )


def test_loading_with_retraining_trains_and_stores_and_loading_again_reads_that(
    tmp_path, monkeypatch
):
    monkeypatch.setitem(NAMED, "one-layer", small("one-layer"))
    with pytest.raises(store.MissingResultError):
        load("one-layer", folder=tmp_path)
    made = load("one-layer", retrain=True, folder=tmp_path)
    again = load("one-layer", folder=tmp_path)
    assert made.seeds == again.seeds == [0, 1] and len(made.models) == 2
    assert (
        made.provenance == again.provenance and "python -m icllib run one-layer" in made.provenance
    )
    assert set(made.measured) == {"loss", "cosine"}
    for one, other in zip(made.models, again.models, strict=True):
        assert torch.equal(one.layers[0].P, other.layers[0].P)


def test_a_training_is_no_table_of_rivals_and_the_other_way_round():
    with pytest.raises(
        InputError, match="'one-layer' is a Experiment, expected the name of a Tuning"
    ):
        load_rivals("one-layer")
    with pytest.raises(
        InputError, match="'rivals-paper' is a Tuning, expected the name of a Experiment"
    ):
        load("rivals-paper")


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"name = 'one_layer', expected one of one-layer, "):
        named("one_layer")


def test_a_snapshot_is_the_model_as_it_was_at_a_measurement():
    loaded = load("looped-2")
    prompts = loaded.experiment.task.sample(1000, torch.Generator().manual_seed(99), torch.float32)
    for place in (0, 3):
        with torch.no_grad():
            answers = from_moments(loaded.snapshot(place, seed=1), prompts)
        found = float(query_loss(answers, prompts).mean())
        assert found == pytest.approx(float(loaded.measured["loss"][place, 1]), rel=1e-3)
    with pytest.raises(InputError, match="seed = 5, expected one of 0, 1"):
        loaded.snapshot(0, 5)
    with pytest.raises(InputError, match="one-layer keeps no weights"):
        load("one-layer").snapshot(0, 0)

import pytest
import torch

from icllib import construct, learners, rivals, runs, theory
from icllib.errors import InputError
from icllib.kinds import Rival, Tuning
from icllib.rivals import FORMS, Table
from icllib.tasks import LinearTask

TASK = LinearTask(dim_x=3, n_context=6, x_scale=0.5)
PROMPTS = TASK.sample(50, torch.Generator().manual_seed(0), torch.float64)
NUMBERS = {
    "GD": (3.0,),
    "momentum": (3.0, 0.0),
    "GD++": (3.0,),
    "GD++, a pair a layer": (3.0,),
    "GD, a rate a step": (3.0,),
}


@pytest.mark.parametrize("form", NUMBERS)
def test_one_step_of_every_rival_is_one_step_of_gradient_descent(form):
    expected = learners.predict(learners.gradient_descent(PROMPTS, 3.0, 1), PROMPTS.x_query)
    torch.testing.assert_close(FORMS[form](1)(PROMPTS, *NUMBERS[form]), expected)


def test_a_pair_a_layer_with_equal_pairs_is_one_pair_and_without_bends_a_rate_a_step():
    same = FORMS["GD++, a pair a layer"](3)(PROMPTS, 3.0, 3.0, 3.0, 0.1, 0.1)
    torch.testing.assert_close(same, FORMS["GD++"](3)(PROMPTS, 3.0, 0.1))
    straight = FORMS["GD++, a pair a layer"](3)(PROMPTS, 3.0, 4.0, 5.0, 0.0, 0.0)
    torch.testing.assert_close(straight, FORMS["GD, a rate a step"](3)(PROMPTS, 3.0, 4.0, 5.0))


def test_chebyshev_s_numbers_are_the_lower_end_and_the_width():
    rates = learners.chebyshev_steps(0.1, 0.5, 3)
    torch.testing.assert_close(
        FORMS["Chebyshev"](3)(PROMPTS, 0.1, 0.4), FORMS["GD, a rate a step"](3)(PROMPTS, *rates)
    )


def test_a_network_and_the_learner_that_it_runs_are_judged_alike():
    network = construct.gd_transformer(3, 1, 6, 3.0, 2).float()
    contestants = {
        "network": network,
        "GD": lambda p: FORMS["GD"](2)(p, 3.0),
        "zero": lambda p: 0 * p.y_query,
    }
    found = rivals.judge(contestants, TASK, 2000, seed=1)
    assert found["network"].mean == pytest.approx(found["GD"].mean, rel=1e-6)
    assert found["network"].worst == pytest.approx(found["GD"].worst, rel=1e-6)
    assert abs(found["zero"].mean - 3 / 24) < 2 * found["zero"].interval
    assert next(network.parameters()).dtype == torch.float32  # the network itself is left as it was


def test_the_table_holds_the_best_of_all_starts_and_both_judgements(tmp_path):
    gd, cg = Rival("GD", {1: ((0.5,), (5.0,))}), Rival("CG", {1: ((),), 2: ((),)})
    tuning = Tuning(
        "rivals-demo", "?", TASK, (gd, cg), batch=2000, judged_on=20_000, judge_seeds=(7, 8)
    )
    table = Table(tuning, runs.run(tuning, folder=tmp_path, progress=False))
    assert table.values("GD", 1)[0] == pytest.approx(theory.best_step_size(TASK), rel=0.05)
    tried = table.tried("GD", 1)
    assert len(tried) == 2 and table.values("GD", 1) == (min(tried, key=lambda row: row[3])[0],)
    for seed in (7, 8):
        judged = rivals.judge({"": table.predictor("GD", 1)}, TASK, 20_000, seed)[""]
        assert table.summary("GD", 1, seed) == judged
        assert (
            abs(judged.mean - theory.expected_loss(TASK, table.values("GD", 1)[0]))
            < 2 * judged.interval
        )
    assert table.summary("GD", 1) == table.summary("GD", 1, 7) != table.summary("GD", 1, 8)
    assert (
        table.values("CG", 2) == () and table.depths("CG") == [1, 2] and not table.at_wall("CG", 2)
    )
    assert table.summary("CG", 2).mean < table.summary("CG", 1).mean
    for bad, message in (
        (("Newton", 1), "form = 'Newton'"),
        (("GD", 2), "depth = 2, expected one of 1"),
    ):
        with pytest.raises(InputError, match=message):
            table.values(*bad)
    with pytest.raises(InputError, match="seed = 9, expected one of 7, 8"):
        table.summary("GD", 1, 9)


def test_a_rival_that_can_do_many_numbers_is_tuned_online():
    online = Rival("GD, a rate a step", {2: ((3.0, 8.0),)}, online=True)
    tuning = Tuning(
        "rivals-demo", "?", TASK, (online,), online_steps=150, online_batch=200, judged_on=1000
    )
    found = rivals.settle(tuning, online, 2)
    both = Rival("GD, a rate a step", {2: ((3.0, 8.0),)})
    assert found["values"].tolist() == pytest.approx(
        rivals.settle(tuning, both, 2)["values"].tolist(), rel=0.2
    )
    with pytest.raises(InputError, match="form = 'SGD', expected one of 'GD'"):
        rivals.settle(tuning, Rival("SGD", {1: ((1.0,),)}), 1)

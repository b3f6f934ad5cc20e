"""The claims of the paper's last figures."""

from types import SimpleNamespace

import torch

from icllib.evidence_appendix import arrivals


def test_an_arrival_is_the_first_update_that_is_near_the_step_and_one_more_than_the_last_without():
    losses = torch.tensor([[9.0, 9.0, 9.0], [9.0, 0.01, 9.0], [0.01, 9.0, 9.0]])
    result = SimpleNamespace(record={"steps": [0, 10, 20]})
    found = SimpleNamespace(result=result, measured={"loss": losses})
    assert arrivals(found).tolist() == [20, 10, 21]

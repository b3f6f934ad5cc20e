import io
import os

import pytest
import torch

from icllib.attention import LinearSelfAttention
from icllib.recipes import Recipe
from icllib.tasks import LinearTask
from icllib.threads import cores, threads_for
from icllib.training import train

QUOTA = "/sys/fs/cgroup/cpu.max"


@pytest.fixture
def eight_cores(monkeypatch):
    """A machine of eight cores; call with a container's quota, or an affinity."""

    def pretend(quota="max 100000", affinity=range(8)):
        exists, opens = os.path.exists, open
        monkeypatch.setattr(os, "cpu_count", lambda: 8)
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(affinity), raising=False)
        monkeypatch.setattr(os.path, "exists", lambda path: path == QUOTA or exists(path))
        monkeypatch.setattr(
            "builtins.open",
            lambda path, *args, **options: (
                io.StringIO(quota) if path == QUOTA else opens(path, *args, **options)
            ),
        )

    return pretend


def test_cores_are_those_that_affinity_and_quota_leave(eight_cores):
    eight_cores()
    assert cores() == 8
    eight_cores(affinity=range(3))
    assert cores() == 3
    eight_cores(quota="150000 100000")
    assert cores() == 2
    eight_cores(quota="100000 100000", affinity=range(3))
    assert cores() == 1


@pytest.mark.parametrize(
    ("work", "quota", "threads"),
    [(10, "max 100000", 1), (10**9, "max 100000", 2), (10**9, "100000 100000", 1)],
)
def test_threads_follow_the_work_and_the_cores_and_are_given_back(
    eight_cores, work, quota, threads
):
    eight_cores(quota)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threads_for(work) as given:
            assert given == torch.get_num_threads() == threads
        assert torch.get_num_threads() == 2
        with pytest.raises(KeyError), threads_for(work):
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_whoever_asked_for_one_thread_gets_no_more():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threads_for(10**12) as given:
            assert given == 1
    finally:
        torch.set_num_threads(before)


def test_a_small_training_takes_one_thread_and_gives_the_others_back():
    before, seen = torch.get_num_threads(), []

    def measure(model):
        seen.append(torch.get_num_threads())
        return 0.0

    def build(generator):
        return LinearSelfAttention(4, generator=generator)

    task = LinearTask(dim_x=3, n_context=6)
    train(
        build, task, Recipe(steps=2, batch=8), (0, 1), measures={"threads": measure}, progress=False
    )
    assert set(seen) == {1} and torch.get_num_threads() == before

"""How many threads a computation gets: as many as it has work for, and cores that it may use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["cores", "threads_for"]

#: Multiplications worth a thread of their own: about 10 ms. With less, threads wait for each other
#: longer than they compute, and on a machine with other work they wait for whole time slices.
_WORTH_A_THREAD = 30_000_000


def cores() -> int:
    """Cores that this process may use: what affinity and a container's quota leave."""
    from joblib import cpu_count

    return cpu_count()


@contextmanager
def threads_for(multiplications: int) -> Iterator[int]:
    """Inside, torch has as many threads as the work is worth; afterwards as many as before.

    Args:
        multiplications: roughly, in a piece of work after which threads wait for each other.

    Yields:
        the number of threads: never more than before, nor than `cores`.
    """
    before = torch.get_num_threads()
    wanted = min(before, max(1, multiplications // _WORTH_A_THREAD))
    threads = wanted if wanted == 1 else min(wanted, cores())
    torch.set_num_threads(threads)
    try:
        yield threads
    finally:
        torch.set_num_threads(before)

"""What hypothesis draws: shapes and seeds, never floats."""

from __future__ import annotations

import torch
from hypothesis import strategies as st

from icllib.tasks import LinearTask, Prompts


@st.composite
def problems(
    draw: st.DrawFn, max_context: int = 12, noise_std: float = 0.1
) -> tuple[Prompts, torch.Tensor]:
    """A small batch of float64 prompts, and a W_0 that is not zero."""
    dim_x, dim_y = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**20)))
    task = LinearTask(dim_x, dim_y, draw(st.integers(1, max_context)), noise_std=noise_std)
    prompts = task.sample(draw(st.integers(1, 3)), generator, dtype=torch.float64)
    return prompts, torch.randn(dim_y, dim_x, generator=generator, dtype=torch.float64)

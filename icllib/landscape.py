"""The loss around a model: its bottom on fixed prompts, and the curvature there. Is it a minimum,
or a slow place?"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from icllib.attention import from_moments
from icllib.learners import query_loss
from icllib.tasks import Prompts

__all__ = ["bottom", "curvatures"]

_NAMES = ("W_Q", "P")  # with W_K = W_V = I these are the products


def bottom(model: nn.Module, prompts: Prompts, steps: int = 500) -> tuple[nn.Module, float, float]:
    """The model at the bottom of the valley that it is in, on these prompts, by L-BFGS on W_Q and
    P.

    Args:
        model: a stack of linear layers.
        prompts: float64; their mean loss is minimised.
        steps: of L-BFGS, at most.

    Returns:
        a float64 copy of the model at the bottom, its loss, and the largest slope that is left.
    """
    moved = copy.deepcopy(model).double()
    for name, parameter in moved.named_parameters():
        parameter.requires_grad_(name.rsplit(".", 1)[-1] in _NAMES)
    learning = [parameter for parameter in moved.parameters() if parameter.requires_grad]
    options = {
        "max_iter": steps,
        "tolerance_grad": 1e-9,
        "tolerance_change": 0,
        "line_search_fn": "strong_wolfe",
    }
    optimizer = torch.optim.LBFGS(learning, **options)

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = query_loss(from_moments(moved, prompts), prompts).mean()
        value.backward()
        return value

    optimizer.step(loss)
    least = float(loss().detach())
    return moved, least, max(float(parameter.grad.abs().max()) for parameter in learning)


def curvatures(
    model: nn.Module, prompts: Prompts, progress: Callable | None = None
) -> Float[Tensor, "numbers"]:
    """The eigenvalues, rising, of the Hessian of the mean loss in all entries of W_Q and P that any
    answer depends on.

    A negative one is a way down, however slow training was on it. Each layer has one that is zero
    at a minimum: A may be multiplied by a number, and B divided by it.

    Args:
        model: a stack of linear layers, at the `bottom` of a valley.
        prompts: float64.
        progress: wraps the iteration over the rows, as tqdm does.
    """
    parameters = {name: tensor.detach().double() for name, tensor in model.named_parameters()}
    learning = [name for name in parameters if name.rsplit(".", 1)[-1] in _NAMES]
    numbers = torch.cat([parameters[name].flatten() for name in learning]).requires_grad_()
    sizes = [parameters[name].numel() for name in learning]
    work = copy.deepcopy(model).double()
    pieces = {
        n: p.view_as(parameters[n]) for n, p in zip(learning, numbers.split(sizes), strict=True)
    }
    answers = torch.func.functional_call(
        _Reader(work), {f"model.{n}": p for n, p in pieces.items()}, (prompts,)
    )
    (slope,) = torch.autograd.grad(query_loss(answers, prompts).mean(), numbers, create_graph=True)
    rows = range(len(numbers))
    hessian = torch.stack(
        [
            torch.autograd.grad(slope[row], numbers, retain_graph=True)[0]
            for row in (progress(rows) if progress else rows)
        ]
    )
    alive = hessian.abs().amax(1) > 0
    hessian = hessian[alive][:, alive]
    return torch.linalg.eigvalsh((hessian + hessian.T) / 2)


class _Reader(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, prompts: Prompts) -> Tensor:
        return from_moments(self.model, prompts)

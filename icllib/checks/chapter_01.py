"""Checks for the exercises of chapter 1."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from icllib import learners
from icllib.checks.feedback import Feedback, call, compare, grade, problem

__all__ = ["best_constant", "leave_one_out", "normal_equations", "ridge_as_data", "singular_inputs"]


def best_constant(answer: float, y: Tensor) -> Feedback:
    """The constant with the least squared loss on `y`, (n,): the mean."""
    mistakes = {
        "that is the median: it makes the sum of absolute residuals least, not of squared ones.": y.median(),
        "that is the middle of the range. Which constant makes the derivative of the loss zero?": (y.min() + y.max())
        / 2,
        "that is the sum. Divide by how many there are.": y.sum(),
    }
    return compare(answer, y.mean(), "the mean is the best constant under the squared loss.", mistakes)


def normal_equations(answer: Callable[[Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(x, y)` → W of least loss; x (N, N_x), y (N, N_y), W (N_y, N_x)."""
    prompts = problem(dim_y=2)
    x, y = prompts.x[0], prompts.y[0]
    moment = y.T @ x
    mistakes = {
        "that is Σ y xᵀ alone; it still has to be multiplied by the inverse of Σ x xᵀ.": moment,
        "that is Σ y xᵀ times Σ x xᵀ; the normal equations ask for the inverse.": moment @ x.T @ x,
    }
    right = "it solves W Σ x xᵀ = Σ y xᵀ."
    return grade(answer, (x, y), learners.least_squares(prompts)[0], right, mistakes)


def ridge_as_data(answer: Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]]) -> Feedback:
    """`answer(x, y, strength)` → more data (x, y), on which plain least squares is ridge on the old ones."""
    prompts, strength = problem(n=4), 0.25
    data = call(answer, prompts.x[0], prompts.y[0], strength)
    if data is None or isinstance(data, Feedback):
        return data or compare(None, torch.zeros(()), "", {})
    if not isinstance(data, tuple | list) or len(data) != 2:
        return Feedback("not yet", "your function should return a pair: all inputs, and all labels.")
    x, y = data
    if x.shape[0] != y.shape[0]:
        return Feedback("not yet", f"there are {x.shape[0]} inputs and {y.shape[0]} labels, expected as many.")
    found = torch.linalg.lstsq(x, y).solution.T
    n = prompts.n_context
    mistakes = {
        "N is missing: the loss divides by N, so each extra input is √(Nλ) times a unit vector.": strength / n,
        "the extra inputs are λ times a unit vector; they enter squared, so take a root.": strength**2 / n,
        "the extra inputs are Nλ times a unit vector; they enter squared, so take a root.": n * strength**2,
    }
    wrong = {hint: learners.ridge(prompts, value)[0] for hint, value in mistakes.items()}
    wrong["that is plain least squares: the extra data change nothing."] = learners.least_squares(prompts)[0]
    right = "each extra example asks one weight to be zero, as strongly as ridge does."
    return compare(found, learners.ridge(prompts, strength)[0], right, wrong)


def singular_inputs(answer: Tensor) -> Feedback:
    """Inputs x, (5, 3), for which XᵀX has no inverse, though no column is zero and no two are equal."""
    if answer is None or answer is ...:
        return Feedback("not answered", "replace the ... by a tensor of shape (5, 3) and run the cell again.")
    x = torch.as_tensor(answer).double()
    if tuple(x.shape) != (5, 3):
        return Feedback("not yet", f"x has shape {tuple(x.shape)}, expected (5, 3).")
    if (x == 0).all(dim=0).any():
        return Feedback("not yet", "a column is all zeros. That works, but find one that is less obvious.")
    if any(torch.equal(x[:, i], x[:, j]) for i, j in ((0, 1), (0, 2), (1, 2))):
        return Feedback("not yet", "two columns are equal. That works, but find one that is less obvious.")
    rank = int(torch.linalg.matrix_rank(x))
    if rank == 3:
        return Feedback("not yet", "the three columns are linearly independent, so XᵀX can be inverted.")
    return Feedback("right", f"the columns span {rank} of 3 dimensions: some direction of W never meets the data.")


def leave_one_out(answer: Callable[[Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(x, y)` → the residual of each example under the model fitted without it; x (N, N_x), y (N,)."""
    prompts = problem(n=12)
    x, y = prompts.x[0], prompts.y[0, :, 0]
    kept = [torch.arange(len(x)) != i for i in range(len(x))]
    fits = [torch.linalg.lstsq(x[k], y[k, None]).solution[:, 0] for k in kept]
    expected = y - torch.stack([x[i] @ fit for i, fit in enumerate(fits)])
    hat = x @ torch.linalg.solve(x.T @ x, x.T)
    residual = y - hat @ y
    mistakes = {
        "these are the residuals of the one fit on all data. Divide each by 1 − h_i.": residual,
        "the sign is turned: a residual here is label minus prediction.": -expected,
        "the residuals are multiplied by 1 − h_i. Leaving a point out makes its residual larger.": residual
        * (1 - hat.diagonal()),
    }
    return grade(answer, (x, y), expected, "one fit tells what N fits would.", mistakes)

"""Checks for the exercises of chapter 1."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, starmap

import torch
from torch import Tensor

from icllib import learners
from icllib.checks.answers import Answer, AnswerError, call, read
from icllib.checks.feedback import Case, Feedback, checked, compare, grade, problem

__all__ = ["best_constant", "leave_one_out", "normal_equations", "ridge_as_data", "singular_inputs"]


@checked
def best_constant(answer: float, y: Tensor) -> Feedback:
    """The constant with the least squared loss on `y`, (n,): the mean."""
    y = read(y, "y").value.flatten()
    if y.numel() == 0:
        raise AnswerError("not yet", "y is empty, expected the masses.")
    mistakes = {
        "that is the median: it makes the sum of absolute residuals least, not of squared ones.": (
            y.median()
        ),
        "that is the middle of the range. Which constant makes the derivative of the loss zero?": (
            (y.min() + y.max()) / 2
        ),
        "that is the sum. Divide by how many there are.": y.sum(),
        "that is in grams; the masses here are in kilograms.": 1000 * y.mean(),
        "that is the derivative at b = 0, −(1/N) Σ y. Where is it zero?": -y.mean(),
    }
    return compare(
        answer,
        y.mean(),
        "the mean is the best constant under the squared loss.",
        mistakes,
        digits=2,
    )


@checked
def normal_equations(answer: Callable[[Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(x, y)` → W of least loss; x (N, N_x), y (N, N_y), W (N_y, N_x)."""

    def case(n: int, dim_x: int, dim_y: int, seed: int) -> Case:
        prompts = problem(n, dim_x, dim_y, seed)
        x, y = prompts.x[0], prompts.y[0]
        moment, gram = y.T @ x, x.T @ x
        weights = learners.least_squares(prompts)[0]
        mistakes = {
            "that is Σ y xᵀ alone; it still has to be multiplied by the inverse of Σ x xᵀ.": moment,
            "that is Σ y xᵀ times Σ x xᵀ; the normal equations ask for the inverse.": moment @ gram,
            "1/N stands on both sides of the normal equations, or on neither.": weights / n,
            (
                "1/N stands on both sides of the normal equations, or on neither: yours is N "
                "times too large."
            ): (n * weights),
        }
        return Case((x, y), weights, mistakes)

    return grade(
        answer, starmap(case, [(8, 3, 2, 0), (6, 2, 1, 1)]), "it solves W Σ x xᵀ = Σ y xᵀ."
    )


@checked
def ridge_as_data(answer: Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]]) -> Feedback:
    """`answer(x, y, strength)` → more data (x, y), on which plain least squares is ridge on the old
    ones."""
    for n, dim_x, dim_y, strength, seed in ((4, 3, 1, 0.3, 0), (5, 2, 2, 0.4, 1)):
        feedback = _ridge_as_data(answer, n, dim_x, dim_y, strength, seed)
        if not feedback:
            return feedback
    return feedback


def _ridge_as_data(
    answer: object, n: int, dim_x: int, dim_y: int, strength: float, seed: int
) -> Feedback:
    prompts = problem(n, dim_x, dim_y, seed)
    data = _more_data(call(answer, prompts.x[0], prompts.y[0], strength), dim_x, dim_y)
    if isinstance(data, Feedback):
        return data
    x, y = data
    old, new = torch.cat([prompts.x[0], prompts.y[0]], dim=1), torch.cat([x.value, y.value], dim=1)
    tolerance = max(x.tolerance, y.tolerance)
    if not float(torch.cdist(old, new).amin(dim=1).max()) <= tolerance * float(old.abs().max()):
        return Feedback(
            "not yet", "the old examples are not all among yours. *Add* to them, and change none."
        )
    mistakes = {
        "N is missing: the loss divides by N, so each extra input is √(Nλ) times a unit vector.": (
            strength / n
        ),
        "the extra inputs are λ times a unit vector; they enter squared, so take a root.": (
            strength**2 / n
        ),
        "the extra inputs are Nλ times a unit vector; they enter squared, so take a root.": (
            n * strength**2
        ),
        "N stands under the root, as λ does: √(Nλ).": n * strength,
    }
    wrong = {hint: learners.ridge(prompts, value)[0] for hint, value in mistakes.items()}
    wrong["that is plain least squares: the extra data change nothing."] = learners.least_squares(
        prompts
    )[0]
    fitted = torch.linalg.lstsq(x.value, y.value, driver="gelsd").solution.T
    right = "each extra example asks one weight to be zero, as strongly as ridge does."
    return compare(Answer(fitted, tolerance), learners.ridge(prompts, strength)[0], right, wrong)


def _more_data(data: object, dim_x: int, dim_y: int) -> tuple[Answer, Answer] | Feedback:
    """Inputs and labels as they were handed in, or what is wrong with their form."""
    if data is None or data is ...:
        read(data)
    if not isinstance(data, tuple | list) or len(data) != 2:
        return Feedback(
            "not yet", "your function should return a pair: all inputs, and all labels."
        )
    x, y = read(data[0], "the inputs"), read(data[1], "the labels")
    for name, part, width in (("inputs", x, dim_x), ("labels", y, dim_y)):
        if part.value.dim() != 2 or part.value.shape[1] != width:
            shape = tuple(part.value.shape)
            return Feedback(
                "not yet",
                f"the {name} have shape {shape}, expected (any number, {width}): first inputs, then"
                " labels.",
            )
    if len(x.value) != len(y.value):
        return Feedback(
            "not yet",
            f"there are {len(x.value)} inputs and {len(y.value)} labels, expected as many.",
        )
    return x, y


@checked
def singular_inputs(answer: Tensor) -> Feedback:
    """Inputs x, (5, 3), for which XᵀX has no inverse, though no column is zero and no two are
    equal."""
    given = read(answer, "x").shaped(5, 3, name="x")
    x, least = given.value, given.tolerance * float(given.value.abs().max())
    if (x.abs().amax(dim=0) <= least).any():
        return Feedback(
            "not yet", "a column is all zeros. That works, but find one that is less obvious."
        )
    if any(float((x[:, i] - x[:, j]).abs().max()) <= least for i, j in combinations(range(3), 2)):
        return Feedback(
            "not yet", "two columns are equal. That works, but find one that is less obvious."
        )
    rank = int(torch.linalg.matrix_rank(x, rtol=given.tolerance))
    if rank == 3:
        return Feedback(
            "not yet", "the three columns are linearly independent, so XᵀX can be inverted."
        )
    return Feedback(
        "right",
        f"the columns span {rank} of 3 dimensions: some direction of W never meets the data.",
    )


@checked
def leave_one_out(answer: Callable[[Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(x, y)` → the residual of each example under the model fitted without it; x (N, N_x),
    y (N,)."""

    def case(n: int, dim_x: int, seed: int) -> Case:
        prompts = problem(n, dim_x, seed=seed)
        x, y = prompts.x[0], prompts.y[0, :, 0]
        kept = [torch.arange(n) != i for i in range(n)]
        fits = [torch.linalg.lstsq(x[k], y[k, None], driver="gelsd").solution[:, 0] for k in kept]
        expected = y - torch.stack([x[i] @ fit for i, fit in enumerate(fits)])
        hat = x @ torch.linalg.solve(x.T @ x, x.T)
        residual, h = y - hat @ y, hat.diagonal()
        mistakes = {
            "these are the residuals of the one fit on all data. Divide each by 1 − h_i.": residual,
            "the sign is turned: a residual here is label minus prediction.": -expected,
            (
                "the residuals are multiplied by 1 − h_i. Leaving a point out makes its residual "
                "larger."
            ): (residual * (1 - h)),
            "divide by 1 − h_i once, not twice: that would be the *squared* factor.": (
                residual / (1 - h) ** 2
            ),
            "divide by 1 − h_i, not by h_i.": residual / h,
            "these are the predictions for the points left out; label minus prediction is asked.": (
                y - expected
            ),
        }
        return Case((x, y), expected, mistakes)

    return grade(answer, starmap(case, [(12, 3, 0), (9, 2, 1)]), "one fit tells what N fits would.")

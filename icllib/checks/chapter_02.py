"""Checks for the exercises of chapter 2."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib import learners
from icllib.checks.feedback import Case, Feedback, checked, compare, grade, problem

__all__ = [
    "best_gaussian_step_size",
    "first_step",
    "gradient_step",
    "heavy_ball",
    "largest_stable_step",
]


@checked
def first_step(answer: float) -> Feedback:
    """One step from w = 0 with η = 0.1 on the points (1, 1) and (2, 3): 0.35."""
    mistakes = {
        "1/N is missing: the loss is a mean over N = 2 examples.": torch.tensor(0.7),
        "the sign is turned: the step goes down the gradient.": torch.tensor(-0.35),
        "that is the slope −∂L/∂w. The step is η times that.": torch.tensor(3.5),
        "that is the gradient ∂L/∂w. The step is −η times that.": torch.tensor(-3.5),
        "that is the gradient, and 1/N is missing in it.": torch.tensor(-7.0),
        "the residuals are multiplied by the inputs: 1·1 + 3·2.": torch.tensor(0.2),
        "that is N times too little: divide by N once.": torch.tensor(0.175),
        "that is the w of least loss; one step does not reach it.": torch.tensor(1.4),
    }
    return compare(answer, torch.tensor(0.35), "w = (0.1 / 2) · (1·1 + 3·2).", mistakes)


@checked
def gradient_step(answer: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(w, x, y, lr)` → W after one step; w (N_y, N_x), x (N, N_x), y (N, N_y)."""

    def case(n: int, dim_x: int, dim_y: int, lr: float, seed: int) -> Case:
        prompts = problem(n, dim_x, dim_y, seed)
        x, y = prompts.x[0], prompts.y[0]
        w = torch.linspace(-1, 2, dim_x * dim_y, dtype=torch.float64).reshape(dim_y, dim_x)
        slope = (y - x @ w.T).T @ x
        mistakes = {
            "1/N is missing: the loss is a mean over the examples.": w + lr * slope,
            "that is ΔW alone; add it to W.": lr * slope / n,
            "that is the gradient; the step is W minus η times it.": -slope / n,
            "that is the gradient, and 1/N is missing in it; the step is W minus η times it.": (
                -slope
            ),
            "there is a 2 too much: the loss has a ½ in front.": w + 2 * lr * slope / n,
            "W is missing in the residual y − W x.": w + lr * y.T @ x / n,
            "η is missing: the step is W minus η times the gradient.": w + slope / n,
            "the sign is turned: this step climbs.": w - lr * slope / n,
        }
        if dim_y > 1:
            hint = (
                "that is the mean over all N·N_y entries; the loss sums over outputs, and divides"
                " by N alone."
            )
            mistakes[hint] = w + lr * slope / (n * dim_y)
        return Case((w, x, y, lr), w + lr * slope / n, mistakes)

    return grade(
        answer, starmap(case, [(8, 3, 2, 0.2, 0), (5, 2, 2, 0.7, 1)]), "W + (η/N) Σ (y − W x) xᵀ."
    )


@checked
def largest_stable_step(answer: Callable[[Tensor], float]) -> Feedback:
    """`answer(x)` → the step size above which gradient descent diverges; x (N, N_x)."""

    def case(n: int, dim_x: int, seed: int) -> Case:
        x = problem(n, dim_x, seed=seed).x[0]
        values = torch.linalg.eigvalsh(x.T @ x / n)
        top, least = values[-1], values[0]
        mistakes = {
            (
                "that is 1/λ_max, where the steepest direction is done in one step. It may "
                "overshoot up to twice that."
            ): (1 / top),
            "that uses the smallest eigenvalue; the steepest direction breaks first.": 2 / least,
            "N is missing: the Hessian is (1/N) XᵀX.": 2 / (top * n),
            "1/N stands in the Hessian once, not twice.": 2 * n / top,
            "that is the largest eigenvalue; the limit is 2 divided by it.": top,
            "the limit is 2/λ_max, not λ_max/2.": top / 2,
            (
                "that is the best step for the two extreme eigenvalues, not the largest that is "
                "stable."
            ): (2 / (top + least)),
            (
                "those are singular values of X; the eigenvalues of the Hessian are their squares "
                "over N."
            ): (2 / (top * n).sqrt()),
        }
        return Case((x,), 2 / top, mistakes)

    right = "|1 − ηλ| < 1 for every eigenvalue λ means η < 2/λ_max."
    return grade(answer, starmap(case, [(9, 3, 0), (7, 2, 1)]), right)


@checked
def best_gaussian_step_size(answer: Callable[[int, int], float]) -> Feedback:
    """`answer(n_context, dim_x)` → η* for x ~ N(0, I) without noise: N / (N + N_x + 1)."""

    def case(n: int, d: int) -> Case:
        mistakes = {
            "that would be right for inputs ±1 (κ = 1). A normal coordinate has E x⁴ = 3.": (
                n / (n + d - 1)
            ),
            "that would be right for uniform inputs of variance 1 (κ = 9/5).": n / (n + d - 0.2),
            "that is the best step for N → ∞, where C is exactly I.": 1.0,
            "E C² has the term i = i′ too: Σ over i of x x xᵀ xᵀ.": n / (n - 1),
            "that is one over η*: signal over the second moment is asked.": (n + d + 1) / n,
            "a factor N is missing: C is a mean over the examples.": 1 / (n + d + 1),
            "the other coordinates are missing: E ‖x‖⁴ is N_x (N_x + 2).": n / (n + 2),
        }
        return Case(
            (n, d),
            torch.tensor(n / (n + d + 1)),
            {hint: torch.tensor(v) for hint, v in mistakes.items()},
        )

    return grade(
        answer, starmap(case, [(9, 4), (5, 7)]), "κ = 3 in N / (s (N + N_x + κ − 2)), s = 1."
    )


@checked
def heavy_ball(answer: Callable[[Tensor, Tensor, float, float, int], Tensor]) -> Feedback:
    """`answer(x, y, lr, momentum, steps)` → W after `steps` steps from zero; x (N, N_x), y (N,
    N_y)."""
    cases = starmap(_heavy_ball, [(8, 3, 1, 0.2, 0.7, 4, 0), (6, 2, 2, 0.3, 0.4, 3, 1)])
    return grade(answer, cases, "V ← βV − η∇L, W ← W + V.")


def _heavy_ball(
    n: int, dim_x: int, dim_y: int, lr: float, beta: float, steps: int, seed: int
) -> Case:
    prompts = problem(n, dim_x, dim_y, seed)

    def run(
        beta: float = beta,
        ahead: bool = False,
        scale: float = 1.0,
        delay: bool = False,
        steps: int = steps,
    ) -> Tensor:
        w = velocity = torch.zeros(dim_y, dim_x, dtype=torch.float64)
        for _ in range(steps):
            at = w + beta * velocity if ahead else w
            before = velocity
            velocity = beta * velocity + scale * (
                learners.gradient_step(at[None], prompts, lr)[0] - at
            )
            w = w + (before if delay else velocity)
        return w

    mistakes = {
        "that is Nesterov's method: it takes the gradient ahead, at W + βV.": run(ahead=True),
        "the gradient is damped by 1 − β as well; the heavy ball adds it in full.": run(
            scale=1 - beta
        ),
        "that is plain gradient descent: the velocity is forgotten.": run(beta=0.0),
        "W moves by the *new* velocity: change V first, and then W.": run(delay=True),
        "1/N is missing: the loss is a mean over the examples.": run(scale=n),
        "the sign of the gradient is turned: V ← βV − η∇L.": run(scale=-1.0),
        "that is one step too few.": run(steps=steps - 1),
        "that is one step too many.": run(steps=steps + 1),
        "β belongs to the velocity, not to the gradient: V ← βV − η∇L.": run(beta=1.0, scale=beta),
        "β is forgotten: the velocity shrinks by β in each step.": run(beta=1.0),
    }
    return Case((prompts.x[0], prompts.y[0], lr, beta, steps), run(), mistakes)

"""Checks for the exercises of chapter 2."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from icllib import learners
from icllib.checks.feedback import Feedback, compare, grade, problem

__all__ = ["best_gaussian_step_size", "first_step", "gradient_step", "heavy_ball", "largest_stable_step"]


def first_step(answer: float) -> Feedback:
    """One step from w = 0 with η = 0.1 on the points (1, 1) and (2, 3): 0.35."""
    mistakes = {
        "1/N is missing: the loss is a mean over N = 2 examples.": torch.tensor(0.7),
        "the sign is turned: the step goes down the gradient.": torch.tensor(-0.35),
        "that is the slope −∂L/∂w. The step is η times that.": torch.tensor(3.5),
    }
    return compare(answer, torch.tensor(0.35), "w = (0.1 / 2) · (1·1 + 3·2).", mistakes)


def gradient_step(answer: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(w, x, y, lr)` → W after one step; w (N_y, N_x), x (N, N_x), y (N, N_y)."""
    prompts, lr = problem(dim_y=2), 0.2
    w, x, y = torch.ones(2, 3, dtype=torch.float64), prompts.x[0], prompts.y[0]
    slope = (y - x @ w.T).T @ x
    mistakes = {
        "1/N is missing: the loss is a mean over the examples.": w + lr * slope,
        "the sign is turned: this step climbs.": w - lr * slope / len(x),
        "that is ΔW alone; add it to W.": lr * slope / len(x),
        "there is a 2 too much: the loss has a ½ in front.": w + 2 * lr * slope / len(x),
        "W is missing in the residual y − W x.": w + lr * y.T @ x / len(x),
    }
    return grade(answer, (w, x, y, lr), w + lr * slope / len(x), "W + (η/N) Σ (y − W x) xᵀ.", mistakes)


def largest_stable_step(answer: Callable[[Tensor], float]) -> Feedback:
    """`answer(x)` → the step size above which gradient descent diverges; x (N, N_x)."""
    x = problem(n=9).x[0]
    top = torch.linalg.eigvalsh(x.T @ x / len(x))
    mistakes = {
        "that is 1/λ_max, where the steepest direction is done in one step. It may overshoot up to twice that.": 1
        / top[-1],
        "that uses the smallest eigenvalue; the steepest direction breaks first.": 2 / top[0],
        "N is missing: the Hessian is (1/N) XᵀX.": 2 / (top[-1] * len(x)),
    }
    return grade(answer, (x,), 2 / top[-1], "|1 − ηλ| < 1 for every eigenvalue λ means η < 2/λ_max.", mistakes)


def best_gaussian_step_size(answer: Callable[[int, int], float]) -> Feedback:
    """`answer(n_context, dim_x)` → η* for x ~ N(0, I) without noise: N / (N + N_x + 1)."""
    n, d = torch.tensor(9.0), torch.tensor(4.0)
    mistakes = {
        "that would be right for inputs ±1 (κ = 1). A normal coordinate has E x⁴ = 3.": n / (n + d - 1),
        "that would be right for uniform inputs of variance 1 (κ = 9/5).": n / (n + d - 0.2),
        "that is the best step for N → ∞, where C is exactly I.": torch.tensor(1.0),
        "E C² has the term i = i′ too: Σ over i of x x xᵀ xᵀ.": n / (n - 1),
    }
    return grade(answer, (9, 4), n / (n + d + 1), "κ = 3 in N / (s (N + N_x + κ − 2)), s = 1.", mistakes)


def heavy_ball(answer: Callable[[Tensor, Tensor, float, float, int], Tensor]) -> Feedback:
    """`answer(x, y, lr, momentum, steps)` → W after `steps` steps from zero; x (N, N_x), y (N, N_y)."""
    prompts, lr, beta, steps = problem(), 0.2, 0.7, 4

    def run(look_ahead: bool, scale: float) -> Tensor:
        w = velocity = torch.zeros(1, 3, dtype=torch.float64)
        for _ in range(steps):
            at = w + beta * velocity if look_ahead else w
            velocity = beta * velocity + scale * (learners.gradient_step(at[None], prompts, lr)[0] - at)
            w = w + velocity
        return w

    mistakes = {
        "that is Nesterov's method: it takes the gradient ahead, at W + βV.": run(True, 1.0),
        "the gradient is damped by 1 − β as well; the heavy ball adds it in full.": run(False, 1 - beta),
        "that is plain gradient descent: the velocity is forgotten.": learners.gradient_descent(prompts, lr, steps)[0],
    }
    arguments = (prompts.x[0], prompts.y[0], lr, beta, steps)
    return grade(answer, arguments, run(False, 1.0), "V ← βV − η∇L, W ← W + V.", mistakes)

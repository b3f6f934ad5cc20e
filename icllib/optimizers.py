"""Updates of many models: at once where an optimiser treats each number alone, else in turn."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from icllib.ensemble import Ensemble
from icllib.recipes import Recipe
from icllib.tasks import Prompts

__all__ = ["Adam", "Each", "Together", "optimizer_of"]

#: Optimisers of torch that update each number from its own gradients alone.
_ELEMENTWISE = {
    "ASGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop",
    "Rprop", "SGD",
}  # fmt: skip


class Adam:
    """What `torch.optim.Adam` computes, bit by bit; that one first loads a compiler, for seconds.

    m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,
    w ← w − lr · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε).
    [Kingma and Ba 2015]
    """

    def __init__(
        self,
        weights: Tensor,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        self.weights, self.betas, self.eps = weights, betas, eps
        self.param_groups = [{"lr": lr}]
        self.step_number, self.mean, self.square = (
            0,
            torch.zeros_like(weights),
            torch.zeros_like(weights),
        )

    @torch.no_grad()
    def step(self) -> None:
        """Update the weights by their `grad`."""
        (beta_1, beta_2), gradient, lr = self.betas, self.weights.grad, self.param_groups[0]["lr"]
        self.step_number += 1
        self.mean.lerp_(gradient, 1 - beta_1)
        self.square.mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
        size = (self.square.sqrt() / (1 - beta_2**self.step_number) ** 0.5).add_(self.eps)
        self.weights.addcdiv_(self.mean, size, value=-(lr / (1 - beta_1**self.step_number)))

    def state_dict(self) -> dict[str, object]:
        """Everything that goes on from here."""
        return {"step_number": self.step_number, "mean": self.mean, "square": self.square}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Go on from there."""
        self.step_number = state["step_number"]
        self.mean.copy_(state["mean"])
        self.square.copy_(state["square"])


class Together:
    """One optimiser for the table of all models' weights."""

    def __init__(self, recipe: Recipe, ensemble: Ensemble) -> None:
        self.table = ensemble.table
        if recipe.optimizer == "Adam" and set(recipe.options) <= {"betas", "eps"}:
            self.optimizer = Adam(self.table, recipe.lr, **recipe.options)
        else:
            self.optimizer = getattr(torch.optim, recipe.optimizer)(
                [self.table], lr=recipe.lr, **recipe.options
            )

    def update(
        self, gradients: Float[Tensor, "S n"], rate: float, goes_on: Bool[Tensor, "S"], *_: object
    ) -> None:
        """Update the rows that go on."""
        before = None if bool(goes_on.all()) else self.table.clone()
        self.table.grad = gradients
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.step()
        if before is not None:
            self.table[~goes_on] = before[~goes_on]

    def state(self) -> list[dict[str, object]]:
        """Everything that goes on from here."""
        return [self.optimizer.state_dict()]

    def load(self, states: list[dict[str, object]]) -> None:
        """Go on from there."""
        self.optimizer.load_state_dict(states[0])


class Each:
    """An optimiser for each model: any of torch's, L-BFGS too, which asks for the loss anew."""

    def __init__(self, recipe: Recipe, ensemble: Ensemble) -> None:
        self.ensemble = ensemble
        make = getattr(torch.optim, recipe.optimizer)
        self.learning = [
            [p for p in model.parameters() if p.requires_grad] for model in ensemble.models
        ]
        self.optimizers = [
            make(parameters, lr=recipe.lr, **recipe.options) for parameters in self.learning
        ]

    def update(
        self,
        gradients: Float[Tensor, "S n"],
        rate: float,
        goes_on: Bool[Tensor, "S"],
        prompts: Prompts,
        step: int,
    ) -> None:
        """Update the models that go on."""
        for place in goes_on.nonzero().flatten().tolist():
            parameters, optimizer = self.learning[place], self.optimizers[place]
            parts = gradients[place].split([parameter.numel() for parameter in parameters])
            for parameter, part in zip(parameters, parts, strict=True):
                parameter.grad = part.view_as(parameter)
            for group in optimizer.param_groups:
                group["lr"] = rate

            def again(place: int = place, optimizer: torch.optim.Optimizer = optimizer) -> Tensor:
                optimizer.zero_grad()
                value = self.ensemble.loss(place, prompts, step)
                value.backward()
                return value

            optimizer.step(*[again] * isinstance(optimizer, torch.optim.LBFGS))

    def state(self) -> list[dict[str, object]]:
        """Everything that goes on from here."""
        return [optimizer.state_dict() for optimizer in self.optimizers]

    def load(self, states: list[dict[str, object]]) -> None:
        """Go on from there."""
        for optimizer, state in zip(self.optimizers, states, strict=True):
            optimizer.load_state_dict(state)


def optimizer_of(recipe: Recipe, ensemble: Ensemble) -> Together | Each:
    """The faster of the two that computes what one optimiser a model would."""
    return (Together if recipe.optimizer in _ELEMENTWISE else Each)(recipe, ensemble)

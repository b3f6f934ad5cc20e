"""Models side by side, one a seed: their weights are rows of a table, gradients found at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor, nn

from icllib.errors import InputError
from icllib.tasks import Prompts

__all__ = ["Ensemble"]

Objective = Callable[[nn.Module, Prompts], Tensor]


class Ensemble:
    """S models, one a seed.

    Args:
        models: of the same make, on one device and of one dtype.
        seeds: theirs.
        objective: ``objective(model, prompts)`` → the loss, a scalar.
        reads_stacks: the objective also takes a model whose parameters have an axis of S models in
            front, and answers with their S losses.
        trains: parameters that learn, by the last part of their name; None for all.

    Attributes:
        table: (S, n), in each row all weights of one model that learn.
        stacked: name → (S, …), all parameters; those that learn are views of the table.
        models: their parameters are slices of `stacked`.

    Raises:
        InputError: a parameter to train that the models do not have.
    """

    def __init__(
        self,
        models: Sequence[nn.Module],
        seeds: Sequence[int],
        objective: Objective,
        reads_stacks: bool = False,
        trains: Sequence[str] | None = None,
    ) -> None:
        self.models, self.seeds, self.objective = list(models), list(seeds), objective
        self._share_weights(trains)
        # Borrows weights: torch would leave them behind in a layer that stands twice.
        self._stack = deepcopy(self.models[0])
        if reads_stacks:
            self._find = self._together
            for name, parameter in self._stack.named_parameters():
                parameter.data = self.stacked[name]
        else:
            has_buffers = any(True for model in self.models for _ in model.buffers())
            self._find = self._one_by_one if has_buffers or len(self.models) == 1 else self._by_vmap

    def _share_weights(self, trains: Sequence[str] | None) -> None:
        own = [dict(model.named_parameters()) for model in self.models]
        last = {name: name.rsplit(".", 1)[-1] for name in own[0]}
        for wanted in trains or ():
            if wanted not in last.values():
                raise InputError(
                    f"recipe.trains names {wanted!r}, expected parameters of the model: "
                    f"{list(last)}"
                )
        self.learning = [name for name in last if trains is None or last[name] in trains]
        self.stacked = {name: torch.stack([one[name].detach() for one in own]) for name in last}
        columns = [self.stacked[name].reshape(len(own), -1) for name in self.learning]
        self.table = torch.cat(columns, dim=1)
        for name, part in zip(
            self.learning, self.table.split([c.shape[1] for c in columns], 1), strict=True
        ):
            self.stacked[name] = part.view(len(own), *own[0][name].shape)
        for name in last:
            for place, parameters in enumerate(own):
                parameters[name].data = self.stacked[name][place]
                parameters[name].requires_grad_(name in self.learning)

    def losses_and_gradients(
        self, prompts: Prompts, step: int
    ) -> tuple[Float[Tensor, "S"], Float[Tensor, "S n"]]:
        """The loss of each model on the same prompts, and its gradient in the order of the table.

        Args:
            prompts: of all models.
            step: with a model's seed, it seeds what that model draws by itself, such as dropout.
        """
        losses, gradients = self._find(prompts, step)
        rows = [gradient.reshape(len(self.models), -1) for gradient in gradients]
        return losses.detach(), torch.cat(rows, dim=1)

    def loss(self, place: int, prompts: Prompts, step: int) -> Float[Tensor, ""]:
        """The loss of one model."""
        generator = torch.cuda if self.table.is_cuda else torch.default_generator
        generator.manual_seed((self.seeds[place] * 1_000_003 + step) % 2**32)
        return self.objective(self.models[place], prompts)

    def _together(self, prompts: Prompts, step: int) -> tuple[Tensor, Sequence[Tensor]]:
        losses = self.objective(self._stack, prompts)
        leaves = [parameter for parameter in self._stack.parameters() if parameter.requires_grad]
        return losses, torch.autograd.grad(losses.sum(), leaves, materialize_grads=True)

    def _by_vmap(self, prompts: Prompts, step: int) -> tuple[Tensor, Sequence[Tensor]]:
        model = _WithLoss(self._stack, self.objective)
        weights = {f"model.{name}": tensor.detach() for name, tensor in self.stacked.items()}
        leaves = [weights[f"model.{name}"].requires_grad_() for name in self.learning]
        try:
            losses = torch.vmap(lambda one: torch.func.functional_call(model, one, (prompts,)))(
                weights
            )
            return losses, torch.autograd.grad(losses.sum(), leaves, materialize_grads=True)
        except RuntimeError:  # what vmap cannot do (dropout, a look at a value), a loop can
            self._find = self._one_by_one
            return self._find(prompts, step)

    def _one_by_one(self, prompts: Prompts, step: int) -> tuple[Tensor, Sequence[Tensor]]:
        losses, gradients = [], []
        for place, model in enumerate(self.models):
            losses.append(self.loss(place, prompts, step))
            leaves = [parameter for parameter in model.parameters() if parameter.requires_grad]
            gradients.append(torch.autograd.grad(losses[-1], leaves, materialize_grads=True))
        return torch.stack(losses), [torch.stack(parts) for parts in zip(*gradients, strict=True)]


class _WithLoss(nn.Module):
    """The loss as a module, so that `functional_call` can put other weights into the model."""

    def __init__(self, model: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, prompts: Prompts) -> Tensor:
        return self.objective(self.model, prompts)

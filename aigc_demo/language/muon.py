r"""Muon: momentum whose update is made orthogonal, for the matrices inside a network.

For a weight $W$ with gradient $G_t$:

    $M_t = \mu M_{t-1} + G_t$,   $U_t = \mathrm{orth}(G_t + \mu M_t)$,
    $W_t = W_{t-1} - \eta \sqrt{\max(1, n/m)}\,U_t$   for $W$ of $n$ rows and $m$ columns

where $\mathrm{orth}(U \Sigma V^\top) = U V^\top$: every direction of the update gets the same length, the rare
ones too. Embeddings and norms are left to AdamW. (Jordan et al. 2024, "Muon: an optimizer for hidden layers".)

torch.optim.Muon works in bfloat16, which a CPU without that format emulates ten times slower than float32; this one
works in the precision that it is told, and treats all matrices of one shape in one batch.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

COEFFICIENTS = 3.4445, -4.7750, 2.0315  # Jordan's: steep at 0 rather than exact at 1


def orthogonalise(matrices: Tensor, steps: int = 5) -> Tensor:
    r"""Nearly $UV^\top$ of each matrix (..., n, m): the singular values end between about 0.7 and 1.2.

    Newton-Schulz: $X \leftarrow aX + (bA + cA^2)X$ with $A = XX^\top$, which works on each singular value as the
    polynomial $a\sigma + b\sigma^3 + c\sigma^5$.
    """
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    x = _on_the_small_side(x, steps) if x.dtype == torch.float32 else _one_by_one(x, steps)
    return x.mT if tall else x


def _one_by_one(x: Tensor, steps: int) -> Tensor:
    """The iteration as it is written, which half precision bears."""
    a, b, c = COEFFICIENTS
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


def _on_the_small_side(x: Tensor, steps: int) -> Tensor:
    """The same in exact arithmetic, without X, which may be much wider than its Gram matrix.

    The factors $P_k = aI + bA_k + cA_k^2$ commute with $A_k$, so that $A_{k+1} = P_k A_k P_k$, and $X$ is multiplied
    once, by their product. In half precision these products would leave [0.7, 1.2].
    """
    a, b, c = COEFFICIENTS
    gram, product = x @ x.mT, None
    for step in range(steps):
        factor = b * gram + c * gram @ gram
        factor.diagonal(dim1=-2, dim2=-1).add_(a)
        product = factor if product is None else factor @ product
        if step < steps - 1:
            gram = factor @ gram @ factor
    return product @ x


class Muon(torch.optim.Optimizer):
    """Orthogonal momentum for 2-D parameters; `weight_decay` is decoupled, as in AdamW.

    `precision` is what updates are made orthogonal in; momentum and weights keep their own.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        precision: torch.dtype = torch.float32,
    ) -> None:
        self.precision = precision
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """One update of every matrix that has a gradient."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    by_shape[weight.shape].append(weight)
            for weights in by_shape.values():
                self._update(weights, group["lr"], group["momentum"], group["weight_decay"])

    def _update(self, weights: list[Tensor], rate: float, momentum: float, weight_decay: float) -> None:
        """Update weights of one shape together."""
        directions = []
        for weight in weights:
            state = self.state[weight]
            if not state:
                state["momentum"] = torch.zeros_like(weight)
            mean = state["momentum"].mul_(momentum).add_(weight.grad)
            directions.append(weight.grad.add(mean, alpha=momentum))
        orthogonal = orthogonalise(torch.stack(directions).to(self.precision))
        rows, columns = weights[0].shape
        scale = rate * max(1.0, rows / columns) ** 0.5
        for weight, update in zip(weights, orthogonal, strict=True):
            weight.mul_(1 - rate * weight_decay).add_(update, alpha=-scale)


class KernelMuon(Muon):
    """Muon for kernels of convolutions: all weights that lead to one channel are a row of a matrix.

    Kernels (n, C, h, w) lie with their channels last in memory (torch.channels_last), so that the matrices (n, h w C) are
    views of them; a ValueError where they do not.
    """

    def __init__(self, kernels: Sequence[Tensor], lr: float = 0.02, weight_decay: float = 0.0) -> None:
        self.kernels = list(kernels)
        if not all(kernel.is_contiguous(memory_format=torch.channels_last) for kernel in self.kernels):
            raise ValueError("kernels must have their channels last in memory")
        matrices = [kernel.detach().movedim(1, 3).flatten(1) for kernel in self.kernels]
        super().__init__(matrices, lr=lr, weight_decay=weight_decay)

    def step(self, closure: None = None) -> None:
        """One update of every kernel that has a gradient."""
        for matrix, kernel in zip(self.param_groups[0]["params"], self.kernels, strict=True):
            matrix.grad = None if kernel.grad is None else kernel.grad.movedim(1, 3).flatten(1)
        super().step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of matrices and kernels."""
        super().zero_grad(set_to_none)
        for kernel in self.kernels:
            kernel.grad = None

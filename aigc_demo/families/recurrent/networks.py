r"""A recurrent language model: long short-term memory (Hochreiter and Schmidhuber 1997; with the forget gate of Gers,
Schmidhuber and Cummins 2000), in torch alone.

At each token $x_t$ a layer with memory $c_{t-1}$ and output $h_{t-1}$ computes, from its input $e_t$,

    $i_t = \sigma(W_i e_t + U_i h_{t-1} + b_i)$          input gate: what is written
    $f_t = \sigma(W_f e_t + U_f h_{t-1} + b_f)$          forget gate: what is kept
    $o_t = \sigma(W_o e_t + U_o h_{t-1} + b_o)$          output gate: what is shown
    $g_t = \tanh(W_g e_t + U_g h_{t-1} + b_g)$           the candidate
    $c_t = f_t \odot c_{t-1} + i_t \odot g_t$            the cell: where $f_t$ is near 1, nothing is lost on the way
    $h_t = o_t \odot \tanh c_t$

The first layer's input is the embedding $E[x_t]$; the last layer's output gives the logits $E\,P h_t$ of the next token,
with the embedding used twice (Press and Wolf 2017) and $P$ making its width from that of the memory.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    """What fixes the network: vocabulary, width of the embedding and of the memory, layers, and dropout while training."""

    vocab_size: int
    width: int = 64
    hidden_size: int = 96
    layers: int = 1
    dropout: float = 0.0


class State:
    """What is remembered of the `length` tokens read so far: h and c, each (layers, batch, hidden_size)."""

    def __init__(self, h: Tensor, c: Tensor, length: int = 0) -> None:
        self.h, self.c, self.length = h, c, length

    def expand(self, batch: int) -> "State":
        """The state of one text, for `batch` that go on from it."""
        wide = (part.expand(-1, batch, -1).contiguous() for part in (self.h, self.c))
        return State(*wide, self.length)


class Recurrent(nn.Module):
    """The whole network, from token ids to the logits of the next token."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocab_size, shape.width)
        between = shape.dropout if shape.layers > 1 else 0.0
        self.lstm = nn.LSTM(shape.width, shape.hidden_size, shape.layers, batch_first=True, dropout=between)
        self.projection = nn.Linear(shape.hidden_size, shape.width, bias=False)
        self.dropout = nn.Dropout(shape.dropout)
        nn.init.normal_(self.embedding.weight, std=0.05)
        for name, value in self.lstm.named_parameters():
            if name.startswith("bias"):  # there are two, which add up; a memory begins by keeping
                nn.init.zeros_(value)
                if name.startswith("bias_ih"):
                    value.data[shape.hidden_size : 2 * shape.hidden_size] = 1.0

    def new_state(self, batch: int) -> State:
        """Nothing read yet: zeros."""
        size = (self.shape.layers, batch, self.shape.hidden_size)
        empty = torch.zeros(2, *size, device=self.embedding.weight.device)
        return State(empty[0], empty[1])

    def read(self, ids: Tensor, state: State) -> Tensor:
        """Read ids (batch, T) on from `state`, which then holds them too; what logits are made of, (batch, T, width)."""
        x = self.dropout(self.embedding(ids))
        y, (h, c) = self.lstm(x, (state.h.to(x.dtype), state.c.to(x.dtype)))
        state.h, state.c, state.length = h, c, state.length + ids.shape[1]
        return self.projection(self.dropout(y))

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., width) to (..., vocab_size)."""
        return F.linear(hidden, self.embedding.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """ids: (batch, T) of int64, each row a text from its start, to logits (batch, T, vocab_size)."""
        return self.logits(self.read(ids, self.new_state(len(ids))))

    @torch.no_grad()
    def gates(self, ids: Tensor) -> dict[str, Tensor]:
        """Of one text (T,), by name: the gates "input", "forget" and "output" in (0, 1) and the "memory" c, (layers, T, hidden_size).

        Computed step by step as the formulas say, from the same weights.
        """
        x = self.embedding(ids)
        found: dict[str, list[Tensor]] = {name: [] for name in ("input", "forget", "output", "memory")}
        for layer in range(self.shape.layers):
            seen = self._steps(layer, x)
            for name, rows in found.items():
                rows.append(seen[name])
            x = seen["shown"]
        return {name: torch.stack(rows) for name, rows in found.items()}

    def _steps(self, layer: int, x: Tensor) -> dict[str, Tensor]:
        """One layer over its inputs x (T, width): the gates, the memory and what it shows, each (T, hidden_size)."""
        w, u, a, b = (
            getattr(self.lstm, f"{name}_l{layer}")
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        h = c = x.new_zeros(self.shape.hidden_size)
        steps: dict[str, list[Tensor]] = {
            name: [] for name in ("input", "forget", "output", "memory", "shown")
        }
        for e in x:
            i, f, g, o = (w @ e + a + u @ h + b).chunk(4)
            i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
            c = f * c + i * g.tanh()
            h = o * c.tanh()
            for rows, value in zip(steps.values(), (i, f, o, c, h), strict=True):
                rows.append(value)
        return {name: torch.stack(rows) for name, rows in steps.items()}

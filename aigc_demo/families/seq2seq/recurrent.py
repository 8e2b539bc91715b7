r"""Encoder and decoder as LSTMs: without attention (Sutskever et al. 2014), and with it (Luong et al. 2015).

An LSTM keeps a cell $c_t$, a memory that its gates open and close (Hochreiter and Schmidhuber 1997):

    $i, f, o = \sigma(W [x_t; h_{t-1}] + b)$ each,   $g = \tanh(W_g [x_t; h_{t-1}] + b_g)$
    $c_t = f \odot c_{t-1} + i \odot g$,   $h_t = o \odot \tanh(c_t)$

The encoder runs over the source in both directions; its last states, brought to the decoder's width, are what the decoder
starts from. Without attention that is all the decoder ever learns of the source: one vector and one cell, however long
the source is. With attention (Luong's global, "general") it looks back at every source state $s_j$ at each step:

    $a_{tj} = \mathrm{softmax}_j(h_t^\top W_a s_j)$,   $v_t = \sum_j a_{tj} s_j$,   $\tilde h_t = \tanh(W_c [v_t; h_t])$

and the next token is told from $\tilde h_t$. Nothing of it is fed back into the LSTM, so that training runs over all
target places in one pass.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from aigc_demo.families.seq2seq.networks import PADDING, Decoded, EncoderDecoder, Memory, Shape


class Recurrent(EncoderDecoder):
    """An LSTM that reads, and one that writes from where the first one ended."""

    attends = False

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        half = shape.width // 2
        self.encoder = nn.LSTM(shape.embedding, half, batch_first=True, bidirectional=True)
        self.decoder = nn.LSTM(shape.embedding, shape.width, batch_first=True)
        self.to_hidden, self.to_cell = (nn.Linear(shape.width, shape.width) for _ in range(2))
        for lstm in (self.encoder, self.decoder):
            _open_forget_gates(lstm)

    def encode(self, source: Tensor) -> Memory:
        """source: (B, S); start: the decoder's first hidden state and cell, each (B, 1, width)."""
        padding = source == PADDING
        lengths = (~padding).sum(1).cpu()
        packed = pack_padded_sequence(
            self.dropout(self.embedding(source)), lengths, batch_first=True, enforce_sorted=False
        )
        states, (hidden, cell) = self.encoder(packed)
        states, _ = pad_packed_sequence(states, batch_first=True, total_length=source.shape[1])
        both = (part.transpose(0, 1).flatten(1) for part in (hidden, cell))  # forward's end beside backward's
        hidden, cell = (
            layer(part)[:, None] for layer, part in zip((self.to_hidden, self.to_cell), both, strict=True)
        )
        return Memory(states, padding, (hidden.tanh(), cell))

    def decode(self, tokens: Tensor, memory: Memory, state: tuple[Tensor, ...] = ()) -> Decoded:
        """The state is hidden state and cell, each (B, 1, width)."""
        before = tuple(part.transpose(0, 1).contiguous() for part in state or memory.start)
        hidden, after = self.decoder(self.dropout(self.embedding(tokens)), before)
        return self._look(hidden, memory, tuple(part.transpose(0, 1) for part in after))

    def _look(self, hidden: Tensor, memory: Memory, state: tuple[Tensor, ...]) -> Decoded:
        """Without attention: the LSTM's own states are what tokens are told from."""
        return Decoded(hidden, None, state)


class RecurrentAttention(Recurrent):
    """The same, and attention over all source states at each step."""

    attends = True

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.score = nn.Linear(shape.width, shape.width, bias=False)
        self.combine = nn.Linear(2 * shape.width, shape.width, bias=False)

    def _look(self, hidden: Tensor, memory: Memory, state: tuple[Tensor, ...]) -> Decoded:
        scores = hidden @ self.score(memory.states).mT
        weights = scores.masked_fill(memory.padding[:, None], -math.inf).softmax(-1)
        found = weights.to(memory.states.dtype) @ memory.states
        return Decoded(self.combine(torch.cat((found, hidden), -1)).tanh(), weights, state)


def _open_forget_gates(lstm: nn.LSTM) -> None:
    """Forget gates begin open, so that a new cell remembers (Jozefowicz et al. 2015): their bias is 1."""
    for name, bias in lstm.named_parameters():
        if name.startswith("bias_ih"):
            with torch.no_grad():
                bias[bias.shape[0] // 4 : bias.shape[0] // 2] = 1.0

"""Sequences of unequal lengths in PyTorch's own recurrent modules, the batch first and the longest sequence first."""

import torch
from torch.nn.utils import rnn


def packed(module, lengths, time_steps):
    """The forward pass that computes no step behind a sequence's end; its output is zero there."""
    lengths = torch.tensor(lengths)

    def forward(x):
        output, _ = module(rnn.pack_padded_sequence(x, lengths, batch_first=True))
        return rnn.pad_packed_sequence(output, batch_first=True, total_length=time_steps)[0]

    return forward


def masked(module, lengths, time_steps):
    """The forward pass that computes all steps and sets the output behind a sequence's end to zero."""
    within = (torch.arange(time_steps) < torch.tensor(lengths)[:, None]).unsqueeze(2)
    return lambda x: module(x)[0] * within


WAYS = {"packed": packed, "all steps, masked": masked}

"""A recurrent network as a loop over time in PyTorch, for the cells that PyTorch does not have: what a careful user would
write. What does not wait for the state is computed for all steps at once, before the loop."""

from typing import List, Tuple

import torch

Tensor = torch.Tensor
One = Tuple[Tensor]
Two = Tuple[Tensor, Tensor]
Four = Tuple[Tensor, Tensor, Tensor, Tensor]


class LoopCell(torch.nn.Module):
    """A cell says how it projects the input, what it starts from and what a step does; the first of what it carries is
    its output. Matrices are [outputs, inputs], as in PyTorch's own modules."""

    blocks = 1  # of rows of the input's matrix
    cut = 0  # after so many of them the projection is split, for cells that use its parts in different places
    recurrent = 1  # blocks of rows of the hidden state's matrix

    def __init__(self, d_input, d_hidden):
        super().__init__()
        self.d_hidden = d_hidden
        self.first: int = self.cut * d_hidden
        self.w_input = self.weight(self.blocks * d_hidden, d_input)
        self.bias = self.weight(self.blocks * d_hidden)
        if self.recurrent:
            self.w_hidden = self.weight(self.recurrent * d_hidden, d_hidden)

    def weight(self, *shape):
        bound = self.d_hidden**-0.5
        return torch.nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))

    def all_biases(self) -> Tensor:
        return self.bias

    def project(self, x: Tensor) -> Two:
        """What a step takes from the input: the two parts, or the whole twice."""
        projected = torch.nn.functional.linear(x, self.w_input, self.all_biases())
        if self.first == 0:
            return projected, projected
        return projected[..., : self.first], projected[..., self.first :]

    def zeros(self, batch: int) -> Tensor:
        return torch.zeros(batch, self.d_hidden)

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.project(x)
        outputs, _ = self.steps(first.unbind(1), second.unbind(1), self.start(x.size(0)))
        return torch.stack(outputs, 1)

    def one_step(self, x, state):
        first, second = self.project(x)
        return self.step(first, second, state)


def carrying(State):
    """The loop for cells that carry a tuple of this type: TorchScript wants to know how long it is."""

    class Carrying(LoopCell):
        def steps(self, first: List[Tensor], second: List[Tensor], state: State) -> Tuple[List[Tensor], State]:
            # TorchScript finds the names in annotations only where the code uses them too.
            state = torch.jit.annotate(State, state)
            outputs: List[Tensor] = []
            for first_t, second_t in zip(first, second):
                state = self.step(first_t, second_t, state)
                outputs.append(state[0])
            return outputs, state

    return Carrying


class OneState(carrying(One)):
    def start(self, batch: int) -> One:
        return (self.zeros(batch),)


class TwoStates(carrying(Two)):
    def start(self, batch: int) -> Two:
        zeros = self.zeros(batch)
        return zeros, zeros


FourStates = carrying(Four)


def compiled(module, time_steps):
    """The module's forward pass with a few steps at a time as one compiled graph: a graph of all steps takes
    minutes to compile, and one of a single step gains nothing over no compiler."""
    together = max(n for n in range(1, 11) if time_steps % n == 0)
    steps = torch.compile(module.steps, dynamic=False)

    def forward(x):
        first, second = (projected.unbind(1) for projected in module.project(x))
        state = module.start(x.size(0))
        outputs = []
        for at in range(0, time_steps, together):
            some, state = steps(list(first[at : at + together]), list(second[at : at + together]), state)
            outputs += some
        return torch.stack(outputs, 1)

    return forward

"""The cells that PyTorch does not have, by the names of the command line. Each step takes what of the input is its own
(`LoopCell.project`) and what it carried, and has as few operators as the equations allow. A matrix of which a step would
need a part is two parameters: the gradient of a part is as large as the whole in every step."""

import torch
from torch.nn.functional import layer_norm, linear, logsigmoid

from torch_loop import Four, FourStates, One, OneState, Tensor, Two, TwoStates

# --- the LSTM and the GRU in other forms ------------------------------------------------------------------------------


class Peephole(TwoStates):
    blocks = recurrent = 4

    def __init__(self, d_input, d_hidden):
        super().__init__(d_input, d_hidden)
        self.p_i, self.p_f, self.p_o = (self.weight(d_hidden) for _ in range(3))

    def step(self, x: Tensor, _: Tensor, state: Two) -> Two:
        h, c = state
        i, f, g, o = torch.addmm(x, h, self.w_hidden.t()).chunk(4, 1)
        i = torch.sigmoid(torch.addcmul(i, self.p_i, c))
        f = torch.sigmoid(torch.addcmul(f, self.p_f, c))
        c = f * c + i * torch.tanh(g)
        o = torch.sigmoid(torch.addcmul(o, self.p_o, c))
        return o * torch.tanh(c), c


class PeepholeFull(TwoStates):
    blocks = recurrent = 4

    def __init__(self, d_input, d_hidden):
        super().__init__(d_input, d_hidden)
        self.w_previous = self.weight(2 * d_hidden, d_hidden)
        self.w_current = self.weight(d_hidden, d_hidden)

    def step(self, x: Tensor, _: Tensor, state: Two) -> Two:
        h, c = state
        i, f, g, o = torch.addmm(x, h, self.w_hidden.t()).chunk(4, 1)
        p_i, p_f = torch.mm(c, self.w_previous.t()).chunk(2, 1)
        i = torch.sigmoid(i + p_i)
        f = torch.sigmoid(f + p_f)
        c = f * c + i * torch.tanh(g)
        o = torch.sigmoid(torch.addmm(o, c, self.w_current.t()))
        return o * torch.tanh(c), c


class Coupled(TwoStates):
    blocks = recurrent = 3

    def step(self, x: Tensor, _: Tensor, state: Two) -> Two:
        h, c = state
        f, g, o = torch.addmm(x, h, self.w_hidden.t()).chunk(3, 1)
        c = torch.lerp(torch.tanh(g), c, torch.sigmoid(f))
        return torch.sigmoid(o) * torch.tanh(c), c


class GruBefore(OneState):
    blocks, cut, recurrent = 3, 2, 2

    def __init__(self, d_input, d_hidden):
        super().__init__(d_input, d_hidden)
        self.w_new = self.weight(d_hidden, d_hidden)

    def step(self, gates: Tensor, new: Tensor, state: One) -> One:
        (h,) = state
        r, z = torch.sigmoid(torch.addmm(gates, h, self.w_hidden.t())).chunk(2, 1)
        new = torch.addmm(new, r * h, self.w_new.t())
        return (torch.lerp(h, torch.tanh(new), z),)


# --- other architectures ----------------------------------------------------------------------------------------------


class IndRnn(OneState):
    recurrent = 0

    def __init__(self, d_input, d_hidden):
        super().__init__(d_input, d_hidden)
        self.u_hidden = self.weight(d_hidden)

    def step(self, x: Tensor, _: Tensor, state: One) -> One:
        return (torch.relu(torch.addcmul(x, self.u_hidden, state[0])),)


class Ugrnn(OneState):
    blocks = recurrent = 2

    def step(self, x: Tensor, _: Tensor, state: One) -> One:
        (h,) = state
        g, u = torch.addmm(x, h, self.w_hidden.t()).chunk(2, 1)
        return (torch.lerp(torch.tanh(g), h, torch.sigmoid(u)),)


class Janet(OneState):
    blocks = recurrent = 2

    def __init__(self, d_input, d_hidden, beta=1.0):
        super().__init__(d_input, d_hidden)
        self.beta: float = beta

    def step(self, x: Tensor, _: Tensor, state: One) -> One:
        (h,) = state
        s, g = torch.addmm(x, h, self.w_hidden.t()).chunk(2, 1)
        # 1 − σ(s − β) = σ(β − s)
        new = torch.sigmoid(self.beta - s) * torch.tanh(g)
        return (torch.addcmul(new, torch.sigmoid(s), h),)


class Mgu(OneState):
    blocks, cut, recurrent = 2, 1, 1

    def __init__(self, d_input, d_hidden):
        super().__init__(d_input, d_hidden)
        self.w_candidate = self.weight(d_hidden, d_hidden)

    def step(self, forget: Tensor, candidate: Tensor, state: One) -> One:
        (h,) = state
        f = torch.sigmoid(torch.addmm(forget, h, self.w_hidden.t()))
        g = torch.tanh(torch.addmm(candidate, f * h, self.w_candidate.t()))
        return (torch.lerp(h, g, f),)


class Ran(TwoStates):
    blocks, cut, recurrent = 3, 1, 2

    def step(self, content: Tensor, gates: Tensor, state: Two) -> Two:
        h, c = state
        i, f = torch.sigmoid(torch.addmm(gates, h, self.w_hidden.t())).chunk(2, 1)
        c = torch.addcmul(i * content, f, c)
        return torch.tanh(c), c


class WithoutContentBias(OneState):
    """Two gates with a bias, and a content of the input without one."""

    blocks, cut, recurrent = 3, 2, 2

    def __init__(self, d_input, d_hidden):
        super().__init__(d_input, d_hidden)
        self.bias = self.weight(2 * d_hidden)

    def all_biases(self) -> Tensor:
        # With zeros behind them one product serves all three.
        return torch.nn.functional.pad(self.bias, (0, self.d_hidden))


class Cfn(WithoutContentBias):
    def project(self, x: Tensor) -> Two:
        projected = linear(x, self.w_input, self.all_biases())
        return projected[..., : self.first], torch.tanh(projected[..., self.first :])

    def step(self, gates: Tensor, content: Tensor, state: One) -> One:
        (h,) = state
        theta, eta = torch.sigmoid(torch.addmm(gates, h, self.w_hidden.t())).chunk(2, 1)
        return (torch.addcmul(eta * content, theta, torch.tanh(h)),)


class Nbrc(WithoutContentBias):
    def step(self, gates: Tensor, content: Tensor, state: One) -> One:
        (h,) = state
        a, c = torch.addmm(gates, h, self.w_hidden.t()).chunk(2, 1)
        # a h of the equations is h + tanh(·) h
        g = torch.tanh(torch.addcmul(content + h, torch.tanh(a), h))
        return (torch.lerp(g, h, torch.sigmoid(c)),)


class Minimal(OneState):
    def __init__(self, d_input, d_hidden):
        super().__init__(d_input, d_hidden)
        self.w_latent = self.weight(d_hidden, d_hidden)
        self.bias_gate = self.weight(d_hidden)

    def project(self, x: Tensor) -> Two:
        z = torch.tanh(linear(x, self.w_input, self.bias))
        return z, linear(z, self.w_latent, self.bias_gate)

    def step(self, z: Tensor, gate: Tensor, state: One) -> One:
        (h,) = state
        u = torch.sigmoid(torch.addmm(gate, h, self.w_hidden.t()))
        return (torch.lerp(z, h, u),)


class CoRnn(TwoStates):
    def __init__(self, d_input, d_hidden, dt=0.1, gamma=1.0, epsilon=1.0):
        super().__init__(d_input, d_hidden)
        self.w_velocity = self.weight(d_hidden, d_hidden)
        self.dt: float = dt
        self.gamma: float = gamma
        self.kept: float = 1.0 - dt * epsilon

    def step(self, x: Tensor, _: Tensor, state: Two) -> Two:
        h, z = state
        s = torch.addmm(torch.addmm(x, h, self.w_hidden.t()), z, self.w_velocity.t())
        force = torch.sub(torch.tanh(s), h, alpha=self.gamma)
        z = torch.add(self.kept * z, force, alpha=self.dt)
        return torch.add(h, z, alpha=self.dt), z


class Lem(TwoStates):
    """With Δt = 1, its default."""

    blocks, cut, recurrent = 4, 3, 3

    def __init__(self, d_input, d_hidden):
        super().__init__(d_input, d_hidden)
        self.w_latent = self.weight(d_hidden, d_hidden)

    def step(self, three: Tensor, last: Tensor, state: Two) -> Two:
        y, z = state
        slow, fast, g = torch.addmm(three, y, self.w_hidden.t()).chunk(3, 1)
        z = torch.lerp(z, torch.tanh(g), torch.sigmoid(slow))
        g = torch.tanh(torch.addmm(last, z, self.w_latent.t()))
        return torch.lerp(y, g, torch.sigmoid(fast)), z


class FastGrnn(FourStates):
    def __init__(self, d_input, d_hidden):
        super().__init__(d_input, d_hidden)
        self.bias_candidate = self.weight(d_hidden)
        self.zeta = torch.nn.Parameter(torch.tensor([1.0]))
        self.nu = torch.nn.Parameter(torch.tensor([-4.0]))

    def start(self, batch: int) -> Four:
        # What is the same in all steps is computed here and carried beside the state.
        zeta = torch.sigmoid(self.zeta)
        return self.zeros(batch), self.bias_candidate - self.bias, zeta, zeta + torch.sigmoid(self.nu)

    def step(self, x: Tensor, _: Tensor, state: Four) -> Four:
        h, between, zeta, both = state
        s = torch.addmm(x, h, self.w_hidden.t())
        z, g = torch.sigmoid(s), torch.tanh(s + between)
        # σ(ζ)(1 − z) + σ(ν)
        share = torch.addcmul(both, zeta, z, value=-1.0)
        return torch.addcmul(share * g, z, h), between, zeta, both


class Slstm(FourStates):
    """With one head, its default."""

    blocks = recurrent = 4

    def start(self, batch: int) -> Four:
        zeros = self.zeros(batch)
        return zeros, zeros, zeros, torch.full_like(zeros, float("-inf"))

    def step(self, x: Tensor, _: Tensor, state: Four) -> Four:
        h, c, n, m = state
        i, f, z, o = torch.addmm(x, h, self.w_hidden.t()).chunk(4, 1)
        f = logsigmoid(f) + m
        # The output does not depend on the stabilizer, so no gradient goes through it.
        m = torch.maximum(i, f).detach()
        i, f = torch.exp(i - m), torch.exp(f - m)
        c = torch.addcmul(i * torch.tanh(z), f, c)
        n = torch.addcmul(i, f, n)
        return torch.sigmoid(o) * (c / n), c, n, m


class LnLstm(TwoStates):
    """Layer-normalised, all four gates together; the input's side of all steps before the loop."""

    blocks = recurrent = 4

    def __init__(self, d_input, d_hidden):
        super().__init__(d_input, d_hidden)
        self.gain_input, self.gain_hidden = self.weight(4 * d_hidden), self.weight(4 * d_hidden)
        self.gain_cell, self.bias_cell = self.weight(d_hidden), self.weight(d_hidden)

    def project(self, x: Tensor) -> Two:
        projected = layer_norm(linear(x, self.w_input), [4 * self.d_hidden], self.gain_input, self.bias)
        return projected, projected

    def step(self, x: Tensor, _: Tensor, state: Two) -> Two:
        h, c = state
        recurrent = layer_norm(torch.mm(h, self.w_hidden.t()), [4 * self.d_hidden], self.gain_hidden)
        i, f, g, o = (x + recurrent).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        shown = torch.tanh(layer_norm(c, [self.d_hidden], self.gain_cell, self.bias_cell))
        return torch.sigmoid(o) * shown, c


class LnGru(OneState):
    """Layer-normalised, both gates together and the candidate alone; the input's side of all steps before the loop."""

    blocks, cut, recurrent = 3, 2, 3

    def __init__(self, d_input, d_hidden):
        super().__init__(d_input, d_hidden)
        self.gain_input, self.gain_hidden = self.weight(2 * d_hidden), self.weight(2 * d_hidden)
        self.gain_new_input, self.gain_new_hidden = self.weight(d_hidden), self.weight(d_hidden)
        self.bias_hidden = self.weight(d_hidden)

    def project(self, x: Tensor) -> Two:
        d = self.d_hidden
        projected = linear(x, self.w_input)
        gates = layer_norm(projected[..., : 2 * d], [2 * d], self.gain_input, self.bias[: 2 * d])
        return gates, layer_norm(projected[..., 2 * d :], [d], self.gain_new_input, self.bias[2 * d :])

    def step(self, gates: Tensor, new: Tensor, state: One) -> One:
        (h,) = state
        d = self.d_hidden
        recurrent = torch.mm(h, self.w_hidden.t())
        gates = gates + layer_norm(recurrent[:, : 2 * d], [2 * d], self.gain_hidden)
        r, z = torch.sigmoid(gates).chunk(2, 1)
        recurrent = layer_norm(recurrent[:, 2 * d :], [d], self.gain_new_hidden, self.bias_hidden)
        return (torch.lerp(h, torch.tanh(torch.addcmul(new, r, recurrent)), z),)


LOOP = {
    "peephole": Peephole,
    "peephole-full": PeepholeFull,
    "coupled": Coupled,
    "gru-before": GruBefore,
    "indrnn": IndRnn,
    "ugrnn": Ugrnn,
    "janet": Janet,
    "mgu": Mgu,
    "ran": Ran,
    "cfn": Cfn,
    "minimal": Minimal,
    "cornn": CoRnn,
    "lem": Lem,
    "fastgrnn": FastGrnn,
    "nbrc": Nbrc,
    "slstm": Slstm,
    "ln-lstm": LnLstm,
    "ln-gru": LnGru,
    # A user's own cell: the same here.
    "own": Mgu,
}

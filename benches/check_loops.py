"""Holds the loops of `torch_cells.py` against the equations of their cells, eager and scripted, outputs and all gradients,
and the ways of `torch_lengths.py` against sequences one by one: a peer that computes something else would be no peer. Run it
by hand: `python benches/check_loops.py`."""

import warnings

import torch
from torch import cat, exp, maximum, relu, sigmoid, tanh
from torch.nn.functional import logsigmoid, pad

from torch_cells import LOOP
from torch_lengths import WAYS

warnings.filterwarnings("ignore", category=FutureWarning)


def columns(module, x, h):
    """The blocks of the products with input and hidden state, the biases with the input's."""
    d = h.size(1)
    bias = cat([module.bias, module.bias.new_zeros(module.w_input.size(0) - module.bias.size(0))])
    from_hidden = (h @ module.w_hidden.T).split(d, 1) if hasattr(module, "w_hidden") else ()
    return (x @ module.w_input.T + bias).split(d, 1), from_hidden


# A step of each: what the cell carried to what it carries, its output first. Written as in the literature, not for speed.


def peephole(m, x, h, c):
    (xi, xf, xg, xo), (hi, hf, hg, ho) = columns(m, x, h)
    i, f, g = sigmoid(xi + hi + m.p_i * c), sigmoid(xf + hf + m.p_f * c), tanh(xg + hg)
    c = f * c + i * g
    return sigmoid(xo + ho + m.p_o * c) * tanh(c), c


def peephole_full(m, x, h, c):
    (xi, xf, xg, xo), (hi, hf, hg, ho) = columns(m, x, h)
    ci, cf = (c @ m.w_previous.T).chunk(2, 1)
    c = sigmoid(xf + hf + cf) * c + sigmoid(xi + hi + ci) * tanh(xg + hg)
    return sigmoid(xo + ho + c @ m.w_current.T) * tanh(c), c


def coupled(m, x, h, c):
    (xf, xg, xo), (hf, hg, ho) = columns(m, x, h)
    f = sigmoid(xf + hf)
    c = f * c + (1 - f) * tanh(xg + hg)
    return sigmoid(xo + ho) * tanh(c), c


def gru_before(m, x, h):
    (xr, xz, xn), (hr, hz) = columns(m, x, h)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return ((1 - z) * h + z * tanh(xn + (r * h) @ m.w_new.T),)


def indrnn(m, x, h):
    (x0,), _ = columns(m, x, h)
    return (relu(x0 + m.u_hidden * h),)


def ugrnn(m, x, h):
    (x0, x1), (h0, h1) = columns(m, x, h)
    u = sigmoid(x1 + h1)
    return (u * h + (1 - u) * tanh(x0 + h0),)


def janet(m, x, h):
    (x0, x1), (h0, h1) = columns(m, x, h)
    s = x0 + h0
    return (sigmoid(s) * h + (1 - sigmoid(s - 1)) * tanh(x1 + h1),)


def mgu(m, x, h):
    (x0, x1), (h0,) = columns(m, x, h)
    f = sigmoid(x0 + h0)
    return ((1 - f) * h + f * tanh(x1 + (f * h) @ m.w_candidate.T),)


def ran(m, x, h, c):
    (x0, x1, x2), (h0, h1) = columns(m, x, h)
    c = sigmoid(x1 + h0) * x0 + sigmoid(x2 + h1) * c
    return tanh(c), c


def cfn(m, x, h):
    (x0, x1, x2), (h0, h1) = columns(m, x, h)
    return (sigmoid(x0 + h0) * tanh(h) + sigmoid(x1 + h1) * tanh(x2),)


def minimal(m, x, h):
    (x0,), (h0,) = columns(m, x, h)
    z = tanh(x0)
    u = sigmoid(h0 + z @ m.w_latent.T + m.bias_gate)
    return (u * h + (1 - u) * z,)


def cornn(m, x, h, z):
    (x0,), (h0,) = columns(m, x, h)
    z = z + 0.1 * (tanh(x0 + h0 + z @ m.w_velocity.T) - h - z)
    return h + 0.1 * z, z


def lem(m, x, y, z):
    (x0, x1, x2, x3), (y0, y1, y2) = columns(m, x, y)
    slow, fast = sigmoid(x0 + y0), sigmoid(x1 + y1)
    z = (1 - slow) * z + slow * tanh(x2 + y2)
    return (1 - fast) * y + fast * tanh(x3 + z @ m.w_latent.T), z


def fastgrnn(m, x, h):
    s = x @ m.w_input.T + h @ m.w_hidden.T
    z, g = sigmoid(s + m.bias), tanh(s + m.bias_candidate)
    return ((sigmoid(m.zeta) * (1 - z) + sigmoid(m.nu)) * g + z * h,)


def nbrc(m, x, h):
    (x0, x1, x2), (h0, h1) = columns(m, x, h)
    a, c = 1 + tanh(x0 + h0), sigmoid(x1 + h1)
    return (c * h + (1 - c) * tanh(x2 + a * h),)


def slstm(m, x, h, c, n, k):
    (xi, xf, xz, xo), (hi, hf, hz, ho) = columns(m, x, h)
    i, f = xi + hi, xf + hf
    new = maximum(i, k + logsigmoid(f))
    i, f = exp(i - new), exp(k + logsigmoid(f) - new)
    c, n = f * c + i * tanh(xz + hz), f * n + i
    return sigmoid(xo + ho) * c / n, c, n, new


def norm(a, gain, bias):
    mean = a.mean(1, keepdim=True)
    variance = ((a - mean) ** 2).mean(1, keepdim=True)
    return gain * (a - mean) / (variance + 1e-5).sqrt() + bias


def ln_lstm(m, x, h, c):
    a = norm(x @ m.w_input.T, m.gain_input, m.bias) + norm(h @ m.w_hidden.T, m.gain_hidden, 0)
    i, f, g, o = a.chunk(4, 1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(norm(c, m.gain_cell, m.bias_cell)), c


def ln_gru(m, x, h):
    d = h.size(1)
    x, u = x @ m.w_input.T, h @ m.w_hidden.T
    gates = norm(x[:, : 2 * d], m.gain_input, m.bias[: 2 * d]) + norm(u[:, : 2 * d], m.gain_hidden, 0)
    r, z = sigmoid(gates).chunk(2, 1)
    new = norm(x[:, 2 * d :], m.gain_new_input, m.bias[2 * d :])
    new = tanh(new + r * norm(u[:, 2 * d :], m.gain_new_hidden, m.bias_hidden))
    return ((1 - z) * h + z * new,)


own = mgu
STATES = {peephole: 2, peephole_full: 2, coupled: 2, ran: 2, cornn: 2, lem: 2, ln_lstm: 2, slstm: 4}


def by_equations(step, module, x):
    zeros = x.new_zeros(x.size(0), module.d_hidden)
    state = [zeros] * STATES.get(step, 1)
    if step is slstm:
        state[3] = torch.full_like(zeros, float("-inf"))
    outputs = []
    for x_t in x.unbind(1):
        state = step(module, x_t, *state)
        outputs.append(state[0])
    return torch.stack(outputs, 1)


def check(name):
    step = globals()[name.replace("-", "_")]
    module = LOOP[name](5, 8)
    x, seed = torch.randn(3, 20, 5), torch.randn(3, 20, 8)

    def results(forward):
        output = forward(x)
        return [output, *torch.autograd.grad((output * seed).sum(), list(module.parameters()))]

    script = torch.jit.script(module)
    with torch.no_grad():
        state = module.start(3)
        traced = torch.jit.trace_module(module, {"one_step": (x[:, 0], state)})
        for x_t in x.unbind(1):
            state = traced.one_step(x_t, state)
    # More than twice: TorchScript optimizes what it has seen run.
    ways = {"eager": results(module), **{f"TorchScript, call {call}": results(script) for call in range(1, 5)}}
    torch.set_default_dtype(torch.float64)
    module.double()
    x = x.double()
    expected = results(lambda x: by_equations(step, module, x))
    torch.set_default_dtype(torch.float32)
    worst = (state[0] - expected[0][:, -1]).abs().max().item()
    for way, found in ways.items():
        difference = max((one - other).abs().max().item() for one, other in zip(found, expected, strict=True))
        assert difference < 1e-4, f"{name}, {way}: differs by {difference:.2g}"
        worst = max(worst, difference)
    assert worst < 1e-4, f"{name}, step by step: differs by {worst:.2g}"
    print(f"{name}: eager, scripted and step by step within {worst:.1e} of its equations")


def check_lengths(kind):
    lengths, time_steps = [9, 7, 7, 1], 10
    module = kind(5, 8, batch_first=True)
    x, seed = torch.randn(len(lengths), time_steps, 5), torch.randn(len(lengths), time_steps, 8)

    def one_by_one(x):
        outputs = (module(x[None, row, :length])[0][0] for row, length in enumerate(lengths))
        return torch.stack([pad(output, (0, 0, 0, time_steps - len(output))) for output in outputs])

    def results(forward):
        output = forward(x)
        return [output, *torch.autograd.grad((output * seed).sum(), list(module.parameters()))]

    expected = results(one_by_one)
    for way, make in WAYS.items():
        found = results(make(module, lengths, time_steps))
        difference = max((one - other).abs().max().item() for one, other in zip(found, expected, strict=True))
        assert difference < 1e-4, f"{kind.__name__}, {way}: differs by {difference:.2g}"
        print(f"nn.{kind.__name__}, {way}: within {difference:.1e} of sequences one by one")


if __name__ == "__main__":
    torch.manual_seed(0)
    for name in LOOP:
        check(name)
    for kind in (torch.nn.RNN, torch.nn.LSTM, torch.nn.GRU):
        check_lengths(kind)

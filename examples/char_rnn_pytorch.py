"""Trains the character language model of `char-rnn.rs` in PyTorch, to compare with.

    pip install torch
    python examples/char_rnn_pytorch.py --text FILE

Data, model, initialization, optimizer and evaluation are those of the Rust program; only the random
numbers differ. Run it with `--help` for the settings.
"""

import argparse
import math
import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "simple": nn.RNN}
GATES = {"lstm": 4, "gru": 3, "simple": 1}


class CharModel(nn.Module):
    """Embedding, recurrent network, and one logit a character."""

    def __init__(self, characters: int, cell: str, layers: int, hidden: int, embedding: int, dropout: float):
        super().__init__()
        self.embedding = nn.Embedding(characters, embedding)
        self.network = CELLS[cell](embedding, hidden, layers, batch_first=True, dropout=dropout)
        self.head = nn.Linear(hidden, characters)
        initialize(self.network, cell)

    def forward(self, ids: Tensor, state):
        hidden, state = self.network(self.embedding(ids), state)
        return self.head(hidden), state


@torch.no_grad()
def initialize(network: nn.RNNBase, cell: str) -> None:
    """The Rust library's default: Glorot-uniform and orthogonal weights gate by gate, biases zero
    but for a forget bias of 1.

    The Rust cells have one bias a gate where PyTorch has two that are added. The second ones stay at
    zero, except in a GRU's candidate, where the second is multiplied by the reset gate.
    """
    for name, parameter in network.named_parameters():
        blocks = parameter.chunk(GATES[cell])
        if name.startswith("weight_ih"):
            for block in blocks:
                nn.init.xavier_uniform_(block)
        elif name.startswith("weight_hh"):
            for block in blocks:
                nn.init.orthogonal_(block)
        else:
            parameter.zero_()
            if cell == "lstm" and name.startswith("bias_ih"):
                blocks[1].fill_(1.0)
            if name.startswith("bias_hh"):
                trained = torch.zeros_like(parameter)
                if cell == "gru":
                    trained.chunk(3)[2].fill_(1.0)
                parameter.register_hook(lambda gradient, trained=trained: gradient * trained)


class Streams:
    """A text cut into stretches that are read side by side, window by window; fewer stretches where
    it is too short for `streams` of them."""

    def __init__(self, ids: Tensor, streams: int, seq_len: int):
        streams = max(1, min(streams, (len(ids) - 1) // seq_len))
        per = (len(ids) - 1) // streams
        if per < seq_len:
            raise SystemExit(f"The text is too short: {len(ids)} characters, needed {seq_len + 1}.")
        self.inputs = ids[: streams * per].view(streams, per)
        self.targets = ids[1 : streams * per + 1].view(streams, per)
        self.windows = per // seq_len
        self.seq_len = seq_len

    def window(self, index: int) -> tuple[Tensor, Tensor]:
        """What the network reads and what it should predict, `[streams, seq_len]` each."""
        at = slice(index * self.seq_len, (index + 1) * self.seq_len)
        return self.inputs[:, at], self.targets[:, at]


def detach(state):
    """The state without its history."""
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()


def losses(model: CharModel, streams: Streams, windows: Iterator[int]) -> Iterator[Tensor]:
    """The mean cross entropy of each window in nats, with the state carried from window to window
    and zeros at window 0."""
    state = None
    for index in windows:
        inputs, targets = streams.window(index)
        logits, state = model(inputs, None if index == 0 else state)
        state = detach(state)
        yield nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


@torch.no_grad()
def bits_per_character(model: CharModel, streams: Streams) -> float:
    """The mean loss over all windows."""
    model.eval()
    every = list(losses(model, streams, iter(range(streams.windows))))
    model.train()
    return torch.stack(every).mean().item() / math.log(2)


def settings() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Trains a character language model in PyTorch.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--text", required=True, metavar="FILE", help="the text to learn, UTF-8")
    add("--cell", choices=CELLS, default="lstm", help="the architecture")
    add("--layers", type=int, default=2, help="the number of layers")
    add("--hidden", type=int, default=256, help="the number of hidden units of each layer")
    add("--embedding", type=int, default=64, help="the size of a character's embedding")
    add("--dropout", type=float, default=0.3, help="the dropout between two layers")
    add("--seq-len", type=int, default=50, help="the characters that gradients flow back through")
    add("--batch-size", type=int, default=32, help="the places in the text that are read side by side")
    add("--steps", type=int, default=2500, help="the number of training steps")
    add("--lr", type=float, default=0.004, help="Adam's learning rate at the beginning")
    add("--final-lr", type=float, default=0.0004, help="the learning rate at the end of a half cosine")
    add("--clip", type=float, default=5.0, help="the norm that all gradients together are clipped to")
    add("--seed", type=int, default=1, help="where the random numbers start")
    add("--threads", type=int, default=2, help="the number of CPU threads")
    add("--eval-every", type=int, default=200, help="the steps between two looks at the held-out text")
    return parser.parse_args()


def main() -> None:
    args = settings()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)

    # Line ends stay as they are; a byte order mark is no character.
    with open(args.text, encoding="utf-8-sig", newline="") as file:
        text = file.read()
    numbers = {character: number for number, character in enumerate(sorted(set(text)))}
    ids = torch.tensor([numbers[character] for character in text])
    cut = len(ids) * 9 // 10
    train = Streams(ids[:cut], args.batch_size, args.seq_len)
    held_out = Streams(ids[cut:], args.batch_size, args.seq_len)

    model = CharModel(len(numbers), args.cell, args.layers, args.hidden, args.embedding, args.dropout)
    optimizer = torch.optim.Adam(model.parameters(), betas=(0.9, 0.999), eps=1e-8)
    print(
        f"{len(ids)} characters, {len(numbers)} different; {args.layers} layers of {args.hidden} "
        f"{args.cell} units; PyTorch {torch.__version__} on {args.threads} threads",
        flush=True,
    )

    start = time.perf_counter()
    windows = (step % train.windows for step in range(args.steps))
    since, evaluations = [], []
    for step, loss in enumerate(losses(model, train, windows)):
        rate = args.final_lr + 0.5 * (args.lr - args.final_lr) * (1 + math.cos(math.pi * step / args.steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        optimizer.step()

        since.append(loss.item() / math.log(2))
        if (step + 1) % args.eval_every == 0 or step + 1 == args.steps:
            evaluations.append(bits_per_character(model, held_out))
            print(
                f"step {step + 1:5}  train {sum(since) / len(since):.3f}  "
                f"held out {evaluations[-1]:.3f} bits/char  {time.perf_counter() - start:.1f} s",
                flush=True,
            )
            since.clear()
    print(
        f"Held-out loss: {evaluations[-1]:.4f} bits/char at the end, {min(evaluations):.4f} at its best; "
        f"{time.perf_counter() - start:.1f} s."
    )


if __name__ == "__main__":
    main()

"""Fine-tuning of a small transformer with PyTorch's dropout and with this package's, with a plot of the losses.

python docs/examples/transformer_in_torch.py [FILE.png]

The texts come with Python: the topics of `help` for pretraining, and a module's docstrings for fine-tuning.
"""

import inspect
import statistics
import sys
import time
from pydoc_data.topics import topics

import torch
from torch import nn
from torch.nn import functional

from numba_dropout.torch import replace_dropout

CONTEXT, ROWS, WIDTH = 64, 16, 96
STEPS, EVERY = 120, 10  # steps of fine-tuning, and between two evaluations


class Transformer(nn.Module):
    """A language model of characters, with dropout in attention and in each layer."""

    def __init__(self, symbols, p):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(symbols, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 4 * WIDTH, p, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.output = nn.Linear(WIDTH, symbols)
        self.register_buffer("causal", nn.Transformer.generate_square_subsequent_mask(CONTEXT))

    def forward(self, x):
        """Return the scores (rows, context, symbols) of the next characters."""
        x = self.tokens(x) + self.positions.weight
        return self.output(self.layers(x, mask=self.causal, is_causal=True))


def loss_of(model, text, starts):
    """Return the cross-entropy of the next characters in the pieces of a text that begin at `starts`."""
    rows = text[starts[:, None] + torch.arange(CONTEXT + 1)]
    return functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())


def train(model, text, held_out, steps, lr):
    """Train on random pieces of a text. Return the losses of held-out text, and the median seconds of a step."""
    optimizer = torch.optim.AdamW(model.parameters(), lr)
    losses, seconds = [], []
    for step in range(steps):
        if step % EVERY == 0:
            losses.append(evaluate(model, held_out))
        start = time.perf_counter()
        loss = loss_of(model, text, torch.randint(len(text) - CONTEXT, (ROWS,)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    return [*losses, evaluate(model, held_out)], statistics.median(seconds)


def evaluate(model, text):
    """Return the mean loss of a text, without dropout."""
    model.eval()
    with torch.no_grad():
        loss = loss_of(model, text, torch.arange(0, len(text) - CONTEXT, CONTEXT))
    model.train()
    return loss.item()


def saved_megabytes(model, text):
    """Return the size of all that PyTorch keeps of a forward pass for the backward pass."""
    sizes = {}

    def pack(tensor):
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = loss_of(model, text, torch.arange(ROWS))
    assert loss.requires_grad
    return sum(sizes.values()) / 2**20


def texts():
    """Return the texts for pretraining, for fine-tuning, and held out, as numbers of characters, and their count."""
    pages = "\n".join(topics.values())
    docstrings = "\n".join(inspect.getdoc(each) or "" for _, each in inspect.getmembers(statistics, callable))
    symbols = {character: number for number, character in enumerate(sorted(set(pages + docstrings)))}
    pages, docstrings = (torch.tensor([symbols[c] for c in text]) for text in (pages, docstrings))
    share = len(docstrings) * 4 // 5
    return pages, docstrings[:share], docstrings[share:], len(symbols)


def main(file=None):
    """Pretrain once, and fine-tune without dropout, with PyTorch's and with this package's."""
    pages, text, held_out, symbols = texts()
    torch.manual_seed(0)
    pretrained = Transformer(symbols, 0.0)
    train(pretrained, pages, held_out, 120, 2e-3)

    def fine_tuned(p, change=lambda model: None):
        torch.manual_seed(1)
        model = Transformer(symbols, p)
        change(model)
        model.load_state_dict(pretrained.state_dict())
        losses, seconds = train(model, text, held_out, STEPS, 1e-3)
        return losses, 1e3 * seconds, saved_megabytes(model, text)

    runs = {
        "no dropout": fine_tuned(0.0),
        "PyTorch's dropout": fine_tuned(0.2),
        "numba-dropout": fine_tuned(0.2, replace_dropout),
    }
    for name, (losses, milliseconds, megabytes) in runs.items():
        figures = f"loss {losses[-1]:.3f}, {milliseconds:.1f} ms a step, {megabytes:.1f} MiB kept for backward"
        print(f"{name:18} {figures}", file=sys.stderr)
    _, theirs, ours = runs.values()
    print("learns:                  ", ours[0][-1] < ours[0][0])
    print("as PyTorch's dropout:    ", abs(ours[0][-1] - theirs[0][-1]) < 0.05)
    print("keeps less for backward: ", ours[2] < theirs[2])
    if file:
        draw(file, {name: losses for name, (losses, _, _) in runs.items()})


def draw(file, curves):
    """Draw the losses of held-out text over the steps."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    styles = {"no dropout": ("#444444", ":"), "PyTorch's dropout": ("#d55e00", "--"), "numba-dropout": ("#0072b2", "-")}
    for name, losses in curves.items():
        color, line = styles[name]
        axes.plot(range(0, STEPS + 1, EVERY), losses, color=color, ls=line, label=name)
    axes.set(xlabel="steps of fine-tuning", ylabel="cross-entropy of held-out text")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=120)


if __name__ == "__main__":
    main(*sys.argv[1:])

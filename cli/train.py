"""`ndrop train`."""

from __future__ import annotations

from typing import Any

import click

from .types import DEVICE, NUMBERS, RATES

LOSSES = click.Choice(["cross_entropy", "mse", "bce"])
VARIANTS = click.Choice(["dropout", "gaussian", "subnetwork", "dropconnect", "concrete"])
RATE_SCHEDULES = click.Choice(["constant", "linear", "cosine", "curriculum", "early"])
OPTIMIZERS = click.Choice(["sgd", "adam", "adamw"])
SCHEDULES = click.Choice(["constant", "inverse", "cosine", "step"])
SCALINGS = click.Choice(["auto", "features", "pixels", "none"])


@click.command()
@click.argument("source", metavar="[DATA]", default="pipeline")
@click.option("--out", default="model.npz", show_default=True, help="Where to write the model.")
@click.option("--target", help="Column to learn, by name or by number from 1 on.  [default: the last]")
@click.option(
    "--loss",
    type=LOSSES,
    help="Loss.  [default: cross_entropy for texts and up to 20 whole numbers, else mse]",
)
@click.option(
    "--hidden", type=NUMBERS, help="Units of the hidden layers: 256,128, or none.  [default: 128; pipeline: 10]"
)
@click.option("--dropout", type=RATES, help="Rate on hidden units, one or one per layer.  [default: 0.5; pipeline: 0]")
@click.option("--input-dropout", type=float, help="Rate on the input.  [default: 0; pipeline: 0.3]")
@click.option(
    "--variant",
    type=VARIANTS,
    default="dropout",
    show_default=True,
    help="Units of each row, noise on them of the same variance, the same units for a batch, left out of products, "
    "weights, or units of each row at rates that are learnt.",
)
@click.option("--weight-regularizer", type=float, help="Strength, for concrete.  [default: by the number of rows]")
@click.option("--dropout-regularizer", type=float, help="Strength, for concrete.  [default: by the number of rows]")
@click.option(
    "--dropout-schedule",
    type=RATE_SCHEDULES,
    default="constant",
    show_default=True,
    help="Course of the rates: rising (linear, cosine, curriculum), or dropping in the first fifth only (early).",
)
@click.option("--optimizer", type=OPTIMIZERS, help="Optimiser.  [default: adam; pipeline: sgd]")
@click.option("--lr", type=float, help="Learning rate.  [default: 0.001, sgd 0.1; pipeline: 0.025]")
@click.option("--momentum", type=float, help="Momentum of sgd.  [default: 0.9; pipeline: 0]")
@click.option("--nesterov", is_flag=True, help="Nesterov's momentum.  [default: off]")
@click.option("--weight-decay", type=float, help="Strength on weights, never on biases.  [default: 0, adamw 0.01]")
@click.option("--max-norm", type=float, help="Bound on a hidden unit's incoming weights.  [default: none]")
@click.option("--schedule", type=SCHEDULES, default="constant", show_default=True, help="Course of the learning rate.")
@click.option("--decay-steps", type=float, help="Steps, for the schedules inverse and step.  [default: 1000]")
@click.option("--epochs", type=click.IntRange(1), help="Times through the data.  [default: 10; pipeline: 5]")
@click.option("--batch-size", type=click.IntRange(1), help="Rows of a step.  [default: 128; pipeline: 25]")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**64 - 1),
    default=0,
    show_default=True,
    help="Fixes weights, masks, order and split.",
)
@click.option(
    "--val", type=float, metavar="FRACTION", help="Share of the rows held out for validation.  [default: none]"
)
@click.option(
    "--patience",
    type=click.IntRange(1),
    help="Stop after so many epochs without a better validation loss.  [default: never]",
)
@click.option(
    "--standardize",
    type=SCALINGS,
    default="auto",
    show_default=True,
    help="Scaling of the features: auto is pixels (0 to 1) for images, else mean 0 and deviation 1.",
)
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True, help="Precision."
)
@DEVICE
@click.option(
    "--precision",
    type=click.Choice(["float32", "tf32", "bf16"]),
    default="float32",
    show_default=True,
    help="Rounding of products' factors; tf32 and bf16 run on CUDA devices' tensor cores.",
)
@click.option("--threads", type=click.IntRange(1), help="Threads to use.  [default: all]")
@click.option("--log", metavar="FILE", help="Write one JSON object a line for each epoch.  [default: none]")
@click.option("--plot", metavar="FILE", help="Draw loss and accuracy (.png, .pdf, .svg).  [default: none]")
def train(
    source: str,
    out: str,
    threads: int | None,
    log: str | None,
    plot: str | None,
    **choices: Any,
) -> None:
    """Train a network on DATA and write it to a file.

    DATA is delimited text (CSV), .npz with x and y, .npy, a folder of IDX files (MNIST), or nothing for the built-in
    set `pipeline`: 1000 rows, 20 features, 3 classes.

    \b
    ndrop train
    ndrop train mnist/ --hidden 1024,1024 --dropout 0.5 --input-dropout 0.2 --out mnist.npz
    """
    from numba_dropout import callbacks, recipe, system

    from .progress import Progress, check_outputs, draw, say_end, show_flow

    check_outputs(source, out, log, plot)
    if threads:
        system.set_threads(threads)
    progress = Progress()
    run = recipe.prepare(source, recipe.Recipe(**choices))
    show_flow(run)
    progress.expect_compilation()
    try:
        run.fit(callbacks=[progress, *([callbacks.JsonLines(log)] if log else [])])
    except KeyboardInterrupt:
        progress.interrupted = True
        if run.net.step == 0:
            click.echo("stopped before the first step; nothing was written", err=True)
            raise SystemExit(130) from None
    finally:
        progress.clear()
    run.net.save(out)
    draw(progress, plot, f"{source}: {run.net.name}")
    say_end(progress, run.net, source, out, log, plot)
    if progress.interrupted:
        raise SystemExit(130)

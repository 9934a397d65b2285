"""`ndrop train`."""

from __future__ import annotations

from typing import Any

import click

from ._options import with_choices
from .types import DEVICE


@click.command()
@click.argument("source", metavar="[DATA]", default="pipeline")
@click.option("--out", default="model.npz", show_default=True, help="Where to write the model.")
@with_choices()
@click.option(
    "--val", type=float, metavar="FRACTION", help="Share of the rows held out for validation.  [default: none]"
)
@click.option(
    "--patience",
    type=click.IntRange(1),
    help="Stop after so many epochs without a better validation loss.  [default: never]",
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
@click.option("--tensorboard", metavar="FOLDER", help="Write events for TensorBoard.  [default: none]")
@click.option(
    "--checkpoint-every",
    type=click.IntRange(1),
    metavar="STEPS",
    help="Write a checkpoint beside the model every so many steps.  [default: never]",
)
@click.option(
    "--checkpoint-keep", type=click.IntRange(1), default=3, show_default=True, help="How many checkpoints stay."
)
@click.option("--resume", metavar="FILE", help="Go on from a checkpoint, with its choices.  [default: none]")
def train(resume: str | None, threads: int | None, **given: Any) -> None:
    """Train a network on DATA and write it to a file.

    DATA is delimited text (CSV), .parquet, .npz with x and y, .npy, a folder of IDX files (MNIST), a set that comes
    with scikit-learn (digits, iris, wine, breast_cancer, diabetes), or nothing for the built-in set `pipeline`: 1000
    rows, 20 features, 3 classes.

    \b
    ndrop train
    ndrop train mnist/ --hidden 1024,1024 --dropout 0.5 --input-dropout 0.2 --out mnist.npz
    ndrop train mnist/ --out mnist.npz --checkpoint-every 1000
    ndrop train --resume mnist.ckpt-3000.npz
    """
    from numba_dropout.experiments import config, environment

    from ._train_job import Job
    from ._train_progress import Progress, show_flow

    job = Job.of(given, resume)
    if threads:
        environment.set_threads(threads)
    progress = Progress()
    run = config.build(job.source, config.TrainConfig(**job.choices))
    show_flow(run)
    progress.expect_compilation()
    try:
        run.fit(callbacks=job.callbacks(progress), resume=resume)
    except KeyboardInterrupt:
        progress.interrupted = True
        if not progress.begun or run.net.step == 0:
            click.echo("stopped before the first step; nothing was written", err=True)
            raise SystemExit(130) from None
    finally:
        progress.clear()
    run.net.save(job.out)
    job.end(progress, run.net)
    if progress.interrupted:
        raise SystemExit(130)

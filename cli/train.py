"""`ndrop train`."""

from __future__ import annotations

from typing import Any

import click

from ._options import with_options
from .types import DEVICE


@click.command()
@click.argument("source", metavar="[DATA]", default="pipeline")
@click.option("--out", default="model.npz", show_default=True, help="File of the model.")
@with_options()
@click.option(
    "--val", type=float, metavar="FRACTION", help="Fraction of the rows held out for validation.  [default: none]"
)
@click.option(
    "--patience",
    type=click.IntRange(1),
    help="Stop after this many epochs without a better validation loss.  [default: never]",
)
@DEVICE
@click.option(
    "--precision",
    type=click.Choice(["float32", "tf32", "bf16"]),
    default="float32",
    show_default=True,
    help="Precision of the inputs of matrix products. tf32 and bf16 use CUDA tensor cores.",
)
@click.option("--threads", type=click.IntRange(1), help="Number of threads.  [default: all]")
@click.option("--log", metavar="FILE", help="Write a line of JSON for each epoch.  [default: none]")
@click.option("--plot", metavar="FILE", help="Draw loss and accuracy (.png, .pdf, .svg).  [default: none]")
@click.option("--tensorboard", metavar="FOLDER", help="Write events for TensorBoard.  [default: none]")
@click.option(
    "--checkpoint-every",
    type=click.IntRange(1),
    metavar="STEPS",
    help="Write a checkpoint next to the model every STEPS steps.  [default: never]",
)
@click.option(
    "--checkpoint-keep", type=click.IntRange(1), default=3, show_default=True, help="Number of checkpoints to keep."
)
@click.option("--resume", metavar="FILE", help="Resume from a checkpoint, with its options.  [default: none]")
def train(resume: str | None, threads: int | None, **options: Any) -> None:
    """Train a network on DATA and write it to a file. Ctrl-C saves the current model.

    DATA is delimited text (CSV), .parquet, .npz with x and y, .npy, a folder of IDX files (MNIST), or a data set of
    scikit-learn (digits, iris, wine, breast_cancer, diabetes). The default is the built-in data set `pipeline`: 1000
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

    job = Job.of(options, resume)
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

"""`ndrop train`."""

from __future__ import annotations

from typing import Any

import click

from ._options import with_options
from ._table_options import with_table_options
from .types import DEVICE, THRESHOLD


@click.command()
@click.argument("source", metavar="[DATA]", default="pipeline")
@click.option("--out", default="model.npz", show_default=True, help="File of the model.")
@with_options()
@click.option(
    "--val", type=float, metavar="FRACTION", help="Fraction of the rows held out for validation.  [default: none]"
)
@click.option(
    "--patience",
    type=click.IntRange(0),
    help="Stop after this many epochs without a better validation loss, 0 never.  [default: a quarter of the epochs]",
)
@click.option("--test", metavar="FILE", help="Evaluate on this file after training.  [default: the held-out rows]")
@click.option(
    "--threshold",
    type=THRESHOLD,
    help="Probability of the second of two classes from which it is predicted, or f1 or balanced_accuracy for the best "
    "one on the held-out rows.  [default: 0.5]",
)
@with_table_options
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

    DATA is a table: delimited text (CSV), also compressed or from the standard input (-), .parquet, .xlsx or .npy. Its
    columns are numbers, categories, dates, and missing values, as `ndrop columns` shows. Or it is .npz with x and y, a
    folder of IDX files (MNIST), or a data set of scikit-learn (digits, iris, wine, breast_cancer, diabetes). The
    default is the built-in data set `pipeline`: 1000 rows, 20 features, 3 classes.

    \b
    ndrop train
    ndrop train table.csv --target price --val 0.2
    ndrop train mnist/ --hidden 1024,1024 --input-dropout 0.2 --out mnist.npz
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
    run = config.build(job.source, config.TrainConfig.of({**job.choices, "test": job.test}))
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
    job.end(progress, run)
    if progress.interrupted:
        raise SystemExit(130)

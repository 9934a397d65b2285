"""`ndrop export`."""

from __future__ import annotations

from pathlib import Path

import click

SUFFIXES = {"onnx": ".onnx", "safetensors": ".safetensors", "npz": ".npz"}


@click.command()
@click.argument("model")
@click.option(
    "--format", "kind", type=click.Choice(list(SUFFIXES)), help="Output format.  [default: from the suffix of --out]"
)
@click.option("--out", metavar="FILE", help="Output file.  [default: the model's name with the format's suffix]")
@click.option(
    "--mc", is_flag=True, help="ONNX: keep dropout on, so that each row of a run is a sample.  [default: off]"
)
def export(model: str, kind: str | None, out: str | None, mc: bool) -> None:
    """Write MODEL in another format: ONNX, safetensors, or NumPy's .npz.

    ONNX (requires the extra [onnx]) contains the scaling, layers, activations and Dropout. Its outputs are those of
    `predict`. safetensors (requires the extra [safetensors]) contains the tensors of the equivalent
    torch.nn.Sequential, whose indices count activations and Dropout too. All commands accept it as a model, like a .npz
    file.

    \b
    ndrop export model.npz --format onnx
    ndrop export model.npz --format onnx --mc --out draws.onnx
    ndrop export model.npz --out model.safetensors
    """
    kind = kind or next((name for name, suffix in SUFFIXES.items() if out and out.endswith(suffix)), None)
    if kind is None:
        raise click.UsageError("--format: expected onnx, safetensors or npz, or an --out with one of these suffixes.")
    if not Path(model).name:
        raise click.UsageError(f"MODEL: expected a file, got {model!r}.")
    path = out or str(Path(model).with_suffix(SUFFIXES[kind]))
    if not path.endswith(SUFFIXES[kind]):
        raise click.UsageError(f"--out: expected a name that ends in {SUFFIXES[kind]}, got {out}.")
    if mc and kind != "onnx":
        raise click.UsageError(f"--mc: only valid with --format onnx, got {kind}.")
    from numba_dropout import MLP
    from numba_dropout.formats import onnx
    from numba_dropout.storage import files

    files.check_writable(path, keep=[model])
    net = MLP.load(model)
    if kind == "onnx":
        onnx.export(net, path, mc=mc)
    else:
        net.save(path)
    click.echo(f"{kind}   {path}")

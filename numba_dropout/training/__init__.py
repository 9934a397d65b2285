"""Training and evaluation: `fit`, its loop, callbacks, checkpoints and metrics."""

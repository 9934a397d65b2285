"""Scalar functions, written once for all targets."""

"""Variants of dropout in a network: for each, the passes over its kernels."""

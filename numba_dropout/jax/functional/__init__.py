"""Dropout and its variants as functions of JAX arrays."""

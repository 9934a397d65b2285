"""Philox, masks and normal numbers in JAX's operations, for all of its devices."""

"""Kernels: scalar functions shared by all targets, and a package of array kernels for each target."""

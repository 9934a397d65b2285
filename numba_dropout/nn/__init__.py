"""The network: its arrays, its passes over the kernels, the variants of dropout in it, prediction, and `MLP`."""

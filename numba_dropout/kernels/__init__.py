"""The kernels: scalar functions shared by all targets, and one package of array kernels for each target."""

"""The neural network: buffers, passes, variants of dropout, prediction, and `MLP`."""

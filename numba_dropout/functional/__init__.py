"""The public functions on arrays: dropout and its variants, masks, ReLU and linear layers."""

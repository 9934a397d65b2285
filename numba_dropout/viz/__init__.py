"""Plots, and the page that traces a training run."""

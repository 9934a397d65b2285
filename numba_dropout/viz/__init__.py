"""Plots, and traces of a network as text or as an HTML page."""

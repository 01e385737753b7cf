"""Losses of metric learning: one a file, named by its paper, each checked against a naive loop."""

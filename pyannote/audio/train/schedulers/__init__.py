"""Schedulers of the learning rate by name."""

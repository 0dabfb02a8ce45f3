"""Errors, specifications, windows, labels and randomness, on which all other packages build."""

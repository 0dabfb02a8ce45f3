"""The vocabulary of the toolkit: errors, specifications, windows, labels, randomness."""

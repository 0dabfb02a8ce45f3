"""Findings about the recordings, annotation and subsets of a protocol."""

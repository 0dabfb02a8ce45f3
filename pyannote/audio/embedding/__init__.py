"""Vectors that tell speakers apart."""

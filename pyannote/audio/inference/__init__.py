"""Applying trained models to recordings."""

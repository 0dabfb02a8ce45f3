"""Inference: trained models, read from disk and applied to recordings."""

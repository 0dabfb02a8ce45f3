"""Data augmentation: what changes a batch in training only."""

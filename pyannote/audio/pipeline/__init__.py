"""Pipelines: from scores to events."""

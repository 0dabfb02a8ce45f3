"""Definitions of success: segment-based and event-based measures, thresholds, confidence."""

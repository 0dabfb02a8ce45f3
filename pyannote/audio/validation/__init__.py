"""Validation: measures of epochs, and the selection of epochs and thresholds."""

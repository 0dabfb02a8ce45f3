"""Measures of detection, verification and clustering, exact thresholds, and confidence intervals."""

"""Which epoch and which thresholds are best."""

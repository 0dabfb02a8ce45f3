"""Tasks: files to samples, batches and losses."""

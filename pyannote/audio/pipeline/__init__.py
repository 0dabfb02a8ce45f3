"""From scores to annotation."""

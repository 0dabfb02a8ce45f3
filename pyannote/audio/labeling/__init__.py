"""Tasks that detect classes over time."""

"""Tasks that give labels to frames."""

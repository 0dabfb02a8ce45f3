"""The training loop, and what sets its learning rate."""

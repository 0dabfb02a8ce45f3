"""Training loop, schedulers, optimizers and callbacks."""

"""What may be added to a training: averaging of weights, early stopping."""

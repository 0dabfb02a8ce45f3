"""Networks: from batches of tensors to scores."""

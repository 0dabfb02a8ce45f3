"""Commands of the blocks that detect what is heard when."""

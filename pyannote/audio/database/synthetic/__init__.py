"""Synthetic recordings with exact annotation, for demonstrations and tests."""

"""Formats of annotation, one file each, found by the names of these files."""

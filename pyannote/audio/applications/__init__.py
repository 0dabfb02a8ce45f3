"""Commands: the only modules that print, ask or exit."""

"""Endpoints about the whole site: they know rooms that do not know each other."""

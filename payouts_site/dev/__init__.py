"""The one-command start: real servers out of wheels, started in order, gone together.

Nothing in here is imported by the product; it stands above it and only runs it.
"""

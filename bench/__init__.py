"""Benchmarks: how fast the product is, each time against a yardstick measured in the same run.

Nothing here is compared with a fixed clock: a slow or busy machine slows both sides of a ratio.
"""

"""Measurements on public data, each with its bound, its seed and what it cost to compute.

Not part of the wheel: what ships must not need data that cannot ship with it.
"""

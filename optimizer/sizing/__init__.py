"""Sizing: how much to build, for least cost a year, with the load moving as the sizes do.

A `SizingProblem` goes in, `Sizes` come out. Money is per year here; what years become of it, with
discounting, tax and replacement, is not known in this room.
"""

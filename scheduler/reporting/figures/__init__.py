"""One function a figure: a specification from a named table, never pixels and never data.

Charts are as wide as their column and share one time axis and one width for the labels of theirs,
so that what stands above each other can be read downwards.
"""

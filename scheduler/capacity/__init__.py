"""Sizing studies: what to build, what it costs over its life, and what it brings.

The sizes come from `optimizer.sizing`; here a scenario becomes that problem, and its answer a
table, a document and years of money.
"""

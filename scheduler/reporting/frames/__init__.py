"""Tidy tables of a run, units in the column names.

Each is drawn by the figures, embedded in the page and offered for download: one and the same.
"""

MAX_ROWS = 5000
"""More than this no figure is handed."""

PLAN = "plan"
RUN_NOW = "run-now"

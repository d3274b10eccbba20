"""One self-contained HTML file a planned run: figures, tables, assumptions, limits, data.

Reads a run and formats it; plans nothing, solves nothing and looks at no clock.
"""

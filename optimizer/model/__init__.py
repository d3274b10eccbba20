"""The core model, stated in Pyomo as it would be on paper: one block a file.

Sets: `S` sites, `T` steps, `K` pools. Flows are mean kW over a step, at the site's meter. The
blocks add up in `core`; nothing here solves, and only `optimizer.highs` reads the result.
"""

"""Time passes, forecasts are wrong, and what was lived through is added up.

Above planning, below the screen: it asks the planner at each step what to do, lets a world answer,
and knows neither terminal nor cluster.
"""

"""From a scenario to a plan with its explanations: forecast, problem, solution, account.

Knows no YAML, no terminal and no page; what it returns can be written to a run folder and read
back without solving anything again.
"""

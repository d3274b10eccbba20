"""Why a plan leaves a wish unmet: the smallest sets of constraints that force it, and their cures.

Plain arithmetic on a problem and a plan, with the exact schedules of `optimizer.pricing`; words are
found further up.
"""

"""What a plan is worth against run-now: energy, money, carbon, water, work and lateness.

Plain arithmetic over the optimizer's tally; solves nothing and formats nothing.
"""

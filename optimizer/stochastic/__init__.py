"""Plans that hold for several futures at once: one first stage, and energy flows for each future.

Jobs, replicas and routes are the same in every scenario; what the sites buy, store, burn and leave
unmet is chosen once the scenario is known. Imports nothing above the optimizer.
"""

"""The cluster's hands: carries what was decided to Kubernetes, and what Kubernetes says back.

It decides nothing: decisions are those of `scheduler.planning.decide`, the same call the simulator
makes. Nobody imports it; it brings the `alize operator` commands by the entry-point group
`alize.commands`. What runs for long imports no model, no solver and no pandas: planning is a child
process of its own.
"""

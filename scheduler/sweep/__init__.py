"""Many worlds: a scenario under every combination of choices, here or on other machines.

`axes` says which worlds, `task` works one out, `crew` says who works, `folder` keeps what is found
so that nothing is lost or done twice, `sweep` is the loop, `outcome` the table that comes of it.
"""

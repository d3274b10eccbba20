"""The peers' own published cases: their policies, ours and the bound on the same input.

The peers' policies are written anew from their papers' definitions. What they reached in their own
code stands beside each figure as a reference.
"""

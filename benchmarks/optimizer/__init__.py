"""How fast the optimizer plans instances of any size, how good its plans are, and beside what.

`asked` names an instance, `instance` and `trace` make it, `futures` draws scenarios around it,
`planned` plans it. `naive` solves it as
one MILP; `core` and `linopy_core` state its core model twice; `environment` holds what only they
need; `fit` tells how seconds grow; `case` runs what is asked for.
"""

"""Grid connections: import, export, and the peak that a demand charge bills."""

import pyomo.environ as pyo

from optimizer.problem import Problem


def add_grid(m: pyo.ConcreteModel, problem: Problem) -> None:
    """Add import and export within their limits and the billed peaks.

    For every site s with a demand charge, every step t of billing period b:

        import[s, t] <= peak[s, b] + peak_so_far[s, b]
    """
    grids = {s: site.grid for s, site in enumerate(problem.sites)}

    def limit(name: str, s: int, t: int) -> tuple[float, float]:
        grid = grids[s]
        return (0.0, float(getattr(grid, name)[t]) if grid else 0.0)

    m.import_kw = pyo.Var(m.S, m.T, bounds=lambda _, s, t: limit("import_limit_kw", s, t))
    m.export_kw = pyo.Var(m.S, m.T, bounds=lambda _, s, t: limit("export_limit_kw", s, t))
    charges = {s: grid.demand_charge for s, grid in grids.items() if grid and grid.demand_charge}
    m.B = pyo.Set(
        initialize=[(s, b) for s, c in charges.items() for b in range(int(c.period.max()) + 1)],
        dimen=2,
    )
    m.peak_kw = pyo.Var(m.B, domain=pyo.NonNegativeReals)
    m.billed = pyo.Set(initialize=[(s, t) for s in charges for t in m.T], dimen=2)

    @m.Constraint(m.billed)
    def peak_is_highest_import(m: pyo.ConcreteModel, s: int, t: int) -> object:
        period = int(charges[s].period[t])
        so_far_kw = charges[s].peak_so_far_kw if period == 0 else 0.0
        return m.peak_kw[s, period] - m.import_kw[s, t] >= -so_far_kw

"""Generators: any power up to the rating, or on and off with a minimum load."""

import pyomo.environ as pyo

from optimizer.commitment import down_steps, limits, up_steps
from optimizer.problem import Problem


def add_generators(m: pyo.ConcreteModel, problem: Problem) -> None:
    """Add the power of each site with a generator: 0 <= generator[s, t] <= rating[s].

    Where it matters when it is on, with u and d its minimum up and down time in steps (Rajan and
    Takriti 2005), `on` relaxed to 0..1 unless whoever solves demands whole values:

        min_load * on[t] <= generator[t] <= rating * on[t]
        0 <= load_bank[t] <= min_load * on[t]
        on[t] - on[t-1] = start[t] - stop[t]
        sum of start over the last u steps <= on[t]
        sum of stop over the last d steps <= 1 - on[t]
    """
    generators = {s: site.generator for s, site in enumerate(problem.sites) if site.generator}
    ratings = {s: generator.power_kw for s, generator in generators.items()}
    m.generator_sites = pyo.Set(initialize=list(ratings))
    m.generator_kw = pyo.Var(m.generator_sites, m.T, bounds=lambda _, s, t: (0.0, ratings[s]))
    committed = {s: one for s, one in generators.items() if one.has_commitment}
    h, n_steps = problem.horizon.step_h, problem.horizon.n_steps
    held = {s: limits(one, n_steps, h) for s, one in committed.items()}
    up = {s: up_steps(one, h) for s, one in committed.items()}
    down = {s: down_steps(one, h) for s, one in committed.items()}

    def on_bounds(_: pyo.ConcreteModel, s: int, t: int) -> tuple[float, float]:
        least, most = held[s]
        return float(least[t]), float(most[t])

    m.committed_sites = pyo.Set(initialize=list(committed))
    m.on = pyo.Var(m.committed_sites, m.T, bounds=on_bounds)
    m.start = pyo.Var(m.committed_sites, m.T, bounds=(0.0, 1.0))
    m.stop = pyo.Var(m.committed_sites, m.T, bounds=(0.0, 1.0))
    m.load_bank_kw = pyo.Var(m.committed_sites, m.T, domain=pyo.NonNegativeReals)

    @m.Constraint(m.committed_sites, m.T)
    def runs_above_minimum_load(m: pyo.ConcreteModel, s: int, t: int) -> object:
        return m.generator_kw[s, t] - committed[s].min_load_kw * m.on[s, t] >= 0.0

    @m.Constraint(m.committed_sites, m.T)
    def stands_without_power(m: pyo.ConcreteModel, s: int, t: int) -> object:
        return m.generator_kw[s, t] - ratings[s] * m.on[s, t] <= 0.0

    @m.Constraint(m.committed_sites, m.T)
    def load_bank_takes_minimum_load(m: pyo.ConcreteModel, s: int, t: int) -> object:
        return m.load_bank_kw[s, t] - committed[s].min_load_kw * m.on[s, t] <= 0.0

    @m.Constraint(m.committed_sites, m.T)
    def starts_and_stops(m: pyo.ConcreteModel, s: int, t: int) -> object:
        change = m.on[s, t] - m.start[s, t] + m.stop[s, t]
        if t == 0:
            return change == float(committed[s].runs_at_start)
        return change - m.on[s, t - 1] == 0.0

    @m.Constraint(m.committed_sites, m.T)
    def minimum_up_time(m: pyo.ConcreteModel, s: int, t: int) -> object:
        started = sum(m.start[s, u] for u in range(max(0, t - up[s] + 1), t + 1))
        return started - m.on[s, t] <= 0.0

    @m.Constraint(m.committed_sites, m.T)
    def minimum_down_time(m: pyo.ConcreteModel, s: int, t: int) -> object:
        stopped = sum(m.stop[s, u] for u in range(max(0, t - down[s] + 1), t + 1))
        return stopped + m.on[s, t] <= 1.0

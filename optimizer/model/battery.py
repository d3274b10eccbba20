"""Batteries: a balance from step to step, and as much stored at the end as at the start."""

import pyomo.environ as pyo

from optimizer.problem import Problem


def add_batteries(m: pyo.ConcreteModel, problem: Problem) -> None:
    """Add charge, discharge and stored energy of each site with a battery.

    With eta_c and eta_d the charge and discharge efficiency:

        soc[t] = soc[t-1] + (eta_c * charge[t] - discharge[t] / eta_d) * step_h
        soc[-1] = soc[last] = soc_initial
    """
    batteries = {s: site.battery for s, site in enumerate(problem.sites) if site.battery}
    step_h, last = problem.horizon.step_h, problem.horizon.n_steps - 1
    m.battery_sites = pyo.Set(initialize=list(batteries))

    def soc_bounds(_: pyo.ConcreteModel, s: int, t: int) -> tuple[float, float]:
        battery = batteries[s]
        if t == last:
            return (battery.soc_initial_kwh, battery.soc_initial_kwh)
        return (battery.soc_min_kwh, battery.energy_kwh)

    power = {s: battery.most_kw(last + 1) for s, battery in batteries.items()}

    def power_bounds(_: pyo.ConcreteModel, s: int, t: int) -> tuple[float, float]:
        return (0.0, float(power[s][t]))

    m.charge_kw = pyo.Var(m.battery_sites, m.T, bounds=power_bounds)
    m.discharge_kw = pyo.Var(m.battery_sites, m.T, bounds=power_bounds)
    m.soc_kwh = pyo.Var(m.battery_sites, m.T, bounds=soc_bounds)

    @m.Constraint(m.battery_sites, m.T)
    def soc_balance(m: pyo.ConcreteModel, s: int, t: int) -> object:
        battery = batteries[s]
        flow_kwh = step_h * (
            battery.charge_efficiency * m.charge_kw[s, t]
            - m.discharge_kw[s, t] / battery.discharge_efficiency
        )
        if t == 0:
            return m.soc_kwh[s, t] - flow_kwh == battery.soc_initial_kwh
        return m.soc_kwh[s, t] - m.soc_kwh[s, t - 1] - flow_kwh == 0.0

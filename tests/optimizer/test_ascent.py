"""The climb: its slopes are those of the bound, and it finds the prices that prove the optimum."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.ascent import Ascent
from optimizer.bound import lower_bound, respond
from optimizer.dispatcher import Dispatcher
from optimizer.fleet import Roster
from optimizer.limits import Limits, Watch
from optimizer.load import Load
from optimizer.plan import Prices
from optimizer.replicas import Choices
from optimizer.terms import terms_of
from tests.optimizer import worlds
from tests.optimizer.tiny import tiny

SLIP = 1e-7


def ascent_of(problem):
    choices = tuple(Choices.of(problem, service) for service in problem.services)
    idle_kw = Load.idle(problem).facility_kw(problem)
    first = Dispatcher(problem).solve(idle_kw, time_limit_s=10)[2]
    return Ascent(problem, choices, first, Watch(Limits()))


def climbed(problem, n_rounds):
    ascent = ascent_of(problem)
    ascent.climb(Roster.of(terms_of(problem)), 1.0, n_rounds)
    return ascent


def proves(problem, ascent):
    """The better bound of the mean prices and the last."""
    return max(lower_bound(problem, one) for one in (ascent.prices, ascent.last_prices))


def is_exact(problem):
    """Whether every job counts in whole units and every choice of every service is known."""
    choices = [Choices.of(problem, service) for service in problem.services]
    return all(t.grain.exact for t in terms_of(problem)) and all(c.complete for c in choices)


EXACT_SEEDS = [seed for seed in range(54) if is_exact(tiny(seed))][:12]


def some_prices(problem, rng):
    by_site = (len(problem.sites), problem.horizon.n_steps)
    billed = np.array([[bool(site.grid and site.grid.demand_charge)] for site in problem.sites])
    return Prices(
        power_per_kwh=rng.uniform(0.1, 4, by_site),
        gpu_per_gpu_h=rng.uniform(0, 4, problem.pool_gpus.shape),
        stored_per_kwh=rng.uniform(-1, 4, by_site),
        peak_per_kw=rng.uniform(0, 2, by_site) * billed,
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.sampled_from(EXACT_SEEDS), draw=st.integers(0, 2**32 - 1))
def test_no_bound_lies_above_the_tangent_of_another(seed, draw):
    # A concave function lies below each of its tangents: L(q) <= L(p) + slope(p) . (q - p).
    problem, rng = tiny(seed), np.random.default_rng(draw)
    ascent, roster = ascent_of(problem), Roster.of(terms_of(problem))
    choices = tuple(Choices.of(problem, service) for service in problem.services)
    here, there = some_prices(problem, rng), some_prices(problem, rng)
    slopes = ascent.slopes(here, ascent.asked(roster, 1.0, here))
    names = ("power_per_kwh", "gpu_per_gpu_h", "stored_per_kwh", "peak_per_kw")
    rise = sum(
        float(np.sum(slope * (getattr(there, name) - getattr(here, name))))
        for name, slope in zip(names, slopes, strict=False)
    )
    low, high = (respond(problem, one, choices, roster).bound for one in (here, there))
    assert high <= low + rise + SLIP * max(1.0, abs(low), abs(high))


def test_two_jobs_that_want_one_hour_of_one_gpu_make_it_as_dear_as_being_late():
    # One GPU, 1 kWh at 1 each; both jobs are due in the first hour, an hour late costs 5.
    site = worlds.site(n_steps=4, gpus=1, grid=worlds.grid(4))
    jobs = [worlds.job(name, gpus=1, hours=1, due=1, deadline=4) for name in ("one", "other")]
    problem = worlds.problem(site, jobs=jobs)
    ascent = climbed(problem, 400)
    assert proves(problem, ascent) == pytest.approx(1 + 1 + 5, rel=0.04)
    assert ascent.prices.gpu_per_gpu_h[0, 0] == pytest.approx(5, abs=1)


def test_a_stored_kwh_is_worth_what_the_dear_hour_saves():
    # Wind of 4 kW in the first hour, none later; 2 kW wanted in the last, where a kWh costs 3.
    # Lossless battery, starts and ends half full: the last hour's kWh comes from the first.
    # Without the battery they cost 6.
    site = worlds.site(
        n_steps=4,
        grid=worlds.grid(4, price=3),
        plants=(worlds.plant([4, 0, 0, 0], 4),),
        battery=worlds.battery(energy=10, power=4, charge=1, discharge=1),
    )
    job = worlds.job(hours=1, release=3, due=4)
    problem = worlds.problem(site, jobs=[job])
    assert proves(problem, climbed(problem, 400)) == pytest.approx(0, abs=0.25)


def test_a_carbon_budget_gets_the_price_that_keeps_it():
    # A clean kWh at 3 or a dirty one at 1 with 1 kg; a budget of 1 kg of the 2 kWh wanted. The
    # price of 2 a kg that makes both alike proves 1 + 3.
    site = worlds.site(
        n_steps=2,
        grid=worlds.grid(2, price=[1, 3], intensity=[1000, 0], limit=2),
        gpus=2,
    )
    jobs = [worlds.job(f"job-{n}", gpus=1, hours=1, due=2, deadline=2) for n in range(2)]
    prices = replace(worlds.objective(), carbon_budget_kg=1.0, carbon_excess_price_per_kg=10.0)
    problem = worlds.problem(site, jobs=jobs, prices=prices)
    ascent = climbed(problem, 400)
    assert ascent.prices.carbon_per_kg == pytest.approx(2, abs=0.3)
    assert proves(problem, ascent) == pytest.approx(4, rel=0.03)


@pytest.mark.parametrize("seed", range(8))
def test_climbing_on_proves_more(seed):
    problem = tiny(seed)
    assert proves(problem, climbed(problem, 100)) >= proves(problem, climbed(problem, 5)) - SLIP


def test_a_job_that_stands_for_two_asks_for_twice_as_much():
    problem = worlds.problem(worlds.site(grid=worlds.grid()), jobs=[worlds.job(hours=1)])
    ascent, roster = ascent_of(problem), Roster.of(terms_of(problem))
    prices = some_prices(problem, np.random.default_rng(0))
    idle_kw = Load.idle(problem).facility_kw(problem)
    once_kw, once, *_ = ascent.asked(roster, 1.0, prices)
    twice_kw, twice, *_ = ascent.asked(roster, 2.0, prices)
    assert twice.sum() == 2 * once.sum() > 0
    np.testing.assert_allclose(twice_kw - idle_kw, 2 * (once_kw - idle_kw))

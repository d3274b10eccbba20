"""On instances small enough to be solved whole, plan and bound close in on the truth."""

import pytest

from optimizer.exact import optimum
from optimizer.limits import Limits
from optimizer.solve import solve
from optimizer.work import JobKind
from tests.optimizer import oracle, worlds
from tests.optimizer.tiny import SEEDS, tiny


@pytest.mark.parametrize("seed", SEEDS)
def test_bound_then_optimum_then_plan_within_five_percent(seed):
    oracle.check_order(tiny, seed)
    assert oracle.above_optimum(tiny, seed) <= 0.05


@pytest.mark.parametrize(
    "occurs",
    [
        *(
            pytest.param(lambda p, kind=kind: any(j.kind is kind for j in p.jobs), id=f"{kind} job")
            for kind in JobKind
        ),
        pytest.param(lambda p: any(s.battery for s in p.sites), id="battery"),
        pytest.param(lambda p: any(s.generator for s in p.sites), id="generator"),
        pytest.param(lambda p: any(s.grid and s.grid.demand_charge for s in p.sites), id="peak"),
        pytest.param(lambda p: any(j.data_gb for j in p.jobs) and len(p.sites) > 1, id="transfer"),
        pytest.param(lambda p: any(k.lease_price_per_gpu_h for _, k in p.pools), id="lease"),
        pytest.param(lambda p: any(v.survives_site_loss for v in p.services), id="redundancy"),
        pytest.param(lambda p: any(not v.survives_site_loss for v in p.services), id="no standby"),
        pytest.param(lambda p: any(s.cooling.water_l_per_kwh.any() for s in p.sites), id="water"),
        pytest.param(lambda p: any(s.grid is None for s in p.sites), id="island"),
        pytest.param(lambda p: any(j.residency for j in p.jobs), id="residency"),
        pytest.param(lambda p: any(j.resume_h for j in p.jobs), id="resume"),
    ],
)
def test_the_worlds_of_the_oracle_hold_everything_often(occurs):
    assert sum(occurs(tiny(seed)) for seed in SEEDS) >= 5


def test_a_job_does_not_run_on_after_its_work_even_where_taking_power_is_paid():
    # An hour of 2 kW at -1; two more hours would bring as much again, for no work.
    site = worlds.site(n_steps=3, grid=worlds.grid(3, price=-1))
    problem = worlds.problem(site, jobs=[worlds.job(kind="checkpointable", hours=1, due=3)])
    proof = solve(problem, limits=Limits(gap=1e-4)).proof
    assert optimum(problem) == pytest.approx(-2)
    assert (proof.bound, proof.objective) == pytest.approx((-2, -2))


def test_a_job_whose_resume_takes_longer_than_its_work_is_not_done_for_nothing():
    # Half an hour of 2 kW at 3, held for a step of one hour.
    job = worlds.job(kind="checkpointable", hours=0.5, resume_h=1)
    problem = worlds.problem(worlds.site(grid=worlds.grid(price=3)), jobs=[job])
    assert optimum(problem) == pytest.approx(6)


def test_an_instance_too_large_for_the_oracle_is_refused():
    crowd = [worlds.job(f"job-{j}") for j in range(700)]
    with pytest.raises(ValueError, match="jobs x steps x sites must be at most 4000, got 4200"):
        optimum(worlds.problem(worlds.site(), jobs=crowd))

"""What replicas can answer, against a flow solved from the definition."""

import numpy as np
import pytest
from scipy.optimize import linprog

from optimizer.replicas import Choices, unprotected_rps
from tests.optimizer import worlds

N_STEPS = 2
SITES = ("home", "east", "west")


def random_world(seed):
    """Three sites, three regions, who reaches whom drawn by lot."""
    rng = np.random.default_rng(seed)
    rtt = {(r, s): float(rng.choice([10, 90])) for r in "abc" for s in SITES}
    service = worlds.service(
        n_steps=N_STEPS,
        demand=rng.uniform(0, 3, (3, N_STEPS)),
        rtt=rtt,
        capacity=2,
        survives_site_loss=bool(seed % 2),
    )
    return worlds.problem(
        *(worlds.site(s, N_STEPS, gpus=rng.integers(1, 4)) for s in SITES), services=[service]
    )


def best_flow(service, demand, capacity, price):
    """Most requests answered, and the least they cost so, by linear programming."""
    pairs = [(r, s) for r in range(3) for s in range(3) if service.reaches("abc"[r], SITES[s])]
    if not pairs:
        return 0.0, 0.0
    rows = [[float(r == region) for r, _ in pairs] for region in range(3)]
    rows += [[float(s == site) for _, s in pairs] for site in range(3)]
    sides = [*demand, *capacity]
    most = -linprog([-1.0] * len(pairs), A_ub=rows, b_ub=sides).fun
    cost = linprog(
        [price[s] for _, s in pairs],
        A_ub=[*rows, [-1.0] * len(pairs)],
        b_ub=[*sides, -most + 1e-9],
    ).fun
    return most, cost


@pytest.mark.parametrize("seed", range(6))
def test_the_split_answers_as_much_as_a_maximum_flow_and_as_cheaply(seed):
    problem = random_world(seed)
    (service,) = problem.services
    choices = Choices.of(problem, service)
    rng = np.random.default_rng(seed)
    price = rng.uniform(0, 1, (3, N_STEPS))
    split = choices.split(price)
    for t in range(N_STEPS):
        for c in rng.choice(choices.replicas.shape[1], 12):
            capacity = choices.replicas[t, c] * 2.0
            most, cost = best_flow(service, service.demand_rps[:, t], capacity, price[:, t])
            assert split[t, c].sum() == pytest.approx(most, abs=1e-6)
            assert split[t, c] @ price[:, t] == pytest.approx(cost, abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_every_subset_of_sites_answers_what_a_maximum_flow_to_it_does(seed):
    problem = random_world(seed)
    (service,) = problem.services
    choices = Choices.of(problem, service)
    some = np.random.default_rng(seed).choice(choices.replicas.shape[1], 6)
    for subset, rank in choices.rank_rps.known.items():
        inside = np.isin(range(3), list(subset))
        for c in some:
            capacity = choices.replicas[0, c] * 2.0 * inside
            most, _ = best_flow(service, service.demand_rps[:, 0], capacity, np.zeros(3))
            assert rank[0, c] == pytest.approx(most, abs=1e-6)


@pytest.mark.parametrize("seed", range(1, 12, 2))
def test_unprotected_requests_are_those_of_the_worst_loss(seed):
    problem = random_world(seed)
    (service,) = problem.services
    replicas = np.random.default_rng(seed).integers(0, 4, (N_STEPS, 3))
    short = unprotected_rps(problem, service, replicas)
    for t in range(N_STEPS):
        demand = service.demand_rps[:, t]
        kept = [
            best_flow(service, demand, replicas[t] * 2.0 * (np.arange(3) != lost), np.zeros(3))[0]
            for lost in range(3)
        ]
        assert short[t] == pytest.approx(demand.sum() - min(kept), abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_where_no_choice_fits_what_room_there_is_answers_a_maximum_flow(seed):
    problem = random_world(seed)
    (service,) = problem.services
    choices = Choices.of(problem, service)
    room = np.random.default_rng(seed).integers(0, 2, (N_STEPS, 3))
    replicas, served = choices.squeezed(np.arange(N_STEPS), room)
    for t in range(N_STEPS):
        held = np.minimum(room[t], choices.most[t]) * 2.0
        most, _ = best_flow(service, service.demand_rps[:, t], held, np.zeros(3))
        assert served[t].sum() == pytest.approx(most, abs=1e-6)
        assert (replicas[t] <= room[t]).all()
        assert (served[t] <= replicas[t] * 2.0 + 1e-9).all()
        assert replicas[t].sum() >= min(service.min_replicas, held.sum() / 2)


def test_a_choice_holds_the_floor_and_no_more_than_the_pool_or_the_demand_needs():
    # 3 requests/s at 2 a replica need 2; the pool has 4 GPUs, then 1; the floor is 1.
    problem = worlds.problem(
        worlds.site(n_steps=2, gpus=[4, 1]),
        services=[worlds.service(n_steps=2, demand=3, capacity=2)],
    )
    choices = Choices.of(problem, problem.services[0])
    allowed = [choices.replicas[t, choices.allowed[t], 0].tolist() for t in range(2)]
    assert allowed == [[1, 2], [1]]
    # Unserved: 1 request/s of 3600 s at 0.01 with one replica, none with two.
    assert choices.shortfall[0, choices.allowed[0]].tolist() == pytest.approx([36, 0])


def test_a_large_service_is_weighed_by_shares_and_bounded_from_below():
    # 8000 requests/s at 2 a replica need 4000 replicas on either of two sites: too many to list.
    rtt = {("a", "home"): 10.0, ("a", "away"): 10.0}
    service = worlds.service(n_steps=1, demand=8000, capacity=2, rtt=rtt)
    sites = [worlds.site(name, 1, gpus=9000) for name in ("home", "away")]
    choices = Choices.of(worlds.problem(*sites, services=[service]), service)
    replica, request = np.array([[1.0], [2.0]]), np.array([[0.0], [0.0]])
    assert not choices.complete
    assert choices.relaxed_cost(replica, request) == pytest.approx([4000])

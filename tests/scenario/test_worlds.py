"""The worlds that ship load, answer a question each, and survive being written and read again."""

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from scipy.optimize import linprog

from scheduler.errors import InputError
from scheduler.scenario import builtin, dump, load, schema_json
from scheduler.scenario.document import parse, plain
from scheduler.scenario.world import SCHEMA_FILE

WORLDS = builtin.names()


@pytest.fixture(scope="module")
def loaded():
    return {name: load(name) for name in WORLDS}


def test_three_worlds_ship_each_with_a_question():
    assert [world.name for world in builtin.worlds()] == [
        "dakhla",
        "dakhla-island",
        "one-site-one-battery",
    ]
    assert all(world.question.endswith("?") for world in builtin.worlds())


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_has_its_own_name_and_says_where_its_numbers_come_from(loaded, name):
    scenario = loaded[name]
    assert scenario.name == name
    assert scenario.world.data_note
    assert scenario.notes == ()


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_written_down_loads_to_an_equal_one(loaded, tmp_path, name):
    path = tmp_path / "scenario.yaml"
    path.write_text(dump(loaded[name]), encoding="utf-8")
    again = load(path)
    assert again == loaded[name]
    assert dump(again) == dump(loaded[name])


def test_a_world_with_files_written_down_needs_them_no_more(small_with, tmp_path):
    hours = "\n".join(f"2026-06-01T{hour:02d}:00:00Z,{hour / 3}" for hour in range(24))
    scenario = small_with(
        {
            "import_limit_kw: 60": "import_limit_kw: {file: s.csv, column: limit_kw}",
            "jobs:\n": "jobs:\n  files: [{file: jobs.csv, defaults: {home: oslo}}]\n",
        },
        s_csv="time_utc,limit_kw\n" + hours + "\n",
        jobs_csv="name,kind,gpu_type,gpus,work_h,power_kw_per_gpu\netl,contiguous,a100,4,3,0.4\n",
    )
    elsewhere = tmp_path / "run"
    elsewhere.mkdir()
    (elsewhere / "scenario.yaml").write_text(dump(scenario), encoding="utf-8")
    again = load(elsewhere / "scenario.yaml")
    assert again == scenario
    assert [job.name for job in again.jobs] == ["train", "etl"]
    assert again.sites["berlin"].grid.import_limit_kw[1] == 1 / 3


def test_the_published_schema_is_the_models():
    # To publish a change: SCHEMA_FILE.write_text(schema_json(), encoding="utf-8")
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_json()


@pytest.mark.parametrize("name", WORLDS)
def test_somebody_elses_validator_accepts_a_world(name):
    document, _ = parse(builtin.read(name), name)
    validator = jsonschema.Draft202012Validator(json.loads(schema_json()))
    assert [error.message for error in validator.iter_errors(plain(document))] == []


def test_the_schema_refuses_a_misspelt_key(small):
    document, _ = parse(small.replace("power_kw: 50", "powr_kw: 50"), "small.yaml")
    validator = jsonschema.Draft202012Validator(json.loads(schema_json()))
    assert not validator.is_valid(plain(document))


def test_a_copy_is_made_once_and_never_over_a_file(tmp_path):
    path = builtin.copy("dakhla", tmp_path)
    assert path == tmp_path / "dakhla.yaml"
    assert load(path).name == "dakhla"
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert Path(first.removeprefix(builtin.SCHEMA_COMMENT)).is_file()
    with pytest.raises(InputError, match="exists already, and is left as it is"):
        builtin.copy("dakhla", path)
    with pytest.raises(InputError, match="did you mean dakhla"):
        builtin.copy("dakla", tmp_path)


def test_peak_hours_follow_moroccos_clock_through_ramadan():
    # Ramadan ends on 2026-03-20; on Sunday the 22nd the clock goes from UTC to UTC+1.
    scenario = load("dakhla", start=datetime(2026, 3, 21, tzinfo=UTC), days=2)
    prices = scenario.sites["dakhla"].grid.import_price_per_kwh
    peak = np.flatnonzero(prices == prices.max())
    assert list(peak) == [17, 18, 19, 20, 21, 40, 41, 42, 43, 44]


def test_half_an_hour_of_peak_is_half_the_price(small_with):
    scenario = small_with(
        {
            'hours: ["22:00-06:00"]': 'hours: ["22:00-06:30"]',
            'hours: ["06:00-22:00"]': 'hours: ["06:30-22:00"]',
        }
    )
    # Half past six in Oslo is half past four UTC in June.
    prices = scenario.sites["oslo"].grid.import_price_per_kwh
    assert prices[3:6] == pytest.approx([0.1, 0.15, 0.2])


def test_demand_follows_the_regions_own_clock_and_weekday(small_with):
    daily = ", ".join(["2"] * 12 + ["0"] * 12)
    scenario = small_with(
        {
            "europe: {mean_rps: 8}": f"europe: {{mean_rps: 8, daily_shape: [{daily}], "
            "weekly_shape: [0.5, 1, 1, 1, 1, 1, 1.5]}"
        }
    )
    # Monday in Berlin: UTC+2, so its morning ends at ten o'clock UTC; Tuesday begins at 22.
    rps = scenario.services["chat"].rps["europe"]
    assert list(rps) == [8.0] * 10 + [0.0] * 12 + [16.0] * 2


def test_a_job_is_in_utc_with_its_base_mode_and_the_sites_that_admit_it(small_with):
    (job,) = small_with({"      home: oslo": "      home: oslo\n      data_gb: 5"}).jobs
    assert job.release == datetime(2026, 6, 1, 2, tzinfo=UTC)
    assert job.due == datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert job.deadline == datetime(2026, 6, 2, tzinfo=UTC)
    assert [(mode.gpus, mode.speed, mode.power_kw) for mode in job.modes] == [(8, 1.0, 3.2)]
    assert job.sites == ("oslo", "berlin")


def test_data_move_only_over_a_link(small_with):
    changes = {
        "links:\n  - {between: [oslo, berlin], bandwidth_gbps: 1}\n": "",
        "      home: oslo": "      home: oslo\n      data_gb: 5",
    }
    (job,) = small_with(changes).jobs
    assert job.sites == ("oslo",)


def test_dakhla_is_most_of_its_world_and_two_services_are_sovereign(loaded):
    world = loaded["dakhla"].world
    gpus = {name: site.pools["h100"].gpus for name, site in world.sites.items()}
    assert gpus == {"dakhla": 880, "casablanca": 96, "paris": 48}
    sovereign = [name for name, service in world.services.items() if service.residency == ("MA",)]
    assert sovereign == ["health-triage", "justice-search"]
    assert len(loaded["dakhla"].jobs) == pytest.approx(200, abs=5)


def best_with_start(scenario, start):
    """Least cost with the job started at `start`, by a linear program of one battery."""
    grid, battery = scenario.sites["home"].grid, scenario.world.sites["home"].battery
    price = grid.import_price_per_kwh + grid.carbon_g_per_kwh / 1000
    n = len(price)
    load_kw = np.zeros(n)
    load_kw[start : start + 4] = 8
    eye, sums = np.eye(n), np.tril(np.ones((n, n)))
    stored = np.hstack([0 * eye, battery.charge_efficiency * sums, -sums])
    result = linprog(
        np.concatenate([price, np.zeros(2 * n)]),
        A_eq=np.vstack([np.hstack([eye, -eye, eye]), stored[-1:]]),
        b_eq=np.append(load_kw, 0),
        A_ub=np.vstack([stored, -stored]),
        b_ub=np.concatenate([np.full(n, battery.energy_kwh), np.zeros(n)]),
        bounds=[(0, 20)] * n + [(0, battery.power_kw)] * 2 * n,
    )
    return result.fun, result.x[:n]


def test_the_optimum_of_the_small_world_is_the_one_derived_in_its_comments(loaded):
    costs = [best_with_start(loaded["one-site-one-battery"], start)[0] for start in range(9)]
    assert int(np.argmin(costs)) == 3
    assert costs[3] == pytest.approx(45.8)
    assert costs[2] == pytest.approx(60.8)
    assert costs[4] == pytest.approx(58.9)
    assert min(cost for start, cost in enumerate(costs) if start != 3) > 58
    _, imports_kw = best_with_start(loaded["one-site-one-battery"], 3)
    assert imports_kw == pytest.approx([0, 0, 0, 8, 18, 8, 0, 0, 0, 0, 0, 0], abs=1e-6)


def test_running_at_once_in_the_small_world_costs_what_its_comments_say(loaded):
    grid = loaded["one-site-one-battery"].sites["home"].grid
    first = itertools.islice(zip(grid.import_price_per_kwh, grid.carbon_g_per_kwh, strict=True), 4)
    money, grams = np.array(list(first)).sum(axis=0) * 8
    assert (money, grams / 1000) == (80, pytest.approx(15.2))

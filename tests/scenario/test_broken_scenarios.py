"""Every mistake is named with its line, its column and its repair, and all of them at once."""

import pytest

CASES = [
    pytest.param(
        "power_kw: 50",
        "powr_kw: 50",
        "small.yaml:25:7: sites.oslo.battery.powr_kw: unknown key; did you mean power_kw?",
        id="a misspelt key",
    ),
    pytest.param(
        "cooling: {pue: 1.1}",
        "cooling: {pue: 0.8}",
        "small.yaml:29:15: sites.oslo.cooling.pue: must be at least 1, got 0.8",
        id="a PUE below one",
    ),
    pytest.param(
        "charge_efficiency: 0.95",
        "charge_efficiency: 95",
        "small.yaml:26:7: sites.oslo.battery.charge_efficiency: must be at most 1, got 95; "
        "did you mean 0.95?",
        id="an efficiency in per cent",
    ),
    pytest.param(
        "yearly_g_per_kwh: 30",
        "yearly_g_per_kwh: 0.5",
        "small.yaml:22:16: sites.oslo.grid.carbon.yearly_g_per_kwh: must be in g/kWh, got 0.5, "
        "which looks like kg/kWh; did you mean 500?",
        id="carbon in kilograms",
    ),
    pytest.param(
        "      power_kw_per_gpu: 0.4",
        "      power_kw_per_gpu: 400",
        "small.yaml:70:7: jobs.list.train.power_kw_per_gpu: must be at most 20, got 400, "
        "which looks like W; did you mean 0.4?",
        id="a GPU's power in watts",
    ),
    pytest.param(
        "soc_initial: 0.5",
        "soc_initial: 0.05",
        "small.yaml:28:7: sites.oslo.battery.soc_initial: must be at least soc_min 0.1, got 0.05",
        id="a battery that starts below its reserve",
    ),
    pytest.param(
        "  late_price_per_gpu_h: 10\n",
        "  late_price_per_gpu_h: 10\n  carbon_budget_kg: 5\n",
        "small.yaml:9:3: policy.carbon_budget_kg: needs carbon_excess_price_per_kg: what a kg "
        "above the budget costs",
        id="a budget that costs nothing to exceed",
    ),
    pytest.param(
        "  late_price_per_gpu_h: 10\n",
        "  late_price_per_gpu_h: 10\n  carbon_excess_price_per_kg: 5\n",
        "small.yaml:9:3: policy.carbon_excess_price_per_kg: only goes with carbon_budget_kg; "
        "remove it",
        id="a price of exceeding no budget",
    ),
    pytest.param(
        "  late_price_per_gpu_h: 10\n",
        "  late_price_per_gpu_h: 10\n  cost_budget: 5\n",
        "small.yaml:9:3: policy.cost_budget: needs cost_excess_price: what a unit of money above "
        "the budget costs",
        id="a cost budget that costs nothing to exceed",
    ),
    pytest.param(
        "  late_price_per_gpu_h: 10\n",
        "  late_price_per_gpu_h: 10\n  cost_excess_price: 5\n",
        "small.yaml:9:3: policy.cost_excess_price: only goes with cost_budget; remove it",
        id="a price of exceeding no cost budget",
    ),
    pytest.param(
        "a100: {gpus: 16, idle_kw_per_gpu: 0.1}",
        "a100: {gpus: 16, idle_kw_per_gpu: 0.1, sleep_kw_per_gpu: 0.2}",
        "small.yaml:31:46: sites.oslo.pools.a100.sleep_kw_per_gpu: must be at most idle_kw_per_gpu "
        "0.1, got 0.2",
        id="asleep dearer than idle",
    ),
    pytest.param(
        "a100: {gpus: 16, idle_kw_per_gpu: 0.1}",
        "a100: {gpus: 16, idle_kw_per_gpu: 0.1, wake_h: 0.5}",
        "small.yaml:31:46: sites.oslo.pools.a100.wake_h: only goes with sleep_kw_per_gpu; remove "
        "it",
        id="nodes that wake and never sleep",
    ),
    pytest.param(
        "    cooling: {pue: 1.2}\n",
        "    cooling: {pue: 1.2}\n"
        "    pv: {available_kw: 5, life_cycle_g_per_kwh: 48, reserve_share: 0.25}\n",
        "small.yaml:43:53: sites.berlin.pv.reserve_share: needs policy.reserve_price_per_kw_h: "
        "what a kW missing for an hour costs",
        id="a reserve that costs nothing to lack",
    ),
    pytest.param(
        "a100: {gpus: 16, idle_kw_per_gpu: 0.1}",
        "a100: {gpus: 16, idle_kw_per_gpu: 0.1, committed_gpus: 4}",
        "small.yaml:31:46: sites.oslo.pools.a100.committed_gpus: only goes with "
        "lease_price_per_gpu_h; say what the lease costs",
        id="a commitment to lease at no price",
    ),
    pytest.param(
        "      work_h: 6\n",
        "      work_h: 6\n      queue: research\n",
        "small.yaml:70:7: jobs.list.train.queue: unknown key",
        id="a key of another scheduler",
    ),
    pytest.param(
        "      home: oslo",
        "      home: olso",
        'small.yaml:73:7: jobs.list.train.home: no site is called "olso"; did you mean oslo?',
        id="a job at home nowhere",
    ),
    pytest.param(
        "    home: berlin",
        "    home: bern",
        'small.yaml:54:5: services.chat.home: no site is called "bern"; did you mean berlin?',
        id="a service at home nowhere",
    ),
    pytest.param(
        "      gpu_type: a100\n      gpus: 8",
        "      gpu_type: h100\n      gpus: 8",
        'small.yaml:67:7: jobs.list.train.gpu_type: no pool is called "h100"; did you mean a100?',
        id="a GPU type without a pool",
    ),
    pytest.param(
        "europe: {mean_rps: 8}",
        "eurpe: {mean_rps: 8}",
        'small.yaml:62:7: services.chat.demand.eurpe: no region is called "eurpe"; '
        "did you mean europe?",
        id="demand from no region",
    ),
    pytest.param(
        "rtt_ms: {oslo: 30, berlin: 5}",
        "rtt_ms: {oslo: 30}",
        "small.yaml:50:5: regions.europe.rtt_ms: no round trip to berlin; add it in ms",
        id="a round trip that nobody measured",
    ),
    pytest.param(
        "    latency_budget_ms: 200",
        "    latency_budget_ms: 104",
        "small.yaml:62:7: services.chat.demand.europe: home berlin answers in 105 ms, "
        "over latency_budget_ms 104; raise the budget or move home",
        id="a budget that home cannot keep",
    ),
    pytest.param(
        "    service_time_ms: 100",
        "    service_time_ms: 100\n    residency: [DE]\n    survives_site_loss: true",
        "small.yaml:62:5: services.chat.survives_site_loss: only berlin may answer in time, so it "
        "cannot survive the loss of a site; allow a second one or drop survives_site_loss",
        id="redundancy with one site",
    ),
    pytest.param(
        "      home: oslo",
        "      home: oslo\n      residency: [DE]",
        "small.yaml:73:7: jobs.list.train.home: residency DE forbids oslo, which is in NO; "
        "move home or change residency",
        id="a home that the law forbids",
    ),
    pytest.param(
        "      home: oslo",
        "      home: oslo\n      residency: [FR]",
        'small.yaml:74:19: jobs.list.train.residency.0: no site\'s jurisdiction is called "FR"; '
        "known: DE, NO",
        id="a residency that leaves no site",
    ),
    pytest.param(
        "      home: oslo",
        "      home: oslo\n      certifications: [health]",
        "small.yaml:73:7: jobs.list.train.home: oslo is not certified for health; "
        "move home or certify it",
        id="a home without the certificate",
    ),
    pytest.param(
        "between: [oslo, berlin]",
        "between: [oslo, berln]",
        'small.yaml:46:22: links.0.between.1: no site is called "berln"; did you mean berlin?',
        id="a link to nowhere",
    ),
    pytest.param(
        'hours: ["06:00-22:00"]',
        'hours: ["06:00-21:00"]',
        "small.yaml:19:9: sites.oslo.grid.tariff.time_of_use: no period covers 21:00-22:00; "
        "each local minute needs exactly one price",
        id="an hour without a price",
    ),
    pytest.param(
        'hours: ["06:00-22:00"]',
        'hours: ["05:30-22:00"]',
        "small.yaml:19:9: sites.oslo.grid.tariff.time_of_use: 05:30-06:00 is in night and day; "
        "each local minute needs exactly one price",
        id="an hour with two prices",
    ),
    pytest.param(
        'hours: ["06:00-22:00"]}',
        'hours: ["06:00-22:00"], months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}',
        "small.yaml:19:9: sites.oslo.grid.tariff.time_of_use: no period covers 06:00-22:00 "
        "in month 12; each local minute needs exactly one price",
        id="a month without a price",
    ),
    pytest.param(
        'hours: ["06:00-22:00"]',
        'hours: ["6-22"]',
        "small.yaml:21:53: sites.oslo.grid.tariff.time_of_use.1.hours.0: must be hours such as "
        '22:00-07:00, got "6-22"',
        id="hours that are no hours",
    ),
    pytest.param(
        "      due_h: 12",
        "      due_h: 7",
        "small.yaml:72:7: jobs.list.train.due_h: deadline unreachable: 6 h of work released at "
        "2026-06-01T02:00:00Z end at 2026-06-01T08:00:00Z or later, after 2026-06-01T07:00:00Z",
        id="a deadline nobody can meet",
    ),
    pytest.param(
        "      release_h: 2",
        "      release_h: 30",
        "small.yaml:71:7: jobs.list.train.release_h: is at 2026-06-02T06:00:00Z, after the "
        "horizon ends at 2026-06-02T00:00:00Z; lengthen the horizon or remove the job",
        id="a release after the horizon",
    ),
    pytest.param(
        "      gpus: 8\n",
        "      gpus: 32\n",
        "small.yaml:68:7: jobs.list.train.gpus: oslo has 16 a100, got 32",
        id="a job wider than its home",
    ),
    pytest.param(
        "      kind: checkpointable",
        "      kind: checkpontable",
        "small.yaml:66:7: jobs.list.train.kind: must be contiguous or checkpointable or elastic, "
        'got "checkpontable"; did you mean checkpointable?',
        id="a misspelt kind",
    ),
    pytest.param(
        "start: 2026-06-01T00:00:00Z",
        "start: 2026-06-01T00:00:00",
        "small.yaml:4:11: horizon.start: must say its time zone, got 2026-06-01T00:00:00; "
        "write 2026-06-01T00:00:00Z if that is UTC",
        id="an instant without a zone",
    ),
    pytest.param(
        "start: 2026-06-01T00:00:00Z",
        "start: 2026-06-01T02:00:00+02:00",
        "small.yaml:4:11: horizon.start: must be in UTC, got 2026-06-01T02:00:00+02:00; "
        "write 2026-06-01T00:00:00Z",
        id="an instant in local time",
    ),
    pytest.param(
        "step_min: 60",
        "step_min: 50",
        "small.yaml:4:49: horizon.step_min: must divide the day of 1440 min, got 50; "
        "did you mean 48?",
        id="a step that does not divide the day",
    ),
    pytest.param(
        "days: 1,",
        "days: 61,",
        "small.yaml:4:40: horizon.days: 1464 steps of 60 min, at most 1440 can be planned; "
        "use 60 days or fewer, or longer steps",
        id="a horizon too long",
    ),
    pytest.param(
        "timezone: Europe/Oslo",
        "timezone: Europe/Olso",
        'small.yaml:14:5: sites.oslo.timezone: unknown time zone "Europe/Olso"; '
        "did you mean Europe/Oslo?",
        id="an unknown time zone",
    ),
    pytest.param(
        "    jurisdiction: DE\n",
        "",
        "small.yaml:32:3: sites.berlin.jurisdiction: required, but missing",
        id="a missing key, at its parent's line",
    ),
    pytest.param(
        "import_limit_kw: 100",
        "import_limit_kw: lots",
        "small.yaml:17:7: sites.oslo.grid.import_limit_kw: must be a number, "
        'got "lots", or a list with one value a step, or {file: …, column: …}',
        id="a word for a number",
    ),
    pytest.param(
        "import_limit_kw: 100",
        "import_limit_kw: [100, 100]",
        "small.yaml:17:7: sites.oslo.grid.import_limit_kw: needs one value a step, 24 of them, "
        "got 2",
        id="a list of the wrong length",
    ),
    pytest.param(
        "energy_kwh: 200",
        "energy_kwh: .nan",
        "small.yaml:24:7: sites.oslo.battery.energy_kwh: must be a finite number, got nan",
        id="not a number",
    ),
    pytest.param(
        "      work_h: 6\n",
        '      work_h: "6"\n',
        'small.yaml:69:7: jobs.list.train.work_h: must be a number, got the text "6"; '
        "remove the quotes",
        id="a quoted number",
    ),
    pytest.param(
        "      power_kw: 50\n",
        "      power_kw: 50\n      power_kw: 60\n",
        "small.yaml:26:7: sites.oslo.battery.power_kw: stands twice, first in line 25; "
        "keep one of them",
        id="a key that stands twice",
    ),
    pytest.param(
        "      home: oslo\n",
        "      home: oslo\n    train: {}\n",
        "small.yaml:74:5: jobs.list.train: stands twice, first in line 65; keep one of them",
        id="two jobs of one name",
    ),
    pytest.param(
        "    battery:\n",
        "\tbattery:\n",
        "small.yaml:23:1: a tab indents this line; YAML wants spaces",
        id="a tab",
    ),
    pytest.param(
        "cooling: {pue: 1.1}",
        "cooling: {pue: 1.1",
        "small.yaml:30:10: not valid YAML: expected ',' or '}', but got ':'; look for a missing "
        "quote, bracket or indentation",
        id="a bracket that never closes",
    ),
    pytest.param(
        "version: 1",
        "version: 2",
        "small.yaml:1:1: version: must be 1, got 2",
        id="a version of the future",
    ),
    pytest.param(
        "  europe:\n    timezone",
        "  eu.west:\n    timezone",
        "small.yaml:48:3: regions.eu.west: a name holds letters, digits, - and _ only, "
        'at most 63, got "eu.west"',
        id="a name with a dot",
    ),
    pytest.param(
        "start: 2026-06-01T00:00:00Z",
        "start: 9999-12-31T00:00:00Z",
        "small.yaml:4:11: horizon.start: must be in a year from 1900 to 2200, got "
        "9999-12-31T00:00:00Z; choose another",
        id="a start that no calendar reaches",
    ),
    pytest.param(
        "    replica_idle_kw: 0.15",
        "    replica_idle_kw: 0.05",
        "small.yaml:57:5: services.chat.replica_idle_kw: must include the idle draw of its GPUs, "
        "0.1 kW at oslo, got 0.05",
        id="a replica that draws less than its GPUs",
    ),
    pytest.param(
        "carbon: {g_per_kwh: 400}",
        "carbon: {g_per_kwh: 400, spread: 0.1}",
        "small.yaml:41:32: sites.berlin.grid.carbon.spread: only goes with yearly_g_per_kwh; "
        "remove it",
        id="a field that nothing would honour",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), CASES)
def test_one_mistake_is_one_problem_with_its_place_and_repair(refusal, old, new, expected):
    (problem,) = refusal({old: new})
    assert problem.startswith(expected)


def test_all_mistakes_of_a_file_are_told_at_once_in_the_order_of_its_lines(refusal):
    problems = refusal(
        {
            "power_kw: 50": "powr_kw: 50",
            "cooling: {pue: 1.2}": "cooling: {pue: 0.2}",
            "between: [oslo, berlin]": "between: [oslo, berln]",
            "      due_h: 12": "      due_h: 1",
        }
    )
    assert [problem.split(":")[1] for problem in problems] == ["25", "42", "46", "72"]

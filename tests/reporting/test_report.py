"""One HTML file: complete, the same each time, and in need of nothing else."""

import base64
import hashlib
import json
import re
import sys
from dataclasses import replace
from itertools import pairwise

import pytest

from optimizer.plan import Stage
from optimizer.shortfalls.find import conflicts
from scheduler.accounting.spread import Range, Spread
from scheduler.errors import InputError
from scheduler.reporting.bundle import BUNDLE, bundle
from scheduler.reporting.report import render
from tests.reporting import page


@pytest.fixture(scope="module")
def html(run):
    return render(run)


@pytest.fixture(scope="module")
def read(html):
    return page.read(html)


def test_the_same_run_gives_the_same_bytes(run, html):
    assert render(run) == html


def test_how_long_the_solve_took_changes_nothing(run, html):
    proof = replace(run.solution.proof, seconds=99.0)
    slower = replace(run, solution=replace(run.solution, proof=proof))
    assert render(slower) == html
    assert "12.345" not in html


def test_no_address_is_in_it_but_names_of_namespaces_and_vegas_own(html):
    addresses = set(re.findall(r"https?://[^\s\"'`)\\]+", html))
    bundled = set(re.findall(r"https?://[^\s\"'`)\\]+", BUNDLE.read_text(encoding="utf-8")))
    assert addresses <= bundled
    assert "$schema" not in html.replace(BUNDLE.read_text(encoding="utf-8"), "")


def test_nothing_in_it_is_fetched(read):
    for element in read.walk():
        assert element.tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert "src" not in element.attributes
        assert element.attributes.get("href", "#").startswith("#")


def test_its_policy_allows_its_own_two_scripts_and_no_connection(read):
    policy = next(
        one.attributes["content"]
        for one in read.all("meta")
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';")
    assert "connect-src 'none'" in policy
    assert "unsafe-eval" not in policy
    scripts = [one for one in read.all("script") if one.attributes.get("type") is None]
    hashes = [
        base64.b64encode(hashlib.sha256(one.text.encode()).digest()).decode() for one in scripts
    ]
    assert [f"'sha256-{one}'" in policy for one in hashes] == [True, True]


def test_a_name_that_looks_like_markup_stays_a_name(read):
    assert "evil" not in [one.tag for one in read.walk()]
    assert not list(read.all("b"))
    assert "</script><b>evil</b>" in [row["job"] for row in page.rows(read, "jobs")]
    assert any("</script><b>evil</b>" in row for row in page.cells(read, "jobs"))


def test_identities_are_unique_and_links_lead_somewhere(read):
    names = page.identities(read)
    assert len(names) == len(set(names))
    links = [one.attributes["href"].removeprefix("#") for one in read.all("a")]
    assert set(links) <= set(names)


def test_the_first_screen_has_the_question_five_numbers_and_what_to_do(run, read):
    assert [one.text for one in read.all("h1")] == [run.scenario.world.question]
    for name in ("emissions", "cost", "deadlines", "energy_gain", "facility_gain"):
        assert read[f"card-{name}"].text.strip()
    assert "3 of 3" in read["card-deadlines"].text
    assert "run-now: 3 of 3" in read["card-deadlines"].text
    assert "MAD" in read["card-cost"].text


def test_a_plan_on_forecasts_is_said_to_be_expected(run, read):
    assert "expected" in read["advice"].text
    measured = page.read(render(replace(run, basis="measured")))
    assert "expected" not in measured["advice"].text


def test_a_plan_no_better_than_run_now_is_not_recommended(island):
    advice = page.read(render(island))["advice"].text
    assert "running everything at once is as good" in advice


def test_tables_have_captions_and_headers_with_a_scope(read):
    for table in read.all("table"):
        assert all(one.attributes.get("scope") in {"row", "col"} for one in table.all("th"))
        if table.attributes["id"] != "of-data":
            assert next(table.all("caption")).text


def test_each_figure_says_what_it_shows(read):
    drawings = [one for one in read.walk() if "data-figure" in one.attributes]
    assert drawings
    assert all(one.attributes["role"] == "img" for one in drawings)
    assert all(len(one.attributes["aria-label"]) > 20 for one in drawings)
    assert "JavaScript" in next(read.all("noscript")).text


def test_headings_go_down_one_level_at_a_time(read):
    levels = [int(one.tag[1]) for one in read.walk() if re.fullmatch("h[1-6]", one.tag)]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_kpis_stand_with_their_baseline_and_unit(run, read):
    table = {row[0]: row[1:] for row in page.cells(read, "kpis")}
    unit, ours, _, theirs, _, _ = table["Facility energy"]
    assert unit == "kWh"
    assert ours == f"{run.kpis.facility_kwh:,.0f}"
    assert theirs == f"{run.baseline_kpis.facility_kwh:,.0f}"


def test_emissions_and_cost_stand_with_their_range_and_how_it_came_about(run, read):
    ranges = Spread(
        n_scenarios=20,
        plan={name: Range(low=1200.0, high=3400.0) for name in run.spread.plan},
        baseline={name: Range(low=1300.0, high=3600.0) for name in run.spread.baseline},
    )
    english = page.read(render(replace(run, spread=ranges)))
    assert "P10–P90: 1,200 to 3,400" in english["card-emissions"].text
    assert "P10–P90: 1,200 to 3,400" in english["card-cost"].text
    assert "(P10–P90: 1,300 to 3,600)" in english["card-cost"].text
    assert "P10–P90" not in english["card-deadlines"].text
    assert "over the 20 weighted scenarios" in next(english.all("header")).text
    assert english["of-kpis"].text.count("1,200 to 3,400") == len(ranges.plan) - 1
    french = page.read(render(replace(run, spread=ranges), language="fr"))
    assert "P10–P90\u202f: 1\u202f200 à 3\u202f400" in french["card-emissions"].text
    assert "sur les 20 scénarios pondérés" in next(french.all("header")).text


def test_an_outcome_has_no_range(run):
    read = page.read(render(replace(run, basis="measured", spread=None)))
    assert "P10–P90" not in next(read.all("header")).text
    assert len(page.cells(read, "kpis")[0]) == 5


def test_a_gap_a_digest_and_every_version_are_told(run, read):
    assert "within 0.40\u00a0% of the best possible" in read.text
    assert run.digest in read.text
    assert ["highspy", "1.15.1"] in page.cells(read, "versions")


def test_an_interrupted_solve_is_told(run):
    proof = replace(run.solution.proof, stage=Stage.TIME_LIMIT)
    cut_off = replace(run, solution=replace(run.solution, proof=proof))
    assert "cut off by the time limit" in page.read(render(cut_off)).text


def test_what_is_synthetic_and_where_each_forecast_comes_from_is_told(run, read):
    assert run.scenario.world.data_note in read.text
    assert "Synthetic, a made-up world and no measurement: PV power (north)" in read.text
    sources = page.cells(read, "sources")
    assert sources[1][:5] == ["PV power", "north", "kW", "synthetic", "2026-03-02 00:00"]
    assert sources[1][5] == "0 stated series: nothing better <is> at hand & fresh"


def test_the_run_and_its_scenario_are_attached(run, read):
    document = json.loads(read["document"].text)
    assert document["digest"] == run.digest
    assert "seconds" not in document["solver"]
    assert json.loads(read["scenario"].text).startswith("version: 1\n")
    assert "alize plan one-site-one-battery.yaml --report --seed 3" in read.text


def test_an_island_without_battery_and_services_has_a_report(island):
    read = page.read(render(island))
    names = page.identities(read)
    assert "battery" not in names
    assert "of-services" not in names
    assert not [name for name in names if name.startswith(("spec-carbon", "spec-price"))]
    assert "Every wish was met." in read.text


def test_shortfalls_and_work_left_undone_are_told(short):
    read = page.read(render(short))
    names = [row[0] for row in page.cells(read, "shortfalls")]
    assert names == [
        "Shortfall",
        "Power that nothing supplied",
        "Work not done by its hard deadline",
    ]
    assert "Not finished by their hard deadline: train." in read.text
    # 20 h of work, released at midnight, due at 01:00 and four hours later at the latest.
    (job,) = page.rows(read, "jobs")
    assert job["why"] == "left unfinished: would end 15 h after the hard deadline"
    assert "saga" in read.text
    assert "No waterfall was computed" in read.text


def test_why_wishes_stay_unmet_stands_under_the_shortfalls(short):
    told = replace(short, conflicts=conflicts(short.problem, short.plan))
    read = page.read(render(told))
    assert "Why, and what would do" in read.text
    # 1 kW of overhead and 16 idle GPUs of 0.1 kW at a PUE slope of 1.1, on a grid of 2 kW.
    assert "it draws 2.8 kW with nothing running, its grid connection gives at most 2.0 kW" in (
        read.text
    )
    assert (
        "train cannot end by its hard deadline Mon 2026-03-02 05:00: it needs 20 h on 8 h100"
        in (read.text)
    )
    french = page.read(render(told, language="fr")).text
    assert "train ne peut finir avant son échéance ferme, lun. 2026-03-02 05:00" in french


def test_a_gain_that_cannot_be_stated_says_why(run):
    silent = replace(
        run,
        gain=replace(
            run.gain,
            energy_efficiency_percent=None,
            reason="the plan is later than run-now",
        ),
    )
    card = page.read(render(silent, language="fr"))["card-energy_gain"].text
    assert "le plan est plus en retard que le lancement immédiat" in card


def test_a_french_report_is_french_and_writes_numbers_so(run):
    read = page.read(render(run, language="fr"))
    html = next(read.all("html"))
    assert html.attributes["lang"] == "fr"
    assert "Ce que change chaque liberté" in read.text
    assert next(read.all("h1")).text.startswith("Quand une tâche tourne-t-elle")
    assert "Tous les nombres sont inventés" in read.text
    assert "2026-03-02 00:00" not in read["card-cost"].text
    table = {row[0]: row[1:] for row in page.cells(read, "kpis")}
    expected = f"{run.kpis.emissions_kg:.1f}".replace(".", ",")
    assert table["Émissions, selon le lieu"][1] == expected


def test_a_language_without_a_catalogue_is_refused(run):
    with pytest.raises(ValueError, match="one of en, fr, got 'de'"):
        render(run, language="de")


def test_a_missing_altair_names_the_command_that_adds_it(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(InputError, match=r"pip install 'alize\[report\]'"):
        render(run)


def test_the_notices_of_what_is_bundled_travel_with_the_page(read):
    told = read["licences"].text
    assert told == BUNDLE.with_name("LICENSES.txt").read_text(encoding="utf-8")
    notices = "\n".join(line for line in told.splitlines() if line.startswith("Copyright"))
    holders = (
        "Trifacta",
        "University of Washington Interactive Data Lab",
        "Ariya Hidayat",
        "Mike Bostock",
        "Observable",
        "Mapbox",
        "Isaac Z. Schlueter",
        "Charles Karney",
        "Feross Aboukhadijeh",
        "Fair Oaks Labs",
        "Cynthia Brewer",
    )
    assert [holder for holder in holders if holder not in notices] == []


@pytest.mark.slow
def test_the_bundle_is_what_its_script_makes():
    # To renew it: python -m scheduler.reporting.bundle
    assert BUNDLE.read_text(encoding="utf-8") == bundle()
    assert "BSD 3-Clause" in BUNDLE.with_name("LICENSES.txt").read_text(encoding="utf-8")

"""A table of jobs is read row by row; what is wrong names the row and the field."""

import pandas as pd
import pytest

from scheduler.scenario import load

NO_LIST = "jobs:\n  list:\n"
FILES = {
    NO_LIST: "jobs:\n  files: [{file: jobs.csv, defaults: {gpu_type: a100, home: oslo}}]\n  list:\n"
}
HEADER = "name,kind,gpus,work_h,power_kw_per_gpu,release_h,due_h\n"
ROW = "etl,contiguous,4,3,0.4,1,10\n"


def named(scenario, name):
    return next(job for job in scenario.jobs if job.name == name)


def test_a_row_is_a_job(small_with):
    job = named(small_with(FILES, jobs_csv=HEADER + ROW), "etl")
    assert (job.kind, job.gpus, job.work_h, job.home) == ("contiguous", 4, 3.0, "oslo")
    assert job.sites == ("oslo", "berlin")
    assert job.slack_h == 6  # due 10, released 1, 3 hours of work


def test_an_elastic_row_lists_its_modes_and_a_bound_row_its_jurisdictions(small_with):
    text = (
        "name,kind,gpus,work_h,power_kw_per_gpu,modes,residency,release\n"
        "fit,elastic,8,3,0.4,4:0.55:0.4;16:1.8:0.4,NO;DE,2026-06-01T03:00:00Z\n"
    )
    job = named(small_with(FILES, jobs_csv=text), "fit")
    assert [(mode.gpus, mode.speed) for mode in job.modes] == [(8, 1.0), (4, 0.55), (16, 1.8)]
    assert job.residency == {"NO", "DE"}
    assert job.release.hour == 3
    assert job.due == job.deadline


def test_a_row_says_whether_it_takes_whole_nodes_and_where_it_is_running(small_with):
    text = (
        "name,kind,gpu_type,gpus,work_h,power_kw_per_gpu,home,whole_nodes,running_at,release_h\n"
        "gang,contiguous,a100,4,3,0.4,oslo,true,oslo,-2\n"
        "loose,contiguous,a100,4,3,0.4,oslo,false,,0\n"
    )
    scenario = small_with(FILES, jobs_csv=text)
    gang, loose = named(scenario, "gang"), named(scenario, "loose")
    assert (gang.whole_nodes, gang.running_at) == (True, "oslo")
    assert (loose.whole_nodes, loose.running_at) == (False, None)


def test_parquet_reads_like_csv(write, tmp_path):
    path = write({NO_LIST: "jobs:\n  files: [{file: jobs.parquet}]\n  list:\n"})
    pd.DataFrame(
        {
            "name": ["etl"],
            "kind": ["elastic"],
            "gpu_type": ["a100"],
            "gpus": [4.0],
            "work_h": [3],
            "power_kw_per_gpu": [0.4],
            "home": ["oslo"],
            "release": pd.to_datetime(["2026-06-01T05:00Z"]),
            "certifications": [[]],
            "modes": [[{"gpus": 8, "speed": 1.7, "power_kw_per_gpu": 0.4}]],
            "residency": [None],
        }
    ).to_parquet(tmp_path / "jobs.parquet")
    job = named(load(path), "etl")
    assert job.release.hour == 5
    assert job.modes[1].gpus == 8


def test_jobs_outside_the_horizon_are_left_out_and_counted(small_with):
    text = HEADER + ROW + "later,contiguous,4,3,0.4,40,60\n" + "sooner,contiguous,4,3,0.4,-5,10\n"
    scenario = small_with(FILES, jobs_csv=text)
    assert {job.name for job in scenario.jobs} == {"etl", "train"}
    assert scenario.notes == (
        "jobs.csv: 2 of 3 jobs are released outside the horizon and left out",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            HEADER.replace("gpus", "gpu") + ROW,
            'jobs.csv:1: unknown column "gpu"; did you mean gpus?',
            id="an unknown column",
        ),
        pytest.param(
            "kind\ncontiguous\n",
            "jobs.csv:1: no column name; each job needs a name of its own",
            id="no names",
        ),
        pytest.param(
            HEADER + ROW + ROW,
            "jobs.csv:3: etl: a job of that name stands in jobs.csv:2; names must differ",
            id="one name twice",
        ),
        pytest.param(
            HEADER + ROW.replace("etl", "train"),
            "jobs.csv:2: train: a job of that name stands in jobs.list; names must differ",
            id="a name of the list",
        ),
        pytest.param(
            HEADER + ROW.replace(",4,", ",4.5,"),
            "jobs.csv:2: etl.gpus: must be a whole number, got 4.5",
            id="half a GPU",
        ),
        pytest.param(
            HEADER + ROW.replace(",3,", ",three,"),
            'jobs.csv:2: etl.work_h: must be a number, got "three"',
            id="a word for a number",
        ),
        pytest.param(
            HEADER + ROW.replace(",3,", ",,"),
            "jobs.csv:2: etl.work_h: required, but missing",
            id="an empty cell",
        ),
        pytest.param(
            HEADER + ROW.replace(",10", ",2"),
            "jobs.csv:2: etl.due_h: deadline "
            "unreachable: 3 h of work released at 2026-06-01T01:00:00Z end at "
            "2026-06-01T04:00:00Z or later, after 2026-06-01T02:00:00Z",
            id="a deadline nobody can meet",
        ),
        pytest.param(
            HEADER + "\n" + ROW,
            "jobs.csv:2: name: letters, digits, - and _ only, at most 63, got nothing",
            id="an empty row",
        ),
        pytest.param(
            "name,modes\netl,4x0.5\n",
            'jobs.csv:2: etl: modes must be gpus:speed:power_kw_per_gpu parted by ;, got "4x0.5"',
            id="a garbled mode",
        ),
    ],
)
def test_a_bad_row_is_named_with_its_repair(refusal, text, expected):
    assert expected in refusal(FILES, jobs_csv=text)


def test_a_wrong_default_is_named_once_at_its_line(refusal):
    change = {
        NO_LIST: "jobs:\n  files:\n    - file: jobs.csv\n      defaults: "
        "{gpu_type: a100, home: oslo, data_gb: -1}\n  list:\n"
    }
    more = HEADER + ROW + ROW.replace("etl", "two")
    assert refusal(change, jobs_csv=more) == [
        "small.yaml:66:46: jobs.files.0.defaults.data_gb: must be at least 0, got -1"
    ]


def test_a_thousand_bad_rows_are_not_listed_one_by_one(refusal):
    text = HEADER + "".join(f"j{n},contiguous,4,x,0.4,1,10\n" for n in range(1000))
    problems = refusal(FILES, jobs_csv=text)
    assert len(problems) == 21
    assert problems[-1] == "jobs.csv:22: and more; the rest was not read"

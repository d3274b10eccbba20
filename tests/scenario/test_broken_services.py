"""Every mistake in the models of a service is named with its place and its repair."""

import pytest

FULL = "    energy_per_request_wh: 0.05\n"
SMALL = """    quality_floor: 0.95
    variants:
      quantised:
        gpus_per_replica: 1
        capacity_rps: 8
        replica_idle_kw: 0.12
        energy_per_request_wh: 0.02
        quality: 0.9
"""
CASES = [
    pytest.param(
        ("    quality_floor: 0.95\n", ""),
        "small.yaml:59:5: services.chat.variants: must come with a quality_floor, the least mean "
        "quality of the answers; 0 allows any",
        id="variants without a floor",
    ),
    pytest.param(
        (SMALL[SMALL.index("    variants") :], ""),
        "small.yaml:59:5: services.chat.quality_floor: only goes with variants, the full model has "
        "quality 1; remove it or add some",
        id="a floor without variants",
    ),
    pytest.param(
        ("      quantised:", "      full:"),
        "small.yaml:61:7: services.chat.variants.full: is what the service's own model is called; "
        "give the variant another name",
        id="a variant that is called full",
    ),
    pytest.param(
        ("        replica_idle_kw: 0.12", "        replica_idle_kw: 0.02"),
        "small.yaml:64:9: services.chat.variants.quantised.replica_idle_kw: must include the idle "
        "draw of its GPUs, 0.1 kW at oslo, got 0.02",
        id="a variant that draws less than its GPUs",
    ),
    pytest.param(
        ("        quality: 0.9", "        quality: 90"),
        "small.yaml:66:9: services.chat.variants.quantised.quality: must be at most 1, got 90",
        id="a quality in per cent",
    ),
]


@pytest.mark.parametrize(("change", "expected"), CASES)
def test_one_mistake_is_one_problem_with_its_place_and_repair(refusal, change, expected):
    assert SMALL.count(change[0]) == 1
    (problem,) = refusal({FULL: FULL + SMALL.replace(*change)})
    assert problem.startswith(expected)


def test_variants_and_their_floor_come_back_from_a_written_scenario(small_with):
    service = small_with({FULL: FULL + SMALL}).world.services["chat"]
    assert service.quality_floor == 0.95
    assert service.variants["quantised"].quality == 0.9

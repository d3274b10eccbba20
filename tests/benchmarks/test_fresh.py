import os

import pytest

from benchmarks.fresh import in_fresh_process


def test_a_measurement_has_a_process_of_its_own():
    assert in_fresh_process(os.getpid) != os.getpid()


def test_what_goes_wrong_there_is_raised_here():
    with pytest.raises(ValueError, match="invalid literal"):
        in_fresh_process(int, "many")

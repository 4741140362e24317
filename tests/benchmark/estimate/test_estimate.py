"""What a dry run tells, without measuring."""

import pytest

from dg_keras.benchmark.config.config import Method
from dg_keras.benchmark.estimate.estimate import at_once, gradients_in_memory


def test_tells_how_many_gradients_a_method_holds():
    named = ["Deep-All", "Agr-Sum", "PCGrad", "DRO", "MLDG"]
    methods = [Method.model_validate(name) for name in named]
    told = gradients_in_memory(methods, sources=3, size=2**21)
    # Those of three sources and what is made of them; one where the mean loss is all there is.
    assert told == (
        "Gradients of 2.0 MiB: 1 at a time with Deep-All, DRO; "
        "4 at a time with Agr-Sum, PCGrad, MLDG."
    )


@pytest.mark.parametrize(
    ("processes", "busy", "expected"),
    [(1, 0.5, 1), (1, 6.0, 1), (4, 0.5, 4), (4, 2.0, 2), (2, 1.6, 2), (8, 3.0, 4 / 3)],
)
def test_processes_share_the_cores(processes, busy, expected, monkeypatch):
    monkeypatch.setattr("dg_keras.benchmark.estimate.estimate.cores", lambda: 4)
    assert at_once(processes, busy) == pytest.approx(expected)

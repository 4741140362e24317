"""What a dry run tells, without measuring."""

from dg_keras.benchmark.config.config import Method
from dg_keras.benchmark.estimate.estimate import gradients_in_memory


def test_tells_how_many_gradients_a_method_holds():
    named = ["Deep-All", "Agr-Sum", "PCGrad", "DRO", "MLDG"]
    methods = [Method.model_validate(name) for name in named]
    told = gradients_in_memory(methods, sources=3, size=2**21)
    # Those of three sources and what is made of them; one where the mean loss is all there is.
    assert told == (
        "Gradients of 2.0 MiB: 1 at a time with Deep-All, DRO; "
        "4 at a time with Agr-Sum, PCGrad, MLDG."
    )

"""What strategies, objectives, networks, callbacks and `load` can't be made with."""

import numpy as np

from dg_keras import backbones, callbacks, data, objectives, strategies
from tests.bad_inputs.bad_input import BadInput
from tests.never_silent.vectors import domains

WHOLE_SEED = "`seed` must be an integer of 64 bits, or None. Received: seed="


def called(wrong, call, says):
    """A call of something public."""
    return BadInput(wrong, lambda _: call(), says)


SEEDS = [
    called(f"{name}'s seed of {seed!r}", lambda of=of, seed=seed: of(seed=seed), WHOLE_SEED + shown)
    for name, of in [("Agr-Rand", strategies.AgrRand), ("PCGrad", strategies.PCGrad)]
    for seed, shown in [
        (1.5, "1.5"),
        (True, "True"),
        ("1", "'1'"),
        (2**63, "9223372036854775808"),
        (-(2**63) - 1, "-9223372036854775809"),
    ]
]

OBJECTIVES = [
    called(
        f"{of.__name__}'s {name} of {value!r}",
        lambda of=of, name=name, value=value: of(**{name: value}),
        f"`{name}` must be {kind}, and at most 1e+09. Received: {name}={value!r}",
    )
    for of, name, kind, values in [
        (objectives.MLDG, "learning_rate", "a positive number", (-0.1, 0, np.nan, np.inf, "fast")),
        (objectives.MLDG, "beta", "a number of at least 0", (-1, np.nan)),
        (objectives.MLDG, "epsilon", "a positive number", (0, np.nan)),
        (objectives.GroupDRO, "eta", "a number of at least 0", (-1, np.nan)),
        (objectives.IRM, "penalty_weight", "a number of at least 0", (-1, np.nan)),
        (objectives.Mixup, "alpha", "a positive number", (0, np.nan)),
    ]
    for value in values
]

NETWORKS = [
    called(
        "a network of one class by a bool",
        lambda: backbones.AlexNet(True),
        "`classes` must be a positive integer. Received: classes=True",
    ),
    *[
        called(
            f"a dropout of {dropout!r}",
            lambda dropout=dropout: backbones.AlexNet(7, dropout=dropout),
            f"`dropout` must be in [0, 1). Received: dropout={dropout!r}",
        )
        for dropout in (1, -0.5, np.nan, "half", None)
    ],
]

CALLBACKS = [
    called(
        f"{name} of {of.__name__} of {value!r}",
        lambda of=of, name=name, value=value: of(domains(), **{name: value}),
        f"`{name}` must be {kind}. Received: {name}={value!r}",
    )
    for of, name, kind in [
        (callbacks.GradientAgreement, "batch_size", "a positive integer"),
        (callbacks.GradientAgreement, "every", '"epoch" or a positive number of training steps'),
        (callbacks.DomainMetrics, "batch_size", "a positive integer"),
        (callbacks.DomainMetrics, "every", '"epoch" or a positive number of training steps'),
        (callbacks.SourceSelection, "batch_size", "a positive integer"),
        (callbacks.SourceSelection, "every", '"epoch" or a positive number of training steps'),
        (callbacks.WeightAveraging, "every", '"epoch" or a positive number of training steps'),
    ]
    for value in (0, 2.5, "8", True, None)
]

LOADED = [
    called(
        f"a data set whose {name} is {value!r}",
        lambda name=name, value=value: data.load("styleshift", image_size=32, **{name: value}),
        f"`{name}` must be {kind}. Received: {name}={value!r}",
    )
    for name, kind, values in [
        ("batch_size", "a positive whole number", (0, 2.5, "8")),
        ("seed", "a whole number", (1.5, "1", True, None)),
    ]
    for value in values
]

ROWS = [*SEEDS, *OBJECTIVES, *NETWORKS, *CALLBACKS, *LOADED]

"""What `DomainGeneralizer`, `fit`, `evaluate` and `predict` can't take."""

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

import dg_keras
from dg_keras import NonfiniteError, objectives, strategies
from tests.bad_inputs.bad_input import BadInput
from tests.never_silent.vectors import CLASSES, FEATURES, batch, compiled, domains, net, surgeon

X, Y = batch()
ENTROPY = keras.losses.SparseCategoricalCrossentropy
POSITIVE = "must be a positive integer. Received:"
STRATEGY = (
    "`strategy` must be a dg_keras strategy, its name, or a dict with `class_name` and `config`"
)
NAMES = "`domains` must be a positive number or different names. Received: domains="
CLASS = "A label must be the number of a class, from 0 to 3 for the network's 4 classes. Received: "
BINARY = (
    "A label must be 0 or 1, or lie between, where the loss is a binary crossentropy. Received: "
)
ARRAYS = (
    "Every domain in `x` must be a tf.data.Dataset or a tuple (x, y) or (x, y, sample_weight) of "
    "NumPy arrays or tensors. Received: domain 'b' "
)
UNBATCHED = (
    "Every domain must be given unbatched; `batch_size` batches it. Received: domain 'b' is a "
    "batched dataset with elements (TensorSpec(shape=(None, 5), dtype=tf.float32, name=None), "
    "TensorSpec(shape=(None,), dtype=tf.int32, name=None))"
)
ALONE = (
    "must be None where `x` is domains, which hold (x, y) or (x, y, sample_weight) each. Received:"
)
STOPPED = (
    "at step 0, and training stopped with the model as it was before that step: look at the "
    "domain's samples, lower the learning rate or clip the gradients, or leave such steps out with "
    "on_nonfinite='skip'"
)
SHAPE = (
    "must have samples of the shape that the network takes, (5,). Received: domain 'b' with "
    "samples of shape (3,)"
)
WEIGHTS = "`class_weight` must be a dict of a finite weight of 0 or more by number of class"
WHOLE = (
    "A batch must hold as many samples of each of the 3 domains; make it with "
    "dg_keras.data.interleave, or batch with drop_remainder=True. Received: 10 samples"
)


class Untrained(keras.callbacks.Callback):
    """Tells if what is wrong is found too late."""

    def on_train_batch_begin(self, batch, logs=None):
        raise AssertionError("Training began")


def stream(samples=12):
    return tf.data.Dataset.from_tensor_slices(batch(samples))


def with_b(*domain):
    """Three domains, of which b is this."""
    return {**domains(), "b": domain[0] if isinstance(domain[0], tf.data.Dataset) else domain}


def labelled(wrong, dtype="int32", classes=CLASSES):
    """Three domains, of which b has a wrong label."""
    data = {name: (x, y.astype(dtype) % classes) for name, (x, y) in domains().items()}
    data["b"][1][2] = wrong
    return data


def beginning(value):
    """Three domains, of which b has a wrong number in each sample."""
    x = X.copy()
    x[:, 0] = value
    return with_b(x, Y)


def weighed(value):
    """Three domains with weights, those of b wrong."""
    return {
        name: (x, y, np.full(len(y), value if name == "b" else 1.0, "float32"))
        for name, (x, y) in domains().items()
    }


def made(wrong, says, **arguments):
    """A model that is made with these arguments."""

    def give(_):
        dg_keras.DomainGeneralizer(**{"net": net(), **arguments})

    return BadInput(wrong, give, says)


def fit(wrong, says, data=None, model=None, compiling=None, error=ValueError, **arguments):
    """Training on domains, one of which may be wrong, of a model that is made when it is due."""

    def give(_):
        surgeon_of = {"net": net(), "domains": None, **(model or {})}
        given = {"x": domains() if data is None else data, "batch_size": 4, "steps_per_epoch": 1}
        trained = compiled(surgeon(**surgeon_of), **(compiling or {}))
        callbacks = [] if error is NonfiniteError else [Untrained()]
        trained.fit(**{**given, "verbose": 0, "callbacks": callbacks, **arguments})

    return BadInput(wrong, give, says, error)


def evaluated(wrong, says, data=None, **arguments):
    def give(_):
        model = compiled(surgeon(net(), domains=None))
        model.evaluate(domains() if data is None else data, verbose=0, **arguments)

    return BadInput(wrong, give, says)


def called(wrong, call, says):
    """A method of a model that is compiled for three domains."""
    return BadInput(wrong, lambda _: call(compiled(surgeon(net()))), says)


MADE = [
    made("a net by name", "`net` must be a keras.Model. Received: net='resnet'", net="resnet"),
    made(
        "a strategy misspelt",
        "`strategy` must be the name of a dg_keras strategy: mean, agr_sum, agr_rand, pcgrad, "
        "grad_vac, mgda, cagrad, nash_mtl, imtl_g, aligned_mtl, upgrad, dual_proj, fair_grad, "
        "and_mask, sand_mask, grad_drop, trimmed_mean, geometric_mean. "
        "Received: 'Agr_Sun'; nearest: agr_sum",
        strategy="Agr_Sun",
    ),
    made(
        "a strategy's class",
        "`strategy` must be an instance. Received: the class; call it",
        strategy=strategies.AgrSum,
    ),
    made("no strategy", f"{STRATEGY}. Received: None", strategy=None),
    made(
        "a strategy's argument misspelt",
        "AgrRand takes seed, zero_agrees. Received: sed",
        strategy={"class_name": "agr_rand", "config": {"sed": 1}},
    ),
    made(
        "an objective misspelt",
        "`objective` must be the name of a dg_keras objective: empirical_risk, irm, mixup, "
        "group_dro, mldg, vrex, coral, mmd, fishr, rsc. Received: 'irn'; nearest: irm",
        objective="irn",
    ),
    made("names that are the same", f"{NAMES}['a', 'a']", domains=["a", "a"]),
    made("a name that is empty", f"{NAMES}['', 'a']", domains=["", "a"]),
    made("a name for a list of names", f"{NAMES}'photo'", domains="photo"),
    made("no domains' number", f"{NAMES}0", domains=0),
    made("a number of domains that is a float", f"{NAMES}2.0", domains=2.0),
    made("a number of domains that is a bool", f"{NAMES}True", domains=True),
    *[
        made(
            f"a model's seed of {seed}",
            "`seed` must be a non-negative integer below 2147483648, or None. Received: "
            f"seed={seed}",
            seed=seed,
        )
        for seed in (-1, 2**31, 1.5)
    ],
    made(
        "in_turn in words",
        "`in_turn` must be True or False. Received: in_turn='yes'",
        in_turn="yes",
    ),
    made(
        "domain_parallel in words",
        "`domain_parallel` must be True or False. Received: domain_parallel='yes'",
        domain_parallel="yes",
    ),
    made(
        "whole domains in turn",
        "`domain_parallel` must be False where `in_turn` is True. Received: domain_parallel=True",
        domain_parallel=True,
        in_turn=True,
    ),
    *[
        made(
            f"{culprit} with whole domains",
            f"`domain_parallel` must be False for {culprit}, which needs other domains' samples. "
            "Received: domain_parallel=True",
            objective=objective,
            domain_parallel=True,
        )
        for culprit, objective in [("Mixup", "mixup"), ("MLDG", "mldg")]
    ],
    made(
        "compile_update in other words",
        "`compile_update` must be True, False or 'auto'. Received: compile_update='sometimes'",
        compile_update="sometimes",
    ),
    made(
        "on_nonfinite misspelt",
        "`on_nonfinite` must be one of 'raise', 'skip', 'ignore'. Received: on_nonfinite='rase', "
        "which is near to 'raise'",
        on_nonfinite="rase",
    ),
    *[
        made(
            f"{culprit} in turn",
            f"`in_turn` must be False for {culprit}, which needs all domains at once. Received: "
            "in_turn=True",
            strategy=strategy,
            objective=objective,
            in_turn=True,
        )
        for culprit, strategy, objective in [
            ("PCGrad", "pcgrad", "empirical_risk"),
            ("GroupDRO", "agr_sum", "group_dro"),
            ("MLDG", "agr_sum", "mldg"),
        ]
    ],
]

COMPILED = [
    fit(
        "a loss that is a sum",
        "`loss` must have a reduction that is a mean over samples: sum_over_batch_size or mean or "
        "mean_with_sample_weight for AgrSum. Received: reduction='sum'",
        compiling={"loss": ENTROPY(from_logits=True, reduction="sum")},
    ),
    fit(
        "a loss of probabilities for IRM",
        "`loss` must take logits, as in SparseCategoricalCrossentropy(from_logits=True), for the "
        "objective IRM. Received: SparseCategoricalCrossentropy, which takes probabilities",
        model={"objective": "irm"},
        compiling={"loss": ENTROPY()},
    ),
    fit(
        "no weights",
        "`net` must have something to train. Received: a network with no trainable weights",
        model={"net": keras.Sequential([keras.Input((FEATURES,)), keras.layers.ReLU()])},
    ),
    fit(
        "no steps per execution",
        f"`steps_per_execution` {POSITIVE} steps_per_execution=0",
        compiling={"steps_per_execution": 0},
    ),
    fit(
        "steps per execution past IRM's change",
        "`steps_per_execution` must divide the step before which the objective starts the "
        "optimizer anew, 8. Received: steps_per_execution=3",
        model={"objective": objectives.IRM(1.0, 8)},
        compiling={"steps_per_execution": 3},
    ),
    *[
        fit(
            f"a learning rate of {rate}",
            f"The optimizer has a learning rate of {rate} at step 0, and training stopped with the "
            "model as it was before that step: look at its schedule",
            compiling={"optimizer": keras.optimizers.SGD(rate)},
            error=NonfiniteError,
        )
        for rate in (np.inf, np.nan)
    ],
]

NUMBERS = [
    *[
        fit(f"{name} of {value!r}", f"`{name}` {POSITIVE} {name}={value!r}", **{name: value})
        for name, value in [
            *[("batch_size", value) for value in (0, -1, 2.5, "8", True)],
            *[("steps_per_epoch", value) for value in (0, -1, 2.5)],
            *[("epochs", value) for value in (0, 1.5)],
            ("validation_freq", 0),
        ]
    ],
    evaluated(
        "an evaluation in batches of 0", f"`batch_size` {POSITIVE} batch_size=0", batch_size=0
    ),
    fit(
        "class_weight in a list",
        f"{WEIGHTS}. Received: class_weight of type list",
        class_weight=[1.0, 2.0],
    ),
    *[
        fit(
            f"class_weight for {number!r}",
            f"{WEIGHTS}, from 0 to 3 for the network's. Received: a weight for {number!r}",
            class_weight={number: 1.0},
        )
        for number in (CLASSES, -1, "dog")
    ],
    *[
        fit(
            f"class_weight of {weight}",
            f"{WEIGHTS}. Received: {weight} for class 1",
            class_weight={1: weight},
        )
        for weight in (-1.0, np.nan, np.inf)
    ],
]

DOMAINS = [
    fit(
        "no domains to train on",
        "`x` must be a tuple, list or dict of at least one domain. Received: x is empty",
        {},
    ),
    fit(
        "an empty domain",
        "Every domain must have at least one element. Received: domain 'b' is empty",
        with_b(X[:0], Y[:0]),
    ),
    fit("a domain of one array", f"{ARRAYS}is a tuple of 1", with_b(X)),
    fit("a domain of four arrays", f"{ARRAYS}is a tuple of 4", with_b(X, Y, Y, Y)),
    fit(
        "a domain of lists",
        f"{ARRAYS}holds float where an array should be",
        with_b(X.tolist(), Y.tolist()),
    ),
    fit(
        "a domain of objects",
        f"{ARRAYS}holds an array of Python objects where one of numbers should be",
        with_b(X, Y.astype(object)),
    ),
    fit(
        "fewer labels than samples",
        "All arrays of a domain must have one length. Received: domain 'b' with arrays of lengths "
        "[12, 3]",
        with_b(X, Y[:3]),
    ),
    fit(
        "a domain of another shape",
        f"Every domain in `x` {SHAPE}",
        with_b(X[:, :3], Y),
    ),
    fit(
        "a domain of another dtype",
        "All domains must have elements of one structure, shape and dtype. Received: x is float32 "
        "of shape (5,) in domain 'a' and int32 of shape (5,) in domain 'b'",
        with_b(X.astype("int32"), Y),
    ),
    fit(
        "a domain of dates",
        f"{ARRAYS}holds dates or durations where an array of numbers should be",
        with_b(X.astype("datetime64[s]"), Y),
    ),
    fit(
        "a domain of a table with dates",
        f"{ARRAYS}holds dates or durations where an array of numbers should be",
        with_b(pd.DataFrame({"day": X[:, 0].astype("datetime64[s]"), "age": X[:, 1]}), Y),
    ),
    fit("a batched domain", UNBATCHED, with_b(stream().batch(4))),
    fit(
        "an endless domain",
        "`steps_per_epoch` must be given where a domain's size is unknown or infinite. Received: "
        "steps_per_epoch=None, and domain 'b' of no known size",
        with_b(stream().repeat()),
        steps_per_epoch=None,
    ),
    *[
        fit(f"{name} beside domains", f"`{name}` {ALONE} `{name}` of type {kind}", **{name: value})
        for name, value, kind in [
            ("y", Y, "ndarray"),
            ("sample_weight", np.ones(8), "ndarray"),
            ("validation_split", 0.2, "float"),
        ]
    ],
    fit(
        "more domains than the model's",
        "`x` must have as many domains as the model: 2 (0, 1). Received: 3 (a, b, c)",
        model={"domains": 2},
    ),
    fit(
        "other domains than the model's",
        "`x` must have the domains p, q, r, which DomainGeneralizer was given. Received: a, b, c",
        model={"domains": ["p", "q", "r"]},
    ),
]

INTERLEAVED = [
    BadInput(
        wrong,
        lambda _, arguments=arguments: compiled(surgeon(net(), domains=None)).fit(*arguments),
        "`x` must be domains, a dict, tuple or list whose every element is a tuple (x, y) of "
        "arrays or a tf.data.Dataset; or `domains` must be given to DomainGeneralizer, for data "
        f"that are already interleaved. Received: `x` of type {kind}",
    )
    for wrong, arguments, kind in [
        ("one data set of arrays", (X, Y), "ndarray"),
        ("one data set in a tuple", ((X, Y),), "tuple of ndarray, ndarray"),
        ("one data set in lists", ([[X, Y], [X, Y]],), "list of list, list"),
    ]
]
INTERLEAVED += [
    fit(
        "a dataset whose domains are not told",
        "`domains` must be given to DomainGeneralizer to train on a data set that is already "
        "interleaved. Received: domains=None",
        stream().batch(12),
        batch_size=None,
        shuffle=False,
    ),
    fit(
        "an interleaved dataset without end",
        "`steps_per_epoch` must be given for a dataset without end, such as that of "
        "dg_keras.data.interleave. Received: steps_per_epoch=None",
        dg_keras.data.interleave(domains(), 4),
        model={"domains": 3},
        batch_size=None,
        steps_per_epoch=None,
    ),
    fit(
        "an interleaved dataset of other domains",
        "`x` must have as many domains as the model: 2 (0, 1). Received: 3 (a, b, c)",
        dg_keras.data.interleave(domains(), 4),
        model={"domains": 2},
        batch_size=None,
    ),
    called(
        "interleaved arrays that Keras would shuffle",
        lambda model: model.fit(X, Y),
        "`shuffle` must be False for arrays that are already interleaved: Keras would mix the "
        "domains. Received: shuffle=True",
    ),
    called("a batch that is not whole", lambda model: model.train_on_batch(X[:10], Y[:10]), WHOLE),
    called(
        "domains to predict",
        lambda model: model.predict(domains()),
        "`x` must be inputs, not domains: predict each domain's by themselves. Received: domains "
        "a, b, c",
    ),
]

VALUES = [
    fit("a label past the classes", f"{CLASS}label 4 in domain 'b'", labelled(CLASSES)),
    fit("a label below the classes", f"{CLASS}label -1 in domain 'b'", labelled(-1)),
    fit("a label that is NaN", f"{CLASS}label nan in domain 'b'", labelled(np.nan, "float32")),
    fit("a label that is a fraction", f"{CLASS}label 1.5 in domain 'b'", labelled(1.5, "float32")),
    fit(
        "labels in words",
        "Every domain in `x` must have numbers in `y`. Received: domain 'a' with text in it",
        {name: (x, y.astype(str)) for name, (x, y) in domains().items()},
    ),
    fit(
        "features in words",
        "Every domain in `x` must have numbers in `x`. Received: domain 'b' with text in it",
        with_b(X.astype(str), Y),
    ),
    *[
        fit(
            f"a binary label of {wrong}",
            f"{BINARY}label {wrong} in domain 'b'",
            labelled(wrong, classes=2),
            {"net": net(classes=1)},
            {"loss": loss},
        )
        for wrong, loss in [
            (2, "binary_crossentropy"),
            (-1, keras.losses.BinaryFocalCrossentropy()),
        ]
    ],
    *[
        fit(
            f"{what} of {value}",
            f"Domain 'b' has a loss of {loss} {STOPPED}",
            data(value),
            error=NonfiniteError,
        )
        for what, data, value, loss in [
            ("samples", beginning, np.nan, "nan"),
            ("samples", beginning, np.inf, "nan"),
            ("weights", weighed, np.nan, "nan"),
            ("weights", weighed, np.inf, "inf"),
        ]
    ],
]

VALIDATED = [
    fit(
        "no domains to validate on",
        "`validation_data` must be a tuple, list or dict of at least one domain. Received: "
        "validation_data is empty",
        validation_data={},
    ),
    fit(
        "a label to validate on past the classes",
        f"{CLASS}label 4 in domain 'b' of `validation_data`",
        validation_data=labelled(CLASSES),
    ),
    fit(
        "domains to validate on of another shape",
        f"Every domain in `validation_data` {SHAPE}",
        validation_data={"b": (X[:, :3], Y)},
    ),
    fit("a batched domain to validate on", UNBATCHED, validation_data={"b": stream().batch(4)}),
    fit(
        "steps to validate domains in",
        "`validation_steps` must be None where `validation_data` is domains, all of which are "
        "evaluated. Received: validation_steps=1",
        validation_data=domains(),
        validation_steps=1,
    ),
    evaluated("steps to evaluate domains in", f"`steps` {ALONE} `steps` of type int", steps=1),
    evaluated("a label to evaluate", f"{CLASS}label 4 in domain 'b'", labelled(CLASSES)),
    evaluated("a batched domain to evaluate", UNBATCHED, {"b": stream().batch(4)}),
    evaluated(
        "domains to evaluate of another shape",
        f"Every domain in `x` {SHAPE}",
        {"b": (X[:, :3], Y)},
    ),
]

ROWS = [*MADE, *COMPILED, *NUMBERS, *DOMAINS, *INTERLEAVED, *VALUES, *VALIDATED]

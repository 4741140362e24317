"""All callbacks in one training that XLA compiles, several steps at once: as in an eager one."""

import keras
import numpy as np
import pandas as pd
import pytest

import dg_keras
from dg_keras import callbacks
from tests.callbacks.test_gradient_agreement import CLASSES, linear_domains, linear_net


class AtTheEnd(keras.callbacks.Callback):
    """The weights that the callback before puts in."""

    def on_train_end(self, logs=None):
        self.weights = self.model.get_weights()


def trained(surgery, xla):
    """What the callbacks say of four epochs: tables, steps, and the weights that they put in."""
    domains, net = linear_domains(), linear_net()
    model, data, arguments = net, domains["b"], {"batch_size": 4}
    if surgery:
        model, data = dg_keras.DomainGeneralizer(net, "agr_sum", seed=1), [domains]
        arguments["steps_per_epoch"] = 4
    model.compile(
        *(keras.optimizers.SGD(0.3), net.loss),
        metrics=["accuracy"],
        steps_per_execution=2,
        run_eagerly=not xla,
        jit_compile=xla,
    )
    agreement = callbacks.GradientAgreement(domains, every=3, batch_size=6, seed=0, per_layer=True)
    metrics = callbacks.DomainMetrics(domains, every=3)
    selection = callbacks.SourceSelection(domains, every=3, metric="loss", by="worst")
    averaging = callbacks.WeightAveraging(domains, 2, overfit_patience=2, tolerance=0.1)
    in_order = [agreement, metrics, selection, chosen := AtTheEnd(), averaging]
    history = model.fit(
        *data, **arguments, epochs=4, shuffle=False, verbose=0, callbacks=in_order
    ).history
    if xla:  # which has no errors, and NaN for a label that is no class
        x, y = domains["a"]
        assert np.isnan(model.evaluate(x, y + CLASSES, verbose=0)[0])
    tables = {
        "logs": pd.DataFrame(history),
        "agreement": agreement.measurements,
        "selection": selection.evaluations,
        "averaging": averaging.evaluations,
    }
    steps = selection.best_step, averaging.averaged
    return tables, steps, [*chosen.weights, *model.get_weights()]


@pytest.mark.parametrize(
    ("surgery", "thirds", "seconds", "kept"),
    [
        # Of three steps in an epoch the third is taken alone. Training ends behind the valley.
        (False, [3, 6, 9, 12], [2, 5, 6, 8, 11, 12], (3, (2, 8))),
        (True, [4, 6, 10, 12, 16], [2, 4, 6, 8, 10, 12, 14, 16], (12, (8, 16))),
    ],
    ids=["plain", "surgery"],
)
def test_they_say_and_do_what_they_do_eagerly(surgery, thirds, seconds, kept):
    expected, expected_steps, expected_weights = trained(surgery, xla=False)
    tables, steps, weights = trained(surgery, xla=True)
    for name, whose in {"agreement": thirds, "selection": thirds, "averaging": seconds}.items():
        # The average's last row, of no step, is of its own weights.
        assert tables[name]["step"].dropna().tolist() == whose, name
    assert steps == expected_steps == kept
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, expected[name], rtol=1e-4, atol=1e-6, obj=name)
    for ours, theirs in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)

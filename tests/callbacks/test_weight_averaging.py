"""WeightAveraging: which steps are averaged, the mean by hand, and what training notices."""

import warnings

import hypothesis
import keras
import numpy as np
import pytest
from hypothesis import strategies as st

import dg_keras
from dg_keras.callbacks import WeightAveraging
from dg_keras.callbacks._loss_valley import LossValley, Segment
from tests.callbacks.test_domain_metrics import domains, softmax_model
from tests.callbacks.test_source_selection import Noting, Stop, fit, losses_by_hand


def algorithm_1(losses, converge, tolerate, tolerance):
    """The first and the last loss of the valley by the paper's pseudocode; None without one."""
    start, end = None, len(losses) - 1
    for i in range(len(losses)):
        if start is None:
            window = losses[max(0, i - converge + 1) : i + 1]
            if len(window) == converge and losses[i - converge + 1] == min(window):
                start = i - converge + 1
                threshold = (1 + tolerance) * np.mean(window)
        elif i - start + 1 >= tolerate and min(losses[i - tolerate + 1 : i + 1]) > threshold:
            end = i - tolerate
            break
    return None if start is None else (start, end)


@hypothesis.settings(deadline=None, derandomize=True, max_examples=300, database=None)
@hypothesis.given(
    losses=st.lists(st.integers(1, 12).map(float), min_size=1, max_size=25, unique=False),
    converge=st.integers(1, 4),
    tolerate=st.integers(1, 6),
    tolerance=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_the_valley_is_that_of_algorithm_1(losses, converge, tolerate, tolerance):
    losses = [loss + i * 1e-6 for i, loss in enumerate(losses)]  # no two are equal
    valley = LossValley(converge, tolerate, tolerance)
    for i, loss in enumerate(losses):
        valley.add(Segment([np.array([float(i)])], steps=1, first=i + 1, last=i + 1), loss)
    found = algorithm_1(losses, converge, tolerate, tolerance)
    average = valley.average()
    if found is None:
        assert valley.threshold is None
        assert (average.first, average.last) == (len(losses), len(losses))
        return
    start, end = found
    if end < start:  # it rose before as many as are tolerated had been seen to belong
        assert average is None
        return
    assert (average.first, average.last) == (start + 1, end + 1)
    np.testing.assert_allclose(average.weights[0], [(start + end) / 2])


def test_a_loss_that_is_not_finite_is_no_bottom_and_no_valley():
    valley = LossValley(2, 3, 0.0)
    for i, loss in enumerate([np.nan, np.inf, 1.0, 2.0, np.nan, np.inf, 3.0]):
        valley.add(Segment([np.array([float(i)])], steps=1, first=i + 1, last=i + 1), loss)
        # As another process would go on.
        other = LossValley(2, 3, 0.0)
        other.resume(valley.state())
        valley = other
    assert valley.threshold == 1.5
    assert valley.is_over
    assert (valley.average().first, valley.average().last) == (3, 3)


def test_a_loss_that_is_not_finite_does_not_make_a_valley_without_end():
    valley = LossValley(converge=3)
    for i, loss in enumerate([0.5, np.nan, 0.6]):
        valley.add(Segment([np.array([float(i)])], steps=1, first=i + 1, last=i + 1), loss)
    assert valley.threshold is None


def test_losses_below_zero_have_a_valley_too():
    """As likelihoods and similarities may."""
    valley = LossValley(converge=3, tolerate=6, tolerance=0.3)
    for i, loss in enumerate([-1.0, *[-0.9] * 9]):
        valley.add(Segment([np.array([float(i)])], steps=1, first=i + 1, last=i + 1), loss)
    assert valley.threshold == pytest.approx(-2.8 / 3 * 0.7)
    assert not valley.is_over
    assert (valley.average().first, valley.average().last) == (1, 10)


def assert_mean(model, noting, averaged):
    first, last = averaged
    for weight, *of_steps in zip(
        model.get_weights(), *noting.weights[first - 1 : last], strict=True
    ):
        np.testing.assert_allclose(weight, np.mean(of_steps, axis=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("start", "until"), [(1, 1), (3, 6), (2, None), (8, 8)])
def test_the_mean_of_given_steps_is_that_by_hand(start, until):
    noting, model = Noting(), softmax_model()
    averaging = WeightAveraging(start=start, until=until)
    fit(model, noting, averaging)
    assert averaging.averaged == (start, until or 8)
    assert_mean(model, noting, averaging.averaged)


def test_with_steps_per_execution_it_tells_the_last_step():
    noting, model = Noting(), softmax_model(run_eagerly=False, steps_per_execution=2)
    averaging = WeightAveraging(start=1)
    fit(model, noting, averaging, epochs=2)
    assert averaging.averaged == (2, 4)
    for weight, *of_steps in zip(model.get_weights(), *noting.weights, strict=True):
        np.testing.assert_allclose(weight, np.mean(of_steps, axis=0), rtol=1e-5, atol=1e-6)


def test_bounds_are_found_on_the_sources():
    noting, model = Noting(), softmax_model(learning_rate=2.0)
    averaging = WeightAveraging(
        domains(), every=2, optimum_patience=2, overfit_patience=3, tolerance=0.05
    )
    fit(model, noting, averaging, epochs=15)
    evaluations = averaging.evaluations
    losses = losses_by_hand(noting.weights)[1::2].mean(axis=1)
    np.testing.assert_allclose(evaluations["loss"][:-1], losses, rtol=1e-5)
    start, end = algorithm_1(list(losses), 2, 3, 0.05)
    assert end < len(losses) - 1
    assert averaging.averaged == (2 * start + 1, 2 * (end + 1))
    assert_mean(model, noting, averaging.averaged)
    # The averaged weights stand beside the single ones.
    last = evaluations.iloc[-1]
    assert np.isnan(last["step"])
    assert last["loss"] == pytest.approx(losses_by_hand([model.get_weights()]).mean(), rel=1e-5)


def test_without_a_bottom_the_latest_steps_are_averaged():
    noting, model = Noting(), softmax_model(learning_rate=0.01)
    averaging = WeightAveraging(domains(), every=3)
    fit(model, noting, averaging, epochs=3)
    assert averaging.averaged == (4, 6)
    assert_mean(model, noting, averaging.averaged)


@pytest.mark.parametrize("start", [None, 3])
def test_training_that_is_started_again_goes_on_from_the_backup(tmp_path, start):
    backup = tmp_path / "average.npz"

    def train(*callbacks, backup=None):
        averaging = WeightAveraging(
            *(domains(), "epoch", start),
            optimum_patience=2,
            overfit_patience=3,
            backup=backup,
        )
        model = softmax_model(learning_rate=2.0)
        model.build((None, 4))
        fit(model, averaging, *callbacks, epochs=7)
        return model, averaging

    def kept():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup")

    undisturbed, averaging = train()
    with pytest.raises(KeyboardInterrupt):
        train(kept(), Stop(), backup=backup)
    assert backup.is_file()
    resumed, again = train(kept(), backup=backup)
    assert again.averaged == averaging.averaged
    for a, b in zip(undisturbed.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not backup.exists()


class DieAtTheEnd(keras.callbacks.Callback):
    def on_train_end(self, logs=None):
        raise KeyboardInterrupt


def test_training_that_dies_behind_its_last_epoch_has_its_average(tmp_path):
    def train(*before):
        averaging = WeightAveraging(start=3, backup=tmp_path / "average.npz")
        kept = keras.callbacks.BackupAndRestore(tmp_path / "backup")
        model = softmax_model()
        model.build((None, 4))
        fit(model, *before, averaging, kept)
        return model, averaging

    with pytest.raises(KeyboardInterrupt):
        train(noting := Noting(), DieAtTheEnd())
    model, averaging = train()
    assert averaging.averaged == (3, 8)
    assert_mean(model, noting, averaging.averaged)


def test_an_average_of_nothing_is_told():
    with pytest.warns(UserWarning, match="No weights were averaged, since training took 8 steps"):
        fit(softmax_model(), averaging := WeightAveraging(start=9))
    assert averaging.averaged is None


def test_a_backup_of_another_epoch_is_told(tmp_path):
    backup = tmp_path / "average.npz"
    with pytest.raises(KeyboardInterrupt):
        fit(softmax_model(), WeightAveraging(start=2, backup=backup), Stop(), epochs=7)
    noting, model = Noting(), softmax_model()
    averaging = WeightAveraging(start=2, backup=backup)
    with pytest.warns(UserWarning, match="is of epoch 3, and training goes on with 0: the average"):
        fit(model, noting, averaging)
    assert averaging.averaged == (2, 8)
    assert_mean(model, noting, averaging.averaged)


@pytest.mark.parametrize("content", [b"", b"no archive", "foreign", None])
def test_a_backup_that_is_damaged_or_of_another_network_is_told(tmp_path, caplog, content):
    backup = tmp_path / "average.npz"
    with pytest.raises(KeyboardInterrupt):
        fit(softmax_model(), WeightAveraging(start=2, backup=backup), Stop(), epochs=7)
    if content is None:
        with np.load(backup) as file:
            saved = dict(file)
        saved["means/0"] = np.zeros((9, 9), "float32")
        saved["epoch"] = np.array(-1)
        np.savez(backup, **saved)
    elif content == "foreign":
        np.savez(backup, ours=np.zeros(2))
    else:
        backup.write_bytes(content)
    averaging = WeightAveraging(start=2, backup=backup)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        fit(softmax_model(), averaging)
    told = " ".join([caplog.text, *(str(w.message) for w in warned)])
    assert f"{backup} is {'of another network' if content is None else 'damaged'}" in told
    assert averaging.averaged == (2, 8)


def test_training_does_not_notice():
    expected, history = (
        fit(softmax_model(run_eagerly=False), *callbacks)
        for callbacks in ([], [WeightAveraging(domains(), every=1)])
    )
    assert history == expected


def test_of_a_domain_generalizer():
    net, noting = softmax_model(), Noting()
    model = dg_keras.DomainGeneralizer(net, seed=1)
    model.compile("sgd", net.loss, run_eagerly=True)
    averaging = WeightAveraging(start=2)
    fit_arguments = {"batch_size": 4, "steps_per_epoch": 3, "verbose": 0}
    model.fit(domains(), callbacks=[noting, averaging], **fit_arguments)
    assert averaging.averaged == (2, 3)
    assert_mean(net, noting, averaging.averaged)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "`start` must be given where"),
        ({"until": 4}, "`start` must be given where"),
        ({"start": 5, "until": 4}, "`until` must not be before `start`"),
        ({"start": 0}, "`start` must be a positive integer. Received: start=0"),
        ({"start": 1, "tolerance": -0.1}, "`tolerance` must be a finite number of 0 or more"),
        ({"start": 1, "every": 0}, "`every` must be"),
    ],
)
def test_bad_arguments_are_one_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        WeightAveraging(**arguments)


def unbuilt():
    """A network that its first step builds."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.5), loss="sparse_categorical_crossentropy")
    return model


def test_a_model_that_its_first_step_builds_is_averaged():
    noting, averaging = Noting(), WeightAveraging(start=3, until=5)
    model = unbuilt()
    fit(model, noting, averaging)
    assert averaging.averaged == (3, 5)
    for i, weight in enumerate(model.get_weights()):
        of_steps = [weights[i] for weights in noting.weights[2:5]]
        np.testing.assert_allclose(weight, np.mean(of_steps, axis=0), rtol=1e-6)


class Spoilt(keras.callbacks.Callback):
    """Weights that are no numbers from some epoch on."""

    def __init__(self, epoch):
        super().__init__()
        self.first = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch >= self.first:
            self.model.set_weights([weight * np.nan for weight in self.model.get_weights()])


def test_what_comes_behind_the_last_finite_loss_is_not_averaged():
    averaging = WeightAveraging(domains(), optimum_patience=1)
    model = softmax_model(learning_rate=0.01)
    fit(model, Spoilt(4), averaging, epochs=6)
    assert averaging.evaluations["loss"].isna().tolist() == [False] * 4 + [True, True, False]
    assert averaging.averaged == (1, 8)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_steps_behind_a_loss_that_is_not_finite_are_not_averaged():
    valley = LossValley(converge=1)
    for i, loss in enumerate([1.0, 1.1, np.inf]):
        valley.add(Segment([np.array([float(i)])], steps=1, first=i + 1, last=i + 1), loss)
    assert not valley.is_open
    assert (valley.average().first, valley.average().last) == (1, 2)
    valley.add(Segment([np.array([3.0])], steps=1, first=4, last=4), 1.2)
    assert valley.is_open


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": 1}, "or the weights after one of them were not finite"),
        ({"domains": domains()}, "since no loss that was measured was finite: .* nan as the last"),
    ],
)
def test_weights_of_which_none_is_finite_are_told(arguments, message):
    averaging = WeightAveraging(**arguments)
    with pytest.warns(UserWarning, match=message):
        fit(softmax_model(learning_rate=float("nan")), averaging)
    assert averaging.averaged is None

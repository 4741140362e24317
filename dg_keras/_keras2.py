"""Makes Keras 2.15, which tensorflow-addons needs, look like the Keras 3 that all else takes.

What Keras 3 has and Keras 2 has not is added under Keras 3's names, where a class of the user's own
may still have an attribute of that name; what Keras 2 has stays as it is. What it does otherwise is
put right in `DomainGeneralizer` and a few classes of ours.
`docs/addons.md` says what can't be had this way; it is refused here.
"""

import copy
import functools
import sys
import types
import unittest.mock
from collections.abc import Callable, Iterator
from typing import Any

import keras
import keras.src.engine.functional
import keras.src.engine.keras_tensor
import tensorflow as tf

_LEGACY = keras.optimizers.legacy.Optimizer
"""The base of all optimizers of tensorflow-addons."""

_OPTIMIZER = "optimizer_"
"""What the names of its variables in a file begin with."""

_SCHEDULE = keras.optimizers.schedules.LearningRateSchedule


def map_structure(function: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """`keras.tree.map_structure`."""

    def of(*leaves: Any) -> Any:
        return None if leaves[0] is None and not none_is_leaf else function(*leaves)

    return tf.nest.map_structure(of, *structures)


def lists_to_tuples(structure: Any) -> Any:
    """`keras.tree.lists_to_tuples`."""
    if isinstance(structure, dict):
        return {key: lists_to_tuples(value) for key, value in structure.items()}
    if isinstance(structure, tuple | list):
        return tuple(map(lists_to_tuples, structure))
    return structure


class Variable:
    """`keras.Variable`: a `tf.Variable` is made in its place."""

    def __new__(
        cls,
        initializer: Any,
        shape: tuple[int, ...] | None = None,
        dtype: str | None = None,
        trainable: bool = True,
        aggregation: str = "none",
        name: str | None = None,
    ) -> tf.Variable:
        """Makes the variable."""
        with tf.init_scope():
            value = initializer(shape, dtype) if callable(initializer) else initializer
            how = getattr(tf.VariableAggregation, aggregation.upper())
            return tf.Variable(value, dtype=dtype, trainable=trainable, aggregation=how, name=name)


class StatelessScope:
    """`keras.StatelessScope`, which Keras 2 has nothing like."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise _refused("a pass at other weights, or one that leaves no trace")


class Model(keras.Model):
    """`keras.Model`, with what `DomainGeneralizer` takes from Keras 3's."""

    _is_testing = False

    def __setattr__(self, name: str, value: Any) -> None:
        # Which Keras 2 notes, and `DomainGeneralizer` asks its network for.
        if name != "output_names":
            super().__setattr__(name, value)

    def compile(
        self, optimizer: Any, loss: Any, loss_weights: Any, metrics: Any, *others: Any
    ) -> None:
        """With Keras 3's arguments, as `DomainGeneralizer` hands them on: all, by position."""
        if self.distribute_strategy.num_replicas_in_sync > 1:
            raise _refused("tf.distribute")
        from dg_keras.objectives import FeatureObjective  # not before `install`

        objective = self.objective
        if objective.looks_ahead or isinstance(objective, FeatureObjective):
            raise _refused(f"the objective {type(objective).__name__}")
        for layer in self._flatten_layers():
            if layer.dtype_policy.name.startswith("mixed_"):
                raise _refused(layer.dtype_policy.name)
        _check_rate(optimizer)
        loss = tf.nest.map_structure(_with_a_mean, loss)
        *between, jit_compile, _ = others
        # "auto" is to do without XLA.
        super().compile(optimizer, loss, metrics, loss_weights, *between, jit_compile is True)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tf.Tensor:
        """As Keras 3's: with the regularizers that the weights have, and no more."""
        losses = [loss for layer in self._flatten_layers() for loss in _losses_of_data(layer)]
        weights = self.trainable_variables
        losses += [v.regularizer(v) for v in weights if v.regularizer is not None]
        total = self.compiled_loss._total_loss_mean
        if not self._is_testing:  # counted once for all domains, by `train_step`
            self.compiled_loss._total_loss_mean = types.SimpleNamespace(
                update_state=lambda *_, **__: None
            )
        try:
            return self.compiled_loss(y, y_pred, sample_weight, regularization_losses=losses)
        finally:
            self.compiled_loss._total_loss_mean = total

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._is_compiled

    @property
    def jit_compile(self) -> bool:
        """Whether XLA compiles the step; Keras 2 forgets its functions where this is set."""
        return self._jit_compile

    @jit_compile.setter
    def jit_compile(self, value: bool) -> None:
        self._jit_compile = value

    @property
    def steps_per_execution(self) -> int:
        """Steps that are taken at once; a variable in Keras 2."""
        return int(self._steps_per_execution.numpy())

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The compiled ones; that of the loss from the start."""
        metrics = super().metrics
        if not self._is_compiled or self.compiled_loss.built:
            return metrics
        return [self.compiled_loss._total_loss_mean, *metrics]

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """As Keras 2's, once the weights know their regularizers."""
        for callback in tf.nest.flatten(kwargs.get("callbacks")):
            if isinstance(callback, keras.callbacks.BackupAndRestore):
                raise _refused("BackupAndRestore")  # it would forget the step
        _note_regularizers(self)
        return super().fit(*args, **kwargs)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """As Keras 2's, once the weights know their regularizers."""
        _note_regularizers(self)
        return super().train_on_batch(*args, **kwargs)

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """As Keras 2's, but that the history of `fit` stays."""
        history = getattr(self, "history", None)
        try:
            return super().evaluate(*args, **kwargs)
        finally:
            if history is not None:
                self.history = history

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """As Keras 2's, whose `compute_loss` counts the loss."""
        _note_regularizers(self)
        self._is_testing = True
        try:
            return super().test_step(data)
        finally:
            self._is_testing = False

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """As Keras 2's, in the format that keeps all."""
        _check_format(filepath, ".keras")
        super().save(filepath, *args, **kwargs)

    def save_weights(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """As Keras 2's, in the format that keeps all."""
        _check_format(filepath, ".weights.h5")
        super().save_weights(filepath, *args, **kwargs)

    def _get_metrics_result_or_logs(self, logs: dict[str, Any]) -> dict[str, Any]:
        return super()._validate_and_get_metrics_result(logs)

    def _validate_and_get_metrics_result(self, logs: dict[str, Any]) -> dict[str, Any]:
        return self._get_metrics_result_or_logs(logs)


def _refused(what: str) -> NotImplementedError:
    return NotImplementedError(
        f"dg_keras takes Keras 3 for {what}. Received: Keras {keras.__version__}"
    )


def _check_rate(optimizer: Any) -> None:
    """Raises NotImplementedError for a legacy optimizer whose learning rate can't be read."""
    if not isinstance(optimizer, _LEGACY):
        return
    if not hasattr(optimizer, "learning_rate"):
        raise _refused(f"{type(optimizer).__name__}, which has no learning rate of its own")
    if isinstance(optimizer.learning_rate, _SCHEDULE):
        raise _refused("a schedule in a legacy optimizer, as those of tensorflow-addons are")


def _check_format(filepath: Any, ending: str) -> None:
    """Raises ValueError for a format of Keras 2 that forgets the step, the seed and the states."""
    if not str(filepath).endswith(ending):
        raise ValueError(f"`filepath` must end in {ending}. Received: filepath={str(filepath)!r}")


def _with_a_mean(loss: Any) -> Any:
    """A loss that says that it is a mean, as "auto" is without replicas."""
    if getattr(loss, "reduction", None) != "auto":
        return loss
    loss = copy.copy(loss)
    loss.reduction = "sum_over_batch_size"
    return loss


def _refusing(what: str) -> Callable[..., None]:
    def refuse(*_: Any, **__: Any) -> None:
        raise _refused(what)

    return refuse


def _penalty_of(loss: Callable[[], Any]) -> tuple[tf.Variable, Callable[..., Any]] | None:
    """The weight and the regularizer of what a layer adds to the loss; None if it is no such."""
    (inner,) = getattr(loss, "args", None) or [None]
    # What `Layer.add_weight` makes of a regularizer.
    if getattr(getattr(inner, "func", None), "__name__", "") != "_loss_for_variable":
        return None
    (variable,) = inner.args
    return variable, inner.func


def _note_regularizers(model: keras.Model) -> None:
    """Notes regularizers on their weights, as Keras 3 does; Keras 2 has the layers add them.

    Raises:
        ValueError: If the network has no weights yet.
    """
    if not model.net.built:
        raise ValueError(
            "`net` must be built: begin a Sequential with an Input, or call the network once. "
            f"Received: {type(model.net).__name__} {model.net.name!r}, which has no weights yet"
        )
    for layer in model._flatten_layers():
        for variable, penalty in filter(None, map(_penalty_of, layer._callable_losses)):
            variable.regularizer = penalty


def _losses_of_data(layer: keras.layers.Layer) -> Iterator[tf.Tensor]:
    """What a layer adds to the loss, but for weights' regularizers."""
    yield from layer._eager_losses or layer._losses
    yield from (loss() for loss in layer._callable_losses if _penalty_of(loss) is None)


class _Computed:
    """As a property, but that an instance may have an attribute of the name."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else self._function(instance)


def _add(owner: Any, **names: Any) -> None:
    _put(owner, **{name: value for name, value in names.items() if not hasattr(owner, name)})


def _put(owner: Any, **names: Any) -> None:
    for name, value in names.items():
        setattr(owner, name, value)


def _noting(build: Callable[..., Any]) -> Callable[..., Any]:
    """Notes what an optimizer is built for, as Keras 3's do; Keras 2 would save what it is told."""

    @functools.wraps(build)
    def noting(optimizer: Any, variables: list) -> Any:
        vars(optimizer)["_trainable_variables"] = list(variables)
        return build(optimizer, variables)

    return noting


def _build(optimizer: Any, variables: list) -> None:
    optimizer._create_all_weights(variables)
    optimizer._has_all_weights = True


def _apply(optimizer: Any, gradient: list, variables: list) -> None:
    optimizer.apply_gradients(list(zip(gradient, variables, strict=True)))


def _start_anew(optimizer: Any) -> None:
    fresh = type(optimizer).from_config(optimizer.get_config())
    fresh.build(optimizer._trainable_variables)
    for variable, value in zip(_variables(optimizer), _variables(fresh), strict=True):
        variable.assign(value)


def _variables(optimizer: Any) -> list[tf.Variable]:
    return optimizer.weights if isinstance(optimizer, _LEGACY) else list(optimizer.variables)


def _add_variable(metric: Any, shape: tuple[int, ...], initializer: str, name: str) -> tf.Variable:
    return metric.add_weight(name, shape, initializer=initializer)


def _metrics_variables(model: keras.Model) -> list[tf.Variable]:
    return [variable for metric in model.metrics for variable in metric.variables]


def _trainable(layer: keras.layers.Layer) -> list[tf.Variable]:
    return layer._trainable_weights


def _non_trainable(layer: keras.layers.Layer) -> list[tf.Variable]:
    return layer._non_trainable_weights


def _reset_state(metric: keras.metrics.Metric) -> None:
    for variable in metric.variables:  # Keras 2 does so for scalars alone
        variable.assign(tf.zeros_like(variable))


def _saving(save: Callable[..., None]) -> Callable[..., None]:
    """Keras 2 saves no optimizer of tensorflow-addons in a `.keras` file; the model does."""

    @functools.wraps(save)
    def saved(model: Any, store: Any) -> None:
        save(model, store)
        for name, variable in _of_optimizer(model).items():
            store[name] = variable.numpy()

    return saved


def _loading(load: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(load)
    def loaded(model: Any, store: Any) -> None:
        held = {name: store[name] for name in store.keys()}  # noqa: SIM118 (an HDF5 file's own)
        load(model, {name: v for name, v in held.items() if not name.startswith(_OPTIMIZER)})
        if f"{_OPTIMIZER}0" not in held:  # the model was not compiled, or had not begun to train
            return
        _build_optimizer(model)
        for name, variable in _of_optimizer(model).items():
            variable.assign(held[name])

    return loaded


def _of_optimizer(model: Any) -> dict[str, tf.Variable]:
    if not isinstance(model.optimizer, _LEGACY) or not model.optimizer.built:
        return {}
    return {f"{_OPTIMIZER}{i}": v for i, v in enumerate(model.optimizer.weights)}


def _build_optimizer(model: Any) -> None:
    """Makes the variables of a legacy optimizer, into which a file's are to be loaded."""
    if isinstance(model.optimizer, _LEGACY) and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def _returning(make: Callable[..., None]) -> Callable[..., Any]:
    """Keras 2's `fit` takes the training function from what makes it."""

    @functools.wraps(make)
    def made(model: Any, force: bool = False) -> Any:
        make(model, force)
        return model.train_function

    return made


def install() -> None:
    """Adds to Keras 2 what it lacks, and imports `dg_keras.model` on top of it."""
    if hasattr(keras, "StatelessScope"):  # done, before `dg_keras` was loaded anew
        return
    tree = types.SimpleNamespace(
        map_structure=map_structure,
        flatten=tf.nest.flatten,
        lists_to_tuples=lists_to_tuples,
    )
    _add(
        keras,
        DTypePolicy=keras.mixed_precision.Policy,
        KerasTensor=keras.src.engine.keras_tensor.KerasTensor,
        Layer=keras.layers.Layer,
        Operation=keras.layers.Layer,
        StatelessScope=StatelessScope,
        Variable=Variable,
        tree=tree,
    )
    _add(keras.utils, PyDataset=keras.utils.Sequence)
    sys.modules["keras.src.models.functional"] = keras.src.engine.functional
    _add(keras.Model, metrics_variables=_Computed(_metrics_variables))
    _add(tf.Variable, regularizer=None, path=_Computed(lambda variable: variable.name))
    _add(keras.layers.Layer, _trainable_variables=_Computed(_trainable))
    _add(keras.layers.Layer, _non_trainable_variables=_Computed(_non_trainable))
    for optimizer in (keras.optimizers.Optimizer, _LEGACY):
        _add(optimizer, apply=_apply, scale_loss=lambda optimizer, loss: loss)
    _add(keras.optimizers.Optimizer, built=_Computed(lambda o: getattr(o, "_built", False)))
    _add(
        _LEGACY,
        use_ema=False,
        built=_Computed(lambda optimizer: getattr(optimizer, "_has_all_weights", False)),
        build=_noting(_build),
    )
    _put(keras.optimizers.Optimizer, build=_noting(keras.optimizers.Optimizer.build))
    with unittest.mock.patch.object(keras, "Model", Model):
        import dg_keras.model
    from dg_keras import backbones
    from dg_keras.analysis import GradientGram
    from dg_keras.callbacks import GradientAgreement, SharedBackup
    from dg_keras.fitting import restart_optimizer
    from dg_keras.step import checks, domain_losses

    for refused in (GradientAgreement, GradientGram, SharedBackup):
        _put(refused, __init__=_refusing(refused.__name__))
    _put(backbones, split=_refusing("split"))
    _put(restart_optimizer, start_anew=_start_anew)
    _put(checks, check_can_start_anew=lambda *_: None)
    _put(dg_keras.model.DomainLosses, add_variable=_add_variable, reset_state=_reset_state)
    # Keras 3 makes floats of all that can be one.
    _put(domain_losses, LossOfDomain=lambda losses, place: losses[place])
    # XLA is the user's to ask for.
    _put(dg_keras.model, pays_to_compile=lambda *_: False)
    model = dg_keras.model.DomainGeneralizer
    _put(
        model,
        make_train_function=_returning(model.make_train_function),
        save_own_variables=_saving(model.save_own_variables),
        load_own_variables=_loading(model.load_own_variables),
    )

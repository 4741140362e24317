"""The keras.Model whose `train_step` this library is all about."""

import numbers
from collections.abc import Callable, Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from dg_keras import objectives, strategies
from dg_keras.data.feeding.domains import check_unbatched, domain_size, is_domains, named
from dg_keras.data.feeding.interleave import interleave

_LARGE = 2**17
"""Components of a weight, on average, from which on it pays to compile the update alone."""


@keras.saving.register_keras_serializable(package="dg_keras")
class DomainGeneralizer(keras.Model):
    """Trains a network on several domains, letting through only what a strategy makes of them.

    One training step computes a loss and a gradient for each domain, merges the gradients with the
    strategy, and applies one update: "Domain generalization via gradient surgery", Mansilla et al.
    (2021). All else (`compile`, `evaluate`, `predict`, callbacks, saving) is Keras' own.

    Args:
        net: The network to train, any `keras.Model`. It stays usable by itself: `model.net`.
        strategy: What makes one gradient of the domains' gradients: a
            `dg_keras.strategies.Strategy`, its name, or its config.
        objective: What makes a loss, and so a gradient, of a domain's batch: a
            `dg_keras.objectives.Objective`, its name, or its config.
        domains: The domains' names, or their number; taken from `fit` where `fit` is given domains.
            Required for a data set that is already interleaved.
        seed: Seed of the batches that `fit` draws from domains; runs with different seeds
            also have different noise in their strategies. A non-negative integer below 2^31.
        in_turn: Whether the domains are taken one after the other, with one gradient and the
            strategy's running state in memory, however many domains there are. A step is compiled
            in a domain's part and the rest, so that compiling it takes no longer for more domains.
            For strategies that are a `FoldStrategy`, and objectives that neither weigh domains nor
            take gradients at a second point.

    Example:
    >>> images, labels = np.random.rand(20, 8, 8, 3), np.random.randint(4, size=20)
    >>> net = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(),
    ...                         keras.layers.Dense(4, activation="softmax")])
    >>> model = dg_keras.DomainGeneralizer(net, strategy="agr_sum")
    >>> model.compile("adamw", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    >>> domains = {"hospital_a": (images, labels), "hospital_b": (1 - images, labels)}
    >>> history = model.fit(domains, batch_size=5, epochs=2, verbose=0)
    >>> sorted(history.history)
    ['accuracy', 'loss', 'loss/hospital_a', 'loss/hospital_b']
    """

    def __init__(
        self,
        net: keras.Model,
        strategy: str | dict[str, Any] | strategies.Strategy = "agr_sum",
        objective: str | dict[str, Any] | objectives.Objective = "empirical_risk",
        domains: int | Sequence[str] | None = None,
        seed: int = 0,
        in_turn: bool = False,
        **kwargs: Any,
    ) -> None:
        if not isinstance(net, keras.Model):
            raise ValueError(f"`net` must be a keras.Model. Received: net={net!r}")
        if not isinstance(seed, numbers.Integral) or not 0 <= seed < 2**31:
            raise ValueError(
                f"`seed` must be a non-negative integer below 2^31. Received: seed={seed!r}"
            )
        # The optimizer is wrapped for loss scaling where the model that is compiled asks for it.
        kwargs.setdefault("dtype", _dtype_policy(net))
        # The net casts what it is given; a policy that only some layer has must not do it before.
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.net = net
        self.strategy = strategies.get(strategy)
        self.objective = objectives.get(objective)
        self.domain_names = _domain_names(domains)
        self.in_turn = in_turn
        if in_turn:
            _check_in_turn(self.strategy, self.objective)
        # `optimizer.iterations` stands still on steps that loss scaling skips and counts updates
        # under accumulation, so that the steps are counted, and saved, here. They are no weights:
        # a callback that puts back the best weights must not turn back the count.
        self._counters = _Untracked({"step": _counter("step", 0), "seed": _counter("seed", seed)})
        if self.objective.restart_step is not None:
            self._counters.value["restarted"] = _counter("restarted", 0)
        self._objective_state = _Untracked({})
        self._losses_by_domain = _Untracked([])
        self._parts = _Untracked(_Parts(self))
        self._metrics_are_built = _Untracked(False)
        self._without_weight_penalties = False
        self.built = net.built
        if self.domain_names is not None:
            self._build_objective_state()

    @property
    def step(self) -> keras.Variable:
        """The number of training steps taken, a scalar int64; saved with the model."""
        return self._counters.value["step"]

    @property
    def seed(self) -> keras.Variable:
        """The seed of batches and noise, a scalar int64; saved with the model."""
        return self._counters.value["seed"]

    @property
    def objective_state(self) -> dict[str, np.ndarray]:
        """What the objective remembers from step to step, such as GroupDRO's `q`; a copy."""
        return {name: v.numpy() for name, v in self._objective_state.value.items()}

    def reset_training(self, seed: int) -> None:
        """Puts the step and the objective's state back to the start, and sets the seed.

        The network and the optimizer stay as they are.
        """
        for counter in self._counters.value.values():
            counter.assign(0)
        self.seed.assign(seed)
        if self._objective_state.value:
            initial = self.objective.initial_state(len(self.domain_names))
            for name, variable in self._objective_state.value.items():
                variable.assign(initial[name])

    def call(self, x: Any, training: bool | None = None) -> Any:
        """The network's predictions."""
        # Keras hands `training` on to the layers inside, whether or not they name it.
        return self.net(x)

    def fit(  # noqa: D417 (most arguments are Keras' own)
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> keras.callbacks.History:
        """Trains the network; as `keras.Model.fit`, and with domains for `x`.

        Args:
            x: A tuple, list or dict of domains, each an unbatched `tf.data.Dataset` of `(x, y)` or
                `(x, y, sample_weight)`, or a tuple of such arrays. Anything else is handed to
                Keras: a data set that is already interleaved (`dg_keras.data.interleave`) must have
                sample i of a batch from domain i modulo the number of domains.
            y: None where `x` is domains.
            batch_size: Where `x` is domains, the number of samples a domain and step. Defaults to
                Keras' 32.
            epochs: As for `keras.Model.fit`, like all that is not named here.
            shuffle: Where `x` is domains, whether each is drawn in an order that is new in every
                pass, or in its own order.
            steps_per_epoch: Where `x` is domains, defaults to the steps that the largest lasts.

        Returns:
            A `keras.callbacks.History`, with `loss/<domain>` for every domain beside the rest.

        Raises:
            ValueError: If a domain is batched, the number of domains differs from the model's, or
                the number of steps can't be told.
        """
        _refuse_domains("validation_data", validation_data)
        if y is None and is_domains(x):
            domains, size = x, 32 if batch_size is None else batch_size
            start = _StartStep(int(self.step.numpy()))
            # Keras warns of a dataset that it shall shuffle: this one is by now, if it was to be.
            x, batch_size, shuffle = self._interleave(domains, size, shuffle, start), None, False
            callbacks = self._append(callbacks, start)
            if steps_per_epoch is None:
                steps_per_epoch = _steps_per_epoch(domains, size)
        elif shuffle and hasattr(x, "shape"):
            raise ValueError(
                "`shuffle` must be False for arrays that are already interleaved: Keras would mix "
                "the domains. Received: shuffle=True"
            )
        return super().fit(
            x=x,
            y=y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            sample_weight=sample_weight,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
            validation_freq=validation_freq,
        )

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Evaluates the network; as `keras.Model.evaluate`."""
        _refuse_domains("x", x)
        return super().evaluate(x, *args, **kwargs)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step: a gradient a domain, merged by the strategy, applied once."""
        data = keras.tree.map_structure(tf.convert_to_tensor, data, none_is_leaf=False)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        domains = len(self.domain_names)
        _check_divides(domains, x)
        self._build_for_step(x, y, sample_weight)
        prepared = self.objective.prepare(x, y, sample_weight, domains, self._step_seed())
        if self._needs_one_pass():
            losses, gradient, predictions = self._gradient_of_mean(prepared)
            penalty = self._parts.value.apply(gradient)
        elif self.in_turn:
            losses, penalty, predictions = self._take_in_turn(prepared)
        else:
            losses, gradients, predictions = self._domain_gradients(prepared)
            penalty = self._parts.value.merge_and_apply(gradients)
        self.step.assign_add(1)
        batches = _split((x, y, sample_weight), domains)
        return self._update_metrics(batches, predictions, losses, penalty)

    def _needs_one_pass(self) -> bool:
        """Whether the gradient of the domains' mean loss is all that the step needs."""
        return (
            self.strategy.averages
            and not self.in_turn
            and self.objective.partners(len(self.domain_names), self._step_seed()) is None
            and not _has_trainable_batch_norm(self.net)
        )

    def _gradient_of_mean(self, data: tuple[Any, Any, Any]) -> tuple[list, list, list]:
        """The domains' losses, the gradient of their mean, and their predictions, in one pass."""
        domains = len(self.domain_names)
        with tf.GradientTape() as tape:
            y_pred = self(data[0], training=True)
            predictions = _split(y_pred, domains)
            losses = [
                self._data_loss(y, y_pred, sample_weight)
                for (_, y, sample_weight), y_pred in zip(
                    _split(data, domains), predictions, strict=True
                )
            ]
            weighed = _weighed(losses, self._weigh(losses))
            scaled = self._scale(tf.add_n(weighed) / domains)
        return losses, tape.gradient(scaled, self.trainable_variables), predictions

    def _domain_gradients(self, data: tuple[Any, Any, Any]) -> tuple[tuple, list[list], tuple]:
        """The domains' losses, (scaled) gradients, and predictions, a pass for each."""
        batches = _split(data, len(self.domain_names))
        passes = map(self._parts.value.domain_gradient, batches)
        losses, gradients, predictions = zip(*passes, strict=True)
        gradients = self._add_second_points(gradients, batches)
        weights = self._weigh(losses)
        if weights is not None:
            gradients = [
                [None if g is None else g * tf.cast(w, g.dtype) for g in map(_dense, gradient)]
                for gradient, w in zip(gradients, weights, strict=True)
            ]
        return losses, gradients, predictions

    def _take_in_turn(self, data: tuple[Any, Any, Any]) -> tuple[list, Any, list]:
        """The domains' losses, the penalty on the weights, and the predictions, after the update.

        A domain's gradient is folded into the strategy's state before the next is taken.
        """
        parts, losses, predictions, folded = self._parts.value, [], [], []
        for number, batch in enumerate(_split(data, len(self.domain_names))):
            with tf.control_dependencies(folded):
                loss, gradient, y_pred = parts.domain_gradient(batch)
                dense = [_dense(g) for g in gradient if g is not None]
                parts.make_fold(dense)
                folded = [(parts.add if number else parts.start)(dense)]
            losses.append(loss)
            predictions.append(y_pred)
        with tf.control_dependencies(folded):
            penalty = parts.finish_and_apply(tuple(g is not None for g in gradient))
        return losses, penalty, predictions

    def _build_for_step(self, x: Any, y: Any, sample_weight: Any) -> None:
        """Makes the variables of optimizer and metrics, if the network is built.

        A step that makes variables while it is traced is traced twice.
        """
        outputs = getattr(self.net, "outputs", None) or []
        is_known = len(outputs) == 1 and None not in outputs[0].shape[1:]
        if not is_known or self.distribute_strategy.num_replicas_in_sync > 1:
            return
        with tf.init_scope():
            if self.optimizer.built and self._metrics_are_built.value:
                return

            def one(t: Any) -> tf.Tensor:
                return tf.zeros([1, *t.shape[1:]], t.dtype)

            sample = keras.tree.map_structure(
                one, (x, y, outputs[0], sample_weight), none_is_leaf=False
            )
            self.optimizer.build(self.trainable_variables)
            self.compute_metrics(*sample)
            self.reset_metrics()
            self._metrics_are_built.value = True

    def _domain_gradient(self, batch: tuple[Any, Any, Any]) -> tuple[tf.Tensor, list, Any]:
        """A domain's loss, its gradient, and the predictions."""
        x, y, sample_weight = batch
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self._data_loss(y, y_pred, sample_weight)
            scaled = self._scale(loss)
        # Read after the forward pass: a net may build its variables in its first call.
        return loss, tape.gradient(scaled, self.trainable_variables), y_pred

    def _add_second_points(self, gradients: Sequence[list], batches: list) -> Sequence[list]:
        """Adds what the objective wants of the partners' gradients at other weights."""
        partners = self.objective.partners(len(batches), self._step_seed())
        if partners is None:
            return gradients
        weights = [tf.convert_to_tensor(v) for v in self.trainable_variables]
        loss_scale = self.optimizer.scale_loss(tf.ones(()))
        stacked = keras.tree.map_structure(
            lambda *parts: tf.stack(parts), *batches, none_is_leaf=False
        )
        sums = []
        for gradient, partner in zip(gradients, tf.unstack(partners), strict=True):
            whole = [
                tf.zeros_like(w) if g is None else g / tf.cast(loss_scale, g.dtype)
                for g, w in zip(map(_dense, _sum_over_replicas(gradient)), weights, strict=True)
            ]
            point, factor = self.objective.second_point(
                weights, whole, self.optimizer.learning_rate
            )
            batch = keras.tree.map_structure(lambda t, j=partner: t[j], stacked, none_is_leaf=False)
            second = [
                None if g is None else factor * g
                for g in map(_dense, self._gradient_at(point, batch))
            ]
            sums.append(_add(gradient, second))
        return sums

    def _gradient_at(self, weights: list[tf.Tensor], batch: tuple[Any, Any, Any]) -> list:
        """The gradient of a domain's loss at other weights than the network's.

        It leaves no trace in the network, but for the draws of its random number generators:
        BatchNorm's statistics are of the network's own weights.
        """
        x, y, sample_weight = batch
        mapping = list(zip(self.trainable_variables, weights, strict=True))
        with tf.GradientTape() as tape:
            tape.watch(weights)
            with keras.StatelessScope(mapping, collect_losses=True) as scope:
                y_pred = self(x, training=True)
                scaled = self._scale(self._data_loss(y, y_pred, sample_weight))
        for state in self._generators():
            state.assign(scope.get_current_value(state))
        return tape.gradient(scaled, weights)

    def _weigh(self, losses: Sequence[tf.Tensor]) -> list[tf.Tensor] | None:
        """The weights of the domains by their losses; the objective's state is updated."""
        if type(self.objective).weigh is objectives.Objective.weigh:
            return None
        state = self._objective_state.value
        values = tf.stack([tf.cast(tf.stop_gradient(loss), tf.float32) for loss in losses])
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if replicas > 1:
            # The losses would have to be summed over the replicas before the gradients are, and
            # TensorFlow does not keep two such sums in order on every replica.
            raise ValueError(
                f"The objective {type(self.objective).__name__}, which weighs the domains by their "
                f"losses, trains on one replica. Received: {replicas}"
            )
        weights, changed = self.objective.weigh(
            values, {name: tf.convert_to_tensor(v) for name, v in state.items()}
        )
        for name, value in changed.items():
            state[name].assign(value)
        return None if weights is None else tf.unstack(weights, num=len(losses))

    def _merge_and_apply(self, gradients: Sequence[list]) -> tf.Tensor | None:
        return self._apply(self._merge(gradients))

    def _apply(self, gradient: list) -> tf.Tensor | None:
        """Applies a gradient and that of the penalty on the weights, which is returned."""
        variables = self.trainable_variables
        penalty, penalty_gradient = self._weight_penalty(variables)
        self.optimizer.apply(_add(gradient, penalty_gradient), variables)
        return penalty

    def _merge(self, gradients: Sequence[list]) -> list[tf.Tensor | None]:
        """The strategy's gradient, as this replica's share of it."""
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        # The optimizer sums what the replicas hand it. A nonlinear merge must see each
        # domain's gradient already summed; then every replica hands on its share of one result.
        gradients = [_sum_over_replicas(gradient) for gradient in gradients]
        merged = self.strategy(gradients, self._numbered_step())
        return [g if g is None or replicas == 1 else g / replicas for g in merged]

    def _numbered_step(self) -> tf.Tensor:
        """The step's number; runs with different seeds have no number in common."""
        return tf.bitwise.left_shift(tf.convert_to_tensor(self.seed), 32) + self.step

    def _step_seed(self) -> tf.Tensor:
        """The seed of an objective's draws in this step, int64 `[2]`."""
        return tf.stack([tf.convert_to_tensor(self.seed), tf.convert_to_tensor(self.step)])

    def _scale(self, loss: tf.Tensor) -> tf.Tensor:
        """The loss as this replica's share, times the loss scale."""
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return self.optimizer.scale_loss(loss if replicas == 1 else loss / replicas)

    def _data_loss(self, y: Any, y_pred: Any, sample_weight: Any) -> tf.Tensor:
        """The objective's loss, with what the layers add for the data, without weight penalties."""
        replicas = tf.distribute.get_strategy().num_replicas_in_sync

        def risk(y: Any, y_pred: Any, sample_weight: Any) -> tf.Tensor:
            loss = self.compute_loss(None, y, y_pred, sample_weight, training=True)
            # Keras makes it this replica's share; objectives see the mean over their samples.
            return loss if replicas == 1 else loss * replicas

        self._without_weight_penalties = True
        try:
            return self.objective.loss(
                y, y_pred, sample_weight, risk, tf.convert_to_tensor(self.step)
            )
        finally:
            self._without_weight_penalties = False

    @property
    def losses(self) -> list[tf.Tensor]:
        """Keras' list of added losses; while a domain's loss is taken, without weight penalties."""
        # In every domain's gradient, a penalty would bias the agreement and count N times.
        losses = super().losses
        if not self._without_weight_penalties:
            return losses
        # Keras lists one penalty for each regularized variable, after all other losses.
        penalized = [v for v in self.trainable_variables if v.regularizer is not None]
        return losses[: len(losses) - len(penalized)]

    def _weight_penalty(self, variables: list) -> tuple[tf.Tensor | None, list]:
        """The regularizers' penalty on the weights, and its (scaled) gradient."""
        penalized = [v for v in variables if v.regularizer is not None]
        if not penalized:
            return None, [None] * len(variables)
        with tf.GradientTape() as tape:
            penalty = tf.add_n([tf.cast(v.regularizer(v), tf.float32) for v in penalized])
            scaled = self._scale(penalty)
        return penalty, tape.gradient(scaled, variables)

    def _update_metrics(
        self, batches: list, predictions: Sequence, losses: Sequence, penalty: tf.Tensor | None
    ) -> dict[str, tf.Tensor]:
        """Updates the loss and the metrics; domains are told by position, named outside."""
        x, y, sample_weight = _concatenate(batches)
        y_pred = _concatenate(predictions)
        samples = tf.shape(keras.tree.flatten(x)[0])[0]
        total = tf.add_n(losses) / len(losses)
        if penalty is not None:
            total += tf.cast(penalty, total.dtype)
        next(m for m in self.metrics if m.name == "loss").update_state(total, samples)
        logs = self.compute_metrics(x, y, y_pred, sample_weight)
        for metric, loss in zip(self._losses_by_domain.value, losses, strict=True):
            metric.update_state(loss)
            logs[metric.name] = metric.result()
        return logs

    def make_train_function(self, force: bool = False) -> None:
        """Builds the training function: Keras' own, with names for the domains' losses."""
        if self.train_function is not None and not force:
            return
        if self.domain_names is None:
            raise ValueError(
                "`domains` must be given to DomainGeneralizer to train on a data set that is "
                "already interleaved. Received: domains=None"
            )
        replicas = self.distribute_strategy.num_replicas_in_sync
        if self.in_turn and replicas > 1:
            raise ValueError(
                f"`in_turn` must be False on several replicas. Received: in_turn=True, and "
                f"{replicas} replicas"
            )
        self._check_objective()
        self._build_objective_state()
        with self.distribute_strategy.scope():
            self._losses_by_domain.value = [
                keras.metrics.Mean(name=f"loss/{i}") for i in range(len(self.domain_names))
            ]
        self._parts.value = _Parts(self)
        self._metrics_are_built.value = False
        whole = self.jit_compile
        # In turn, the parts of the step are compiled, not the loop over them.
        self.jit_compile = whole and not self.in_turn
        super().make_train_function(force)
        self.jit_compile = whole
        traced = self.train_function

        def named_step(iterator: Any) -> dict[str, tf.Tensor]:
            self._restart_optimizer_if_due()
            # Named here, one trace serves every choice of as many source domains.
            names = {f"loss/{i}": f"loss/{name}" for i, name in enumerate(self.domain_names)}
            return {names.get(key, key): value for key, value in traced(iterator).items()}

        self.train_function = named_step

    def _build_objective_state(self) -> None:
        """Makes the variables of the objective's state, once the number of domains is known."""
        initial = self.objective.initial_state(len(self.domain_names))
        state = self._objective_state.value
        if {n: v.shape for n, v in state.items()} == {n: v.shape for n, v in initial.items()}:
            return
        with self.distribute_strategy.scope():
            self._objective_state.value = {
                name: _state(f"objective_{name}", value) for name, value in initial.items()
            }

    def _check_objective(self) -> None:
        """Raises ValueError if the model was compiled as its objective can't be trained."""
        if self.objective.needs_logits:
            for loss in keras.tree.flatten(self.loss):
                _check_takes_logits(keras.losses.get(loss), self.objective)
        restart, together = self.objective.restart_step, self.steps_per_execution
        if restart is not None and restart % together:
            raise ValueError(
                "`steps_per_execution` must divide the step before which the objective starts the "
                f"optimizer anew, {restart}. Received: steps_per_execution={together}"
            )

    def _restart_optimizer_if_due(self) -> None:
        """Puts the optimizer's variables back to the start, once, where the objective asks so."""
        restart, restarted = self.objective.restart_step, self._counters.value.get("restarted")
        if restart is None or int(restarted.numpy()) or int(self.step.numpy()) < restart:
            return
        # The optimizer behind loss scaling: the scale is no moment, and stays.
        optimizer = getattr(self.optimizer, "inner_optimizer", self.optimizer)
        with self.distribute_strategy.scope():
            fresh = type(optimizer).from_config(optimizer.get_config())
            fresh.build(self.trainable_variables)
            for variable, value in zip(optimizer.variables, fresh.variables, strict=True):
                variable.assign(value)
            restarted.assign(1)

    def reset_metrics(self) -> None:
        """Resets the compiled metrics and the domains' losses."""
        super().reset_metrics()
        for metric in self._losses_by_domain.value:
            metric.reset_state()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "net": keras.saving.serialize_keras_object(self.net),
            "strategy": keras.saving.serialize_keras_object(self.strategy),
            "objective": keras.saving.serialize_keras_object(self.objective),
            "domains": self.domain_names,
            "seed": int(self.seed.numpy()),
            "in_turn": self.in_turn,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """The model that `get_config` describes."""
        deserialize = keras.saving.deserialize_keras_object
        nested = {
            key: deserialize(config[key], custom_objects)
            for key in ("net", "strategy", "objective")
        }
        return cls(**{**config, **nested})

    def save_own_variables(self, store: Any) -> None:
        """Saves the counters, the objective's state, and that of the network's generators."""
        for name, variable in self._own_state().items():
            store[name] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Loads what `save_own_variables` saved."""
        state = self._own_state()
        if set(state) != set(store.keys()):
            raise ValueError(
                f"{self.name}: the file must hold {', '.join(sorted(state))}. "
                f"Received: {', '.join(sorted(store.keys())) or 'none of them'}"
            )
        for name, variable in state.items():
            variable.assign(store[name])

    def _own_state(self) -> dict[str, keras.Variable]:
        """What is saved beside the network and the optimizer."""
        # Keras saves the state of no seed generator, so that dropout would start anew.
        return {
            **self._counters.value,
            **{f"objective_{name}": v for name, v in self._objective_state.value.items()},
            **{f"generator_{i}": state for i, state in enumerate(self._generators())},
        }

    def _generators(self) -> list[keras.Variable]:
        """The states of the network's random number generators."""
        weights = {id(v) for v in self.weights}
        return [v for v in self.variables if id(v) not in weights]

    def _interleave(
        self, domains: Any, batch_size: int, shuffle: bool, start: "_StartStep"
    ) -> tf.data.Dataset:
        """The domains' interleaved batches from this model's step on."""
        rank = _input_rank(self.net)
        check_unbatched(domains, x_rank=None if rank is None else rank - 1)
        names = self._names_of(domains)
        replicas = self.distribute_strategy.num_replicas_in_sync
        if batch_size % replicas:
            # A replica gets a slice of the batch, which must begin with the first domain.
            raise ValueError(
                f"`batch_size` must be a multiple of the {replicas} replicas. "
                f"Received: batch_size={batch_size}"
            )
        batches = interleave(
            domains,
            batch_size,
            seed=int(self.seed.numpy()),
            start_step=start.step,
            shuffle=shuffle,
        )
        self.domain_names = names
        return batches

    def _names_of(self, domains: Any) -> tuple[str, ...]:
        """The names of the domains that `fit` was given."""
        names = _domain_names([name for name, _ in named(domains)])
        if self.domain_names is not None and len(names) != len(self.domain_names):
            raise ValueError(
                f"`x` must have as many domains as the model: {len(self.domain_names)} "
                f"({', '.join(self.domain_names)}). Received: {len(names)} ({', '.join(names)})"
            )
        return names if isinstance(domains, dict) else self.domain_names or names

    def _append(self, callbacks: Any, last: keras.callbacks.Callback) -> Any:
        """The callbacks that `fit` was given, and one more."""
        if isinstance(callbacks, keras.callbacks.CallbackList):
            last.set_model(self)
            callbacks.callbacks.append(last)
            return callbacks
        return [*keras.tree.flatten(callbacks or []), last]


class _StartStep(keras.callbacks.Callback):
    """Knows the step at which training begins, to which another callback may have restored it."""

    def __init__(self, step: int) -> None:
        super().__init__()
        with tf.device("CPU:0"):  # where datasets read it
            self.step = tf.Variable(step, dtype=tf.int64, trainable=False)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.step.assign(int(self.model.step.numpy()))


class _Parts:
    """What a training step is put together of, each part traced once and compiled if it pays.

    A domain's pass is one function for all domains. The merge and the optimizer's step pass over
    all weights many times, and compiled once: XLA compiles them even where the network is not,
    unless the weights are many small ones, for each of which it would start a kernel.
    """

    def __init__(self, model: DomainGeneralizer) -> None:
        self._model = model
        self._fold: strategies.RunningFold | None = None
        self._functions: dict[str, Callable] = {}

    def domain_gradient(self, batch: tuple[Any, Any, Any]) -> tuple[tf.Tensor, list, Any]:
        """A domain's loss, its gradient, and the predictions."""
        whole = self._model.jit_compile and self._model.in_turn
        return self._traced(self._model._domain_gradient, whole)(batch)

    def apply(self, gradient: list) -> tf.Tensor | None:
        """Applies a gradient, and returns the penalty on the weights."""
        return self._traced(self._model._apply, self._compiles_apply)(gradient)

    def merge_and_apply(self, gradients: Sequence[list]) -> tf.Tensor | None:
        """Applies what the strategy makes of the gradients; returns the penalty."""
        if self._compiles_apply and not self._model.strategy.can_be_compiled:
            return self.apply(self._model._merge(gradients))
        return self._traced(self._model._merge_and_apply, self._compiles_apply)(list(gradients))

    def make_fold(self, gradient: list[tf.Tensor]) -> None:
        """Makes the strategy's running state, for gradients like this one."""
        if self._fold is None:
            with tf.init_scope():
                specs = [tf.TensorSpec(g.shape, g.dtype) for g in gradient]
                self._fold = strategies.RunningFold(self._model.strategy, specs)

    def start(self, gradient: list[tf.Tensor]) -> tf.Tensor:
        """Takes the first domain; returns anything, once it is done."""
        return self._traced(self._start, self._compiles_fold)(gradient)

    def add(self, gradient: list[tf.Tensor]) -> tf.Tensor:
        """Takes one more domain; returns anything, once it is done."""
        return self._traced(self._add, self._compiles_fold)(gradient)

    def finish_and_apply(self, connected: tuple[bool, ...]) -> tf.Tensor | None:
        """Applies what the fold came to; returns the penalty.

        Args:
            connected: Which variables the domains' losses depend on.
        """
        return self._traced(self._finish_and_apply, self._compiles_fold)(connected)

    def _start(self, gradient: list[tf.Tensor]) -> tf.Tensor:
        self._fold.start(gradient)
        return tf.zeros([])

    def _add(self, gradient: list[tf.Tensor]) -> tf.Tensor:
        self._fold.add(gradient)
        return tf.zeros([])

    def _finish_and_apply(self, connected: tuple[bool, ...]) -> tf.Tensor | None:
        merged = iter(self._fold.finish(self._model._numbered_step()))
        return self._model._apply([next(merged) if used else None for used in connected])

    def _traced(self, function: Callable, jit_compile: bool) -> Callable:
        """The function, traced apart from the step and compiled if asked to."""
        model = self._model
        is_compiled = model.jit_compile and not model.in_turn
        # Replicas sum gradients and apply them together, which no inner function can.
        replicas = model.distribute_strategy.num_replicas_in_sync
        if model.run_eagerly or is_compiled or replicas > 1:
            return function
        if function.__name__ not in self._functions:
            self._functions[function.__name__] = tf.function(
                function, jit_compile=jit_compile, autograph=False
            )
        return self._functions[function.__name__]

    @property
    def _compiles_fold(self) -> bool:
        return self._compiles_apply and self._model.strategy.can_be_compiled

    @property
    def _compiles_apply(self) -> bool:
        model = self._model
        optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        sizes = [int(np.prod(v.shape)) for v in model.trainable_variables]
        return (
            # One of the user's own may use what XLA does not know.
            type(optimizer).__module__.startswith("keras.")
            and (bool(model.jit_compile) or np.mean(sizes) >= _LARGE)
        )


class _Untracked:
    """Holds what Keras shall neither report from `evaluate` nor count among the weights."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _counter(name: str, value: int) -> keras.Variable:
    return keras.Variable(
        initializer=keras.initializers.Constant(value),
        shape=(),
        dtype="int64",
        trainable=False,
        aggregation="only_first_replica",
        name=name,
    )


def _state(name: str, value: np.ndarray) -> keras.Variable:
    return keras.Variable(
        value, dtype=value.dtype.name, trainable=False, aggregation="only_first_replica", name=name
    )


def _check_takes_logits(loss: Any, objective: objectives.Objective) -> None:
    """Raises ValueError if the loss is known to take probabilities."""
    config = loss.get_config() if isinstance(loss, keras.losses.Loss) else {}
    of_probabilities = (
        keras.losses.binary_crossentropy,
        keras.losses.categorical_crossentropy,
        keras.losses.sparse_categorical_crossentropy,
    )
    if config.get("from_logits") is False or loss in of_probabilities:
        raise ValueError(
            f"`loss` must take logits, as in SparseCategoricalCrossentropy(from_logits=True), for "
            f"the objective {type(objective).__name__}. Received: loss={loss!r}, which takes "
            "probabilities"
        )


def _check_in_turn(strategy: strategies.Strategy, objective: objectives.Objective) -> None:
    """Raises ValueError where domains can't be taken one after the other."""
    base = objectives.Objective
    alone = type(objective).weigh is base.weigh and type(objective).partners is base.partners
    if not isinstance(strategy, strategies.FoldStrategy) or not alone:
        culprit = strategy if alone else objective
        raise ValueError(
            f"`in_turn` must be False for {type(culprit).__name__}, which needs all domains at "
            "once. Received: in_turn=True"
        )


def _domain_names(domains: int | Sequence[str] | None) -> tuple[str, ...] | None:
    """The names; numbers where only the number of domains is known."""
    if domains is None:
        return None
    names = range(domains) if isinstance(domains, numbers.Integral) else domains
    is_list = isinstance(names, Sequence) and not isinstance(names, str)
    names = tuple(str(name) for name in names) if is_list else ()
    if not names or len(set(names)) < len(names):
        raise ValueError(
            f"`domains` must be a positive number or different names. Received: domains={domains!r}"
        )
    return names


def _refuse_domains(argument: str, value: Any) -> None:
    """Raises ValueError where domains are given for what is evaluated as one data set."""
    if is_domains(value) and any(isinstance(d, tf.data.Dataset) for _, d in named(value)):
        raise ValueError(
            f"`{argument}` must be one batched dataset, not domains; see `validation` and `test` "
            f"of dg_keras.data.load. Received: domains {', '.join(str(n) for n, _ in named(value))}"
        )


def _steps_per_epoch(domains: Any, batch_size: int) -> int:
    """The steps that the largest domain lasts."""
    sizes = {name: domain_size(domain) for name, domain in named(domains)}
    unknown = [name for name, size in sizes.items() if size is None]
    if unknown:
        raise ValueError(
            "`steps_per_epoch` must be given where a domain's size is unknown or infinite. "
            f"Received: steps_per_epoch=None, and domain {unknown[0]!r} of no known size"
        )
    return -(-max(sizes.values()) // batch_size)


def _input_rank(net: keras.Model) -> int | None:
    """The rank of the network's batches, where it has one input and knows it."""
    inputs = getattr(net, "inputs", None)
    return len(inputs[0].shape) if inputs and len(inputs) == 1 else None


def _dtype_policy(net: keras.Model) -> keras.DTypePolicy:
    """The policy of the network, or of its layers where one is in mixed_float16."""
    policies = [net.dtype_policy, *(layer.dtype_policy for layer in net._flatten_layers())]
    return next((p for p in policies if p.name == "mixed_float16"), net.dtype_policy)


def _has_trainable_batch_norm(net: keras.Model) -> bool:
    # With one pass over all domains, such a layer would mix their statistics into each gradient.
    return any(
        isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        for layer in net._flatten_layers()
    )


def _check_divides(domains: int, x: Any) -> None:
    """Raises ValueError if a batch can't hold as many samples of each domain."""
    samples = keras.tree.flatten(x)[0].shape[0]
    if samples is not None and samples % domains:
        raise ValueError(
            f"A batch must hold as many samples of each of the {domains} domains; make it with "
            f"dg_keras.data.interleave, or batch with drop_remainder=True. Received: {samples} "
            "samples"
        )


def _split(batch: Any, domains: int) -> list[Any]:
    """A structure of batches for each domain: every N-th sample from i on; None stays."""
    return [
        keras.tree.map_structure(lambda t, i=i: t[i::domains], batch, none_is_leaf=False)
        for i in range(domains)
    ]


def _concatenate(batches: Sequence[Any]) -> Any:
    """One structure of batches made of several; None stays."""
    return keras.tree.map_structure(
        lambda *parts: tf.concat(parts, axis=0), *batches, none_is_leaf=False
    )


def _sum_over_replicas(gradient: Sequence[Any]) -> list[Any]:
    """The sum of all replicas' gradients, None where there is none."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return list(gradient)
    present = [tf.convert_to_tensor(g) for g in gradient if g is not None]
    context = tf.distribute.get_replica_context()
    reduced = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, present))
    return [None if g is None else next(reduced) for g in gradient]


def _dense(gradient: Any) -> tf.Tensor | None:
    """The gradient without `tf.IndexedSlices`, of which not all arithmetic is defined."""
    return None if gradient is None else tf.convert_to_tensor(gradient)


def _weighed(losses: list[tf.Tensor], weights: list[tf.Tensor] | None) -> list[tf.Tensor]:
    if weights is None:
        return losses
    return [loss * tf.cast(w, loss.dtype) for loss, w in zip(losses, weights, strict=True)]


def _add(gradient: list[Any], penalty_gradient: list[Any]) -> list[Any]:
    """The sum of two gradients, either of which may be None for a variable."""
    return [
        g if p is None else p if g is None else g + p
        for g, p in zip(gradient, penalty_gradient, strict=True)
    ]

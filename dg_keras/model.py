"""The keras.Model whose `train_step` this library is all about."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Self

import keras
import numpy as np
import tensorflow as tf

from dg_keras import objectives, strategies
from dg_keras.common.check_choice import check_choice
from dg_keras.common.check_is_bool import check_is_bool
from dg_keras.common.samples import number_of_samples
from dg_keras.common.seeds import seed_or_drawn
from dg_keras.common.untracked import Untracked
from dg_keras.data.feeding.domains import is_domains, looks_like_domains, named
from dg_keras.data.feeding.pooled import pooled
from dg_keras.fitting.by_domain import metrics_by_domain
from dg_keras.fitting.check_class_weight import check_class_weight
from dg_keras.fitting.check_given import check_given
from dg_keras.fitting.check_interleaved import check_interleaved
from dg_keras.fitting.check_numbers import check_numbers
from dg_keras.fitting.checks import (
    DEFAULT_BATCH,
    are_domains_to_validate_on,
    check_domains_alone,
    check_evaluated,
    check_net,
    check_positive,
    domain_names,
)
from dg_keras.fitting.classes import classes
from dg_keras.fitting.counters import Counters
from dg_keras.fitting.feed import feed
from dg_keras.fitting.gradients_apart import gradients_apart
from dg_keras.fitting.many_machines import PackedLogs, first_of_own
from dg_keras.fitting.metrics_kept import metrics_kept
from dg_keras.fitting.name_domains import name_domains, names_of
from dg_keras.fitting.own_state import load_own_state, own_state
from dg_keras.fitting.policy_of import policy_of
from dg_keras.fitting.restart_optimizer import restart_optimizer_if_due
from dg_keras.fitting.validate_by_domain import validate_by_domain
from dg_keras.fitting.watch import Watch
from dg_keras.step import Done, Memory, Moment, Plan, Policy, Taken
from dg_keras.step.as_before import AsBefore
from dg_keras.step.checks import (
    check_calls_net,
    check_can_be_trained,
    check_domain_parallel,
    check_in_turn,
    warn_of_batch_norm,
)
from dg_keras.step.domain_losses import DomainLosses, named_losses
from dg_keras.step.pays_to_compile import pays_to_compile
from dg_keras.step.replicas import is_of_many_machines
from dg_keras.step.variables import make_variables, specified

_MADE_WITH = (
    *("net", "strategy", "objective", "in_turn"),
    *("compile_update", "on_nonfinite", "domain_parallel"),
)
"""The attributes that a model is made with, once and for all: its steps are traced for them."""

_OWN = "dg_keras"
"""What of a state tree is ours."""


@keras.saving.register_keras_serializable(package="dg_keras")
class DomainGeneralizer(keras.Model):
    """Trains a network on several domains, letting through only what a strategy makes of them.

    One training step computes a loss and a gradient for each domain, merges the gradients with the
    strategy, and applies one update: "Domain generalization via gradient surgery", Mansilla et al.
    (2021). All else (`compile`, `predict`, callbacks, saving) is Keras' own.

    Args:
        net: The network to train, any `keras.Model` that leaves training to Keras. It stays usable
            by itself: `model.net`.
        strategy: What makes one gradient of the domains' gradients: a
            `dg_keras.strategies.Strategy`, its name, or its config.
        objective: What makes a loss, and so a gradient, of each domain's batch: a
            `dg_keras.objectives.Objective`, its name, or its config.
        domains: The domains' names, or their number; taken from `fit` where `fit` is given domains.
            Required for a data set that is already interleaved.
        seed: Seed of the batches that `fit` draws from domains, and of what strategies and
            objectives draw: a non-negative integer below 2^31. None for one that is drawn as Keras'
            layers draw theirs, so that `keras.utils.set_random_seed` rules it.
        in_turn: Whether the domains are taken one after the other, with one gradient and the
            strategy's running state in memory, however many domains there are. A step is compiled
            in a domain's part and the rest, so that compiling it takes no longer for more domains.
            For strategies that are a `FoldStrategy`, and objectives that neither weigh domains nor
            take gradients at a second point nor look at features.
        compile_update: Whether XLA compiles the merge and the optimizer's step alone, where
            `jit_compile` is False; under `tf.distribute` nothing is compiled apart, and on several
            replicas True is refused. "auto" compiles them where weights are large on average, where
            it pays, and strategy, optimizer, schedule, regularizers and constraints are ours or
            Keras'.
        on_nonfinite: What to do with a step in which a loss or gradient, or the learning rate, is
            infinite or NaN. "raise" stops training with a `dg_keras.NonfiniteError` that names the
            step and the domain, and leaves the model as it was before that step. "skip" goes on
            with the next batch, and leaves weights, optimizer (its `iterations` too), metrics, and
            what objective and strategy remember as they were; `step` goes on, and `skipped_steps`
            counts. "ignore" looks at nothing. What loss scaling finds a scale for is no fault.
        domain_parallel: Whether each replica of a `tf.distribute` strategy takes whole domains,
            instead of a part of each domain's batch. The weights come out the same, and with
            `mean`, `agr_sum` and `agr_rand` replicas send each other little more than one gradient
            in a step however many domains there are, instead of one for each; see
            docs/replicas.md. For objectives that need no other
            domain's samples, with at least as many domains as replicas.

    Examples:
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

    # Keras' own, which type checkers do not see.
    train_function: Any
    jit_compile: Any

    counts_all_steps = True
    """By which callbacks of any model know that `step` counts the steps that are taken."""

    def __init__(
        self,
        net: keras.Model,
        strategy: str | dict[str, Any] | strategies.Strategy = "agr_sum",
        objective: str | dict[str, Any] | objectives.Objective = "empirical_risk",
        domains: int | Sequence[str] | None = None,
        seed: int | None = None,
        in_turn: bool = False,
        compile_update: bool | Literal["auto"] = "auto",
        on_nonfinite: Policy = "raise",
        domain_parallel: bool = False,
        **kwargs: Any,
    ) -> None:
        check_net(net)
        if compile_update not in (True, False, "auto"):
            raise ValueError(
                "`compile_update` must be True, False or 'auto'. Received: "
                f"compile_update={compile_update!r}"
            )
        check_choice("on_nonfinite", on_nonfinite, ("raise", "skip", "ignore"))
        seed = seed_or_drawn(seed)
        # The optimizer is wrapped for loss scaling where the model that is compiled asks for it.
        kwargs.setdefault("dtype", policy_of(net))
        # The net casts what it is given; a policy that only some layer has must not do it before.
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.net = net
        self.strategy = strategies.get(strategy)
        self.objective = objectives.get(objective)
        self.domain_names = domain_names(domains)
        self._are_names_given = isinstance(domains, Sequence)
        check_is_bool("in_turn", in_turn)
        self.in_turn = in_turn
        self.compile_update = compile_update
        self.on_nonfinite = on_nonfinite
        if in_turn:
            check_in_turn(self.strategy, self.objective)
        check_is_bool("domain_parallel", domain_parallel)
        self.domain_parallel = domain_parallel
        if domain_parallel:
            check_domain_parallel(self.objective, in_turn)
        self._counters = Untracked(
            Counters(seed, self.objective.restart_step is not None, on_nonfinite == "skip")
        )
        self._memory = Untracked(None)
        self._told = Untracked(None)
        self._domain_losses = Untracked(None)
        self._plan = Untracked(None)
        self._watch = Untracked(None)
        self._batches_from = Untracked(None)
        self.built = net.built
        if self.domain_names is not None:
            self._make_memory()

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _MADE_WITH and name in self.__dict__:
            raise AttributeError(
                f"`{name}` must be given to DomainGeneralizer when it is made: make another of "
                f"`model.net`. Received: another `model.{name}`"
            )
        super().__setattr__(name, value)

    @property
    def step(self) -> keras.Variable:
        """The number of training steps taken, a scalar int64; saved with the model."""
        return self._counters.value.step

    @property
    def seed(self) -> keras.Variable:
        """The seed of all that is drawn, a scalar int64; saved with the model."""
        return self._counters.value.seed

    @property
    def skipped_steps(self) -> int:
        """The number of steps that `on_nonfinite="skip"` left out; saved with the model."""
        skipped = self._counters.value.skipped
        return 0 if skipped is None else int(skipped.numpy())

    @property
    def objective_state(self) -> dict[str, np.ndarray]:
        """What the objective remembers from step to step, such as GroupDRO's `q`; a copy."""
        memory = self._memory.value
        return {} if memory is None else memory.numpy("objective")

    @property
    def strategy_state(self) -> dict[str, np.ndarray]:
        """What the strategy remembers, such as GradVac's `similarity`; a copy."""
        memory = self._memory.value
        return {} if memory is None else memory.numpy("strategy")

    @property
    def _known_domains(self) -> tuple[str, ...]:
        return self.domain_names or ()

    @property
    def output_names(self) -> list[str] | None:
        """The network's names for its outputs, by which losses and metrics are told apart."""
        return getattr(self.net, "output_names", None)

    def reset_training(self, seed: int) -> None:
        """Puts the step and what is remembered back to the start, and sets the seed.

        The network and the optimizer stay as they are.

        Raises:
            ValueError: If the seed is no integer from 0 to below 2^31.
        """
        self._counters.value.reset(seed_or_drawn(seed))
        if self._memory.value is not None:
            self._memory.value.reset()

    def call(self, x: Any, training: bool | None = None) -> Any:
        """The network's predictions."""
        # Keras hands `training` on to the layers inside, whether or not they name it.
        return self.net(x)

    def export(self, *args: Any, **kwargs: Any) -> Any:
        """Exports the network for inference; as `keras.Model.export`."""
        if type(self).call is not DomainGeneralizer.call:
            if len(getattr(self.net, "inputs", None) or []) == 1:  # else Keras asks for it
                kwargs.setdefault("input_signature", self.net.inputs)
            return super().export(*args, **kwargs)
        return self.net.export(*args, **kwargs)

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | Literal["auto"] = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Configures training; as `keras.Model.compile`.

        Args:
            optimizer: As Keras takes it, and likewise all others but `jit_compile`.
            loss: The loss.
            loss_weights: The weights of several losses.
            metrics: What is measured.
            weighted_metrics: What is measured with samples' weights.
            run_eagerly: Whether nothing is traced.
            steps_per_execution: Steps that are taken at once.
            jit_compile: Whether XLA compiles the training step. "auto" is Keras' own rule, by which
                a CPU does without, but for small networks of dense layers: there surgery is many
                short operations, of which XLA makes one; see docs/performance.md.
            auto_scale_loss: Whether the optimizer scales the loss in mixed_float16.
        """
        super().compile(
            *(optimizer, loss, loss_weights, metrics, weighted_metrics),
            *(run_eagerly, steps_per_execution, jit_compile, auto_scale_loss),
        )
        self._told.value = {"jit_compile": jit_compile, "measured": [metrics, weighted_metrics]}

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile` was told."""
        config = super().get_compile_config()
        return config and {**config, "jit_compile": self._told.value["jit_compile"]}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles the model as `get_compile_config` says."""
        if type(self).compile is not DomainGeneralizer.compile:
            super().compile_from_config(config)  # which says what a subclass is to do
            return
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains the network; as `keras.Model.fit`, and with domains for `x`.

        Args:
            x: A tuple, list or dict of domains, each an unbatched `tf.data.Dataset` of `(x, y)` or
                `(x, y, sample_weight)`, or a tuple of such arrays. Anything else is handed to
                Keras: a data set that is already interleaved (`dg_keras.data.interleave`) must have
                sample i of a batch from domain i modulo the number of domains.
            y: None where `x` is domains.
            batch_size: Where `x` is domains, the number of samples per domain and step. Defaults to
                Keras' 32.
            epochs: The number of epochs.
            verbose: How much is told.
            callbacks: What is called along the way.
            **kwargs: All else that `keras.Model.fit` takes. Where `x` is domains, `shuffle` tells
                whether each is drawn in an order that is new in every pass, or in its own order,
                and `steps_per_epoch` defaults to the steps that the largest domain lasts, in whole
                executions; one that is given must be a multiple of `steps_per_execution`.
                `validation_data` may be domains too; see `evaluate`.

        Returns:
            A `keras.callbacks.History`, with `loss/<domain>` for every domain beside the rest.

        Raises:
            ValueError: If a domain is batched, the number of domains differs from the model's, the
                number of steps can't be told, labels are outside of the classes, or Keras would mix
                the domains of a data set that is already interleaved.
        """
        if not self.compiled:
            return super().fit(x=x, y=y)  # where Keras says so
        check_given("x", x, "in a dict of domains")
        check_given("validation_data", kwargs.get("validation_data"), "batched, or in a dict")
        kwargs = {**kwargs, "verbose": verbose, "callbacks": callbacks}
        check_numbers(epochs, kwargs)
        self._initial_epoch = None  # `BackupAndRestore` leaves there where an earlier `fit` went on
        check_class_weight(kwargs.get("class_weight"), classes(self, self.net))
        check_can_be_trained(self, self.net, self.strategy, self.objective, self.in_turn)
        if are_domains_to_validate_on(kwargs.get("validation_data"), self.net, x):
            kwargs = validate_by_domain(self, batch_size, kwargs)
        # With `y`, tuples in `x` may be inputs that are nested.
        if is_domains(x) if y is not None else looks_like_domains(x):
            check_domains_alone(
                x,
                y=y,
                sample_weight=kwargs.get("sample_weight"),
                validation_split=kwargs.get("validation_split") or None,
            )
            names, x = name_domains(x, self.domain_names, self._why_these_domains())
            x, kwargs, self._batches_from.value = feed(self, x, batch_size, kwargs)
            self.domain_names, y, batch_size = names, None, None
        elif x is not None:
            known = names_of(x, self.domain_names, self._why_these_domains())
            x = check_interleaved(self, x, y, batch_size, kwargs)
            self.domain_names = known
        try:
            return super().fit(x=x, y=y, batch_size=batch_size, epochs=epochs, **kwargs)
        finally:
            self._batches_from.value = None

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        **kwargs: Any,
    ) -> Any:
        """Evaluates the network; as `keras.Model.evaluate`, and with domains for `x`.

        Args:
            x: Domains as in `fit`, or what Keras takes.
            y: None where `x` is domains.
            batch_size: The number of samples at once.
            verbose: How much is told.
            **kwargs: All else that `keras.Model.evaluate` takes.

        Returns:
            Where `x` is domains, the loss and metrics over all their samples, such as `accuracy`,
            and those of each domain beside them, such as `accuracy/<domain>`: a dict with
            `return_dict=True`, else a list, which begins as Keras' own and goes on by domain.
        """
        kwargs["verbose"] = verbose
        check_given("x", x, "batched, or in a dict of domains")
        if y is not None or not looks_like_domains(x):
            return super().evaluate(x, y, batch_size, **kwargs)
        check_domains_alone(
            x, sample_weight=kwargs.pop("sample_weight", None), steps=kwargs.pop("steps", None)
        )
        check_positive("batch_size", batch_size)
        check_evaluated(x, self.net, classes(self, self.net))
        size = batch_size or DEFAULT_BATCH
        of_all = super().evaluate(pooled(x, size), **kwargs)
        with metrics_kept(self):  # of all samples
            of_domains = metrics_by_domain(self, x, size)
        if isinstance(of_all, dict):
            return of_all | of_domains
        return [*(of_all if isinstance(of_all, list) else [of_all]), *of_domains.values()]

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Predicts; as `keras.Model.predict`."""
        check_given("x", x, "batched")
        if is_domains(x):
            raise ValueError(
                "`x` must be inputs, not domains: predict each domain's by themselves. Received: "
                f"domains {', '.join(str(name) for name, _ in named(x))}"
            )
        return super().predict(x, *args, **kwargs)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step: a gradient per domain, merged by the strategy, applied once."""
        plan, domains = self._plan.value, len(self._known_domains)
        given = plan.read(data)
        make_variables(self, self.net, given)
        moment = Moment(tf.convert_to_tensor(self.seed), tf.convert_to_tensor(self.step))
        batch = self.objective.prepare(given, domains, moment.key)
        metrics = [*self.metrics, self._domain_losses.value]
        skips = self.on_nonfinite == "skip"
        before = AsBefore(v for m in metrics for v in m.variables) if skips else None
        taken, done = plan.take(batch, moment)
        # Not before there is a batch: reading one can fail.
        with tf.control_dependencies([taken.total]):
            self._counters.value.count(done.is_taken)
        logs = self._update_metrics(given, taken, done)
        if before is not None:
            before.unless(done.is_taken)
            logs = self._domain_losses.value.logs()
            logs["skipped_steps"] = tf.convert_to_tensor(self._counters.value.skipped)
            logs = {**self.get_metrics_result(), **logs}
        return logs

    def _update_metrics(
        self, batch: objectives.Batch, taken: Taken, done: Done
    ) -> dict[str, tf.Tensor]:
        """Updates the loss and the metrics; domains are told by position, and named outside."""
        total = taken.total
        if done.penalty is not None:
            total += tf.cast(done.penalty, total.dtype)
        samples = number_of_samples(batch.x)
        # A subclass may leave Keras' own out of `metrics`.
        tracker = getattr(self, "_loss_tracker", None)
        tracker = tracker or next((m for m in self.metrics if m.name == "loss"), None)
        if tracker is not None:
            tracker.update_state(total, samples)
        logs = self.compute_metrics(batch.x, batch.y, taken.y_pred, batch.sample_weight)
        self._domain_losses.value.update_state(taken.losses)
        return {**logs, **self._domain_losses.value.logs()}

    def make_train_function(self, force: bool = False) -> None:
        """Builds the training function: Keras' own, with names for the domains' losses."""
        if self.train_function is not None and not force:
            return
        if self.domain_names is None:
            raise ValueError(
                "`domains` must be given to DomainGeneralizer to train on a data set that is "
                "already interleaved. Received: domains=None"
            )
        domains = len(self._known_domains)
        check_can_be_trained(self, self.net, self.strategy, self.objective, self.in_turn, domains)
        if isinstance(self.objective, objectives.FeatureObjective):
            check_calls_net(self, DomainGeneralizer)
        if domains > 1:
            warn_of_batch_norm(self.net)
        self._make_memory()
        with self.distribute_strategy.scope():
            self._domain_losses.value = DomainLosses(domains)
            self._plan.value = Plan(
                self,
                self.net,
                self.strategy,
                self.objective,
                self._memory.value,
                self.on_nonfinite,
                self.in_turn,
                self._compiles(domains),
                self.compile_update,
                self.domain_parallel,
            )
        nonfinite = self._plan.value.nonfinite
        self._watch.value = nonfinite and Watch(nonfinite, self._gradients_apart, self)
        jit_compile = self.jit_compile
        self.jit_compile = self._plan.value.parts.compiles_whole
        try:
            super().make_train_function(force)
        finally:
            self.jit_compile = jit_compile
        self.train_function = self._named(self.train_function)

    def _compiles(self, domains: int) -> bool:
        """Whether XLA compiles a step on so many domains."""
        told = self._told.value
        if self.jit_compile or told["jit_compile"] != "auto":
            return self.jit_compile
        of_step = self.net, self.strategy, self.objective
        return pays_to_compile(self, *of_step, domains, told["measured"])

    def _named(self, traced: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
        """A training function whose logs name the domains, and what is done before and after it."""
        is_first = True

        def named_step(iterator: Any) -> dict[str, Any]:
            nonlocal is_first
            if is_first and hasattr(iterator, "element_spec"):  # of `fit`; else in the step
                with self.distribute_strategy.scope():
                    make_variables(self, self.net, specified(iterator.element_spec))
            is_first = False
            restart_optimizer_if_due(self, self.objective, self._counters.value)
            # Named here, one trace serves every choice of as many source domains.
            logs = named_losses(traced(iterator), self._known_domains)
            if self._watch.value is not None:
                self._watch.value.after_block()
            return logs

        return named_step

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Takes one step; as `keras.Model.train_on_batch`.

        Raises:
            ValueError: If each of several replicas takes whole domains: Keras hands all of them
                the same batch.
        """
        replicas = self.distribute_strategy.num_replicas_in_sync
        if self.domain_parallel and replicas > 1:
            raise ValueError(
                "`train_on_batch` must be of one replica, or of a model with "
                f"domain_parallel=False. Received: domain_parallel=True, and {replicas} replicas"
            )
        came_to = super().train_on_batch(*args, **kwargs)
        if self._watch.value is not None:
            self._watch.value.look()
        return came_to

    def _make_function(self, step_function: Any) -> Any:
        """Keras' own, but for the logs of several machines."""
        if not is_of_many_machines(self.distribute_strategy):
            return super()._make_function(step_function)
        packed = PackedLogs(step_function)
        function = super()._make_function(packed)
        return lambda iterator: packed.unpacked(function(iterator))

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Keras' own, but for the batch of several machines, of which it takes no mean."""
        if iterator is not None and is_of_many_machines(self.distribute_strategy):
            _, _, batches = next(iter(iterator))
            data_batch, iterator = first_of_own(next(batches), self.distribute_strategy), None
        super()._maybe_symbolic_build(iterator, data_batch)

    def _gradients_apart(self, step: int) -> np.ndarray | None:
        """Whether each domain's gradient in a step is finite; None where its batch is not known."""
        batches_from = self._batches_from.value
        if batches_from is None or self.distribute_strategy.num_replicas_in_sync > 1:
            return None
        return gradients_apart(self, batches_from, step)

    def _make_memory(self) -> None:
        """Makes the variables of what is remembered, once the number of domains is known."""
        memory, domains = self._memory.value, len(self._known_domains)
        if memory is None or memory.domains != domains:
            with self.distribute_strategy.scope():
                self._memory.value = Memory(self.objective, self.strategy, domains)

    def _get_metrics_result_or_logs(self, logs: dict[str, Any]) -> dict[str, Any]:
        # Keras asks the metrics, which add up all replicas, where the logs have their keys alone.
        # An epoch ends here: what was not told of its steps by now is.
        if self._watch.value is not None:
            self._watch.value.at_end()
        is_own = ("loss/", "skipped_steps")
        own = {key: value for key, value in logs.items() if key.startswith(is_own)}
        others = {key: value for key, value in logs.items() if key not in own}
        return {**super()._get_metrics_result_or_logs(others), **own}

    @property
    def metrics_variables(self) -> list[keras.Variable]:
        """What the compiled metrics and the domains' losses count in."""
        losses = self._domain_losses.value
        return [*super().metrics_variables, *([] if losses is None else losses.variables)]

    def reset_metrics(self) -> None:
        """Resets the compiled metrics and the domains' losses."""
        super().reset_metrics()
        if self._domain_losses.value is not None:
            self._domain_losses.value.reset_state()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, and whether the domains' names were one."""
        return {
            **super().get_config(),
            "net": keras.saving.serialize_keras_object(self.net),
            "strategy": keras.saving.serialize_keras_object(self.strategy),
            "objective": keras.saving.serialize_keras_object(self.objective),
            "domains": self.domain_names,
            "are_names_given": self._are_names_given,
            "seed": int(self.seed.numpy()),
            "in_turn": self.in_turn,
            "compile_update": self.compile_update,
            "on_nonfinite": self.on_nonfinite,
            "domain_parallel": self.domain_parallel,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """The model that `get_config` describes."""
        deserialize = keras.saving.deserialize_keras_object
        nested = {
            key: deserialize(config[key], custom_objects)
            for key in ("net", "strategy", "objective")
        }
        others = {key: value for key, value in config.items() if key != "are_names_given"}
        model = cls(**{**others, **nested})
        # Else they are those of the last `fit`.
        model._are_names_given = config.get("are_names_given", False)
        return model

    def save_own_variables(self, store: Any) -> None:
        """Saves a subclass' weights, counters, what is remembered, and generators' states."""
        for name, variable in self._own_state().items():
            store[name] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Loads what `save_own_variables` saved."""
        load_own_state(self._own_state(), store, self)

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """As `keras.Model.get_state_tree`, with what `save_own_variables` saves."""
        tree, as_arrays = super().get_state_tree(value_format), value_format == "numpy_array"
        own = self._own_state().items()
        # Where Keras passes over what it does not know: to a part of its own it gives no room.
        tree["non_trainable_variables"][_OWN] = {
            name: variable.numpy() if as_arrays else variable.value for name, variable in own
        }
        return tree

    def set_state_tree(self, state_tree: dict[str, Any]) -> None:
        """Puts back what `get_state_tree` returned."""
        super().set_state_tree(state_tree)
        own = state_tree.get("non_trainable_variables", {}).get(_OWN)
        if own is not None:
            self.load_own_variables(own)

    def _own_state(self) -> dict[str, keras.Variable]:
        """What is saved beside the network and the optimizer."""
        return own_state(self, self._counters.value, self._memory.value)

    def _why_these_domains(self) -> str | None:
        """Why `fit` must be given the domains that the model knows; None if others will do."""
        if self._are_names_given:
            return "which DomainGeneralizer was given"
        memory = self._memory.value
        if memory is not None and memory.variables and int(self.step.numpy()):
            whose = self.strategy if memory.numpy("strategy") else self.objective
            return f"which {type(whose).__name__} remembers"
        return None

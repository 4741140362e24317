"""What can't be trained, told before training begins."""

import inspect
import numbers
import warnings
from typing import Any

import keras

from dg_keras.common.loss_of import loss_of
from dg_keras.objectives import FeatureObjective, Objective
from dg_keras.step.inner_optimizers import inner_optimizers
from dg_keras.step.replicas import is_of_many_machines
from dg_keras.step.start_anew import check_can_start_anew
from dg_keras.strategies import FoldStrategy, Strategy

_OF_PROBABILITIES = (
    *("kl_divergence", "dice", "tversky", "categorical_generalized_cross_entropy"),
)
"""Keras' losses that take no logits, not even if told."""


def check_can_be_trained(
    model: keras.Model,
    net: keras.Model,
    strategy: Strategy,
    objective: Objective,
    in_turn: bool,
    domains: int | None = None,
) -> None:
    """Raises ValueError if a model was compiled as it can't be trained.

    Args:
        model: The compiled model.
        net: The network that it trains.
        strategy: What merges the domains' gradients.
        objective: What makes the domains' losses.
        in_turn: Whether the domains are taken one after the other.
        domains: Their number; None if it is not known yet.
    """
    if net.built and not net.trainable_variables:
        raise ValueError(
            "`net` must have something to train. Received: a network with no trainable weights"
        )
    for loss in keras.tree.flatten(model.loss):
        if loss is not None:
            _check_reduction(loss_of(loss), strategy)
            if objective.needs_logits:
                _check_takes_logits(loss_of(loss), objective)
    objective.check(net)
    if objective.looks_ahead and len(inner_optimizers(model.optimizer)) > 1:
        raise ValueError(
            f"The optimizer must have one learning rate for {type(objective).__name__}, which "
            f"looks ahead by it. Received: {type(model.optimizer).__name__}"
        )
    if objective.restart_step is not None:
        check_can_start_anew(model.optimizer, type(objective).__name__)
    restart, together = objective.restart_step, model.steps_per_execution
    if not isinstance(together, numbers.Integral) or together < 1:
        raise ValueError(
            "`steps_per_execution` must be a positive integer. Received: "
            f"steps_per_execution={together!r}"
        )
    if restart is not None and restart % together:
        raise ValueError(
            "`steps_per_execution` must divide the step before which the objective starts the "
            f"optimizer anew, {restart}. Received: steps_per_execution={together}"
        )
    if domains is not None:
        strategy.check_number(domains)
    check_replicas(model, model.distribute_strategy.num_replicas_in_sync)


def check_takes_gradients(net: keras.Model) -> None:
    """Raises ValueError if what comes for some of the weights are no gradients.

    Args:
        net: A network that has more than one pass in a step.
    """
    if any(getattr(v, "overwrite_with_gradient", False) for v in net.trainable_variables):
        raise ValueError(
            "`net` must not be quantized to float8 where the domains have a pass each: what comes "
            "for its scales are new values, and no gradients that could be merged"
        )


def check_calls_net(model: keras.Model, base: type[keras.Model]) -> None:
    """Raises ValueError where a subclass' `call` would be passed over, which calls more than `net`.

    Args:
        model: The model.
        base: The class of which `call` is known to call `net` alone.
    """
    if type(model).call is not base.call:
        raise ValueError(
            f"`call` of {base.__name__} must stay as it is for an objective that looks at "
            f"features. Received: {type(model).__name__}, which overrides it"
        )


def check_replicas(model: keras.Model, replicas: int) -> None:
    """Raises ValueError for what Keras does on one replica alone, and would fail at late."""
    optimizer, *others = inner_optimizers(model.optimizer)
    if replicas > 1 and others:
        raise ValueError(
            "The optimizer must be a single one on several replicas, by which what it is given is "
            f"clipped. Received: {type(model.optimizer).__name__}"
        )
    accumulated = getattr(optimizer, "gradient_accumulation_steps", None)
    overwritten = getattr(optimizer, "ema_overwrite_frequency", None)
    combined: dict[str, tuple[tuple[Any, ...], Any]] = {
        # The auto of Keras is False on several replicas.
        "jit_compile": ((False,), bool(model.jit_compile)),
        "compile_update": ((False, "auto"), model.compile_update),
        "steps_per_execution": ((1,), model.steps_per_execution),
        "gradient_accumulation_steps": ((None,), accumulated),
        "ema_overwrite_frequency": ((None,), overwritten if optimizer.use_ema else None),
    }
    for name, (allowed, given) in combined.items():
        if replicas > 1 and given not in allowed:
            must_be = " or ".join(map(repr, allowed))
            raise ValueError(
                f"`{name}` must be {must_be} on several replicas: the two do not go together. "
                f"Received: {name}={given!r}, and {replicas} replicas"
            )
    distribution = model.distribute_strategy
    if model.domain_parallel and is_of_many_machines(distribution):
        devices = len(distribution.extended.worker_devices)
        if devices > 1:  # a batch is cut for the machines otherwise than for their devices
            raise ValueError(
                "`domain_parallel` must be False on several machines with several devices each. "
                f"Received: domain_parallel=True, and {devices} devices on this machine"
            )


def check_in_turn(strategy: Strategy, objective: Objective) -> None:
    """Raises ValueError where domains can't be taken one after the other."""
    folds = isinstance(strategy, FoldStrategy) and strategy.is_a_fold()
    if not folds or objective.needs_all_domains:
        culprit = objective if objective.needs_all_domains else strategy
        raise ValueError(
            f"`in_turn` must be False for {type(culprit).__name__}, which needs all domains at "
            "once. Received: in_turn=True"
        )


def check_domain_parallel(objective: Objective, in_turn: bool) -> None:
    """Raises ValueError where replicas can't take whole domains."""
    prepares = type(objective).prepare is not Objective.prepare
    if prepares or objective.looks_ahead or isinstance(objective, FeatureObjective):
        raise ValueError(
            f"`domain_parallel` must be False for {type(objective).__name__}, which needs other "
            "domains' samples. Received: domain_parallel=True"
        )
    if in_turn:
        raise ValueError(
            "`domain_parallel` must be False where `in_turn` is True. Received: "
            "domain_parallel=True"
        )


def check_domains_suffice(domains: int, replicas: int) -> None:
    """Raises ValueError if a replica had no domain to take whole."""
    if domains < replicas:
        raise ValueError(
            f"`domain_parallel` must be False with more replicas ({replicas}) than domains "
            f"({domains}). Received: domain_parallel=True"
        )


def warn_of_batch_norm(net: keras.Model) -> None:
    """Warns of layers that see one domain at a time in training, and all alike afterwards."""
    if has_trainable_batch_norm(net):
        warnings.warn(
            "`net` has trainable BatchNormalization layers. Each domain is normalised by its own "
            "batch in training, and all by the same moving statistics afterwards, which know of no "
            "difference between domains. Freeze them (`freeze_batch_norm=True` in "
            "dg_keras.backbones), or use GroupNormalization or LayerNormalization.",
            stacklevel=2,
        )


def has_trainable_batch_norm(net: keras.Model) -> bool:
    """Whether one pass over all domains would mix their statistics into each gradient."""
    return any(
        isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        for layer in net._flatten_layers()
    )


def _check_reduction(loss: keras.losses.Loss, strategy: Strategy) -> None:
    """Raises ValueError unless the loss is the mean over a domain's samples."""
    # A mean of the domains' sums is 1/N of plain Keras' sum, and a mean of weighted means none.
    allowed = ["sum_over_batch_size", "mean"]
    allowed += [] if strategy.averages else ["mean_with_sample_weight"]
    reduction = getattr(loss, "reduction", "mean")
    if reduction not in allowed:
        raise ValueError(
            f"`loss` must have a reduction that is a mean over samples: {' or '.join(allowed)} for "
            f"{type(strategy).__name__}. Received: reduction={reduction!r}"
        )


def _check_takes_logits(loss: Any, objective: Objective) -> None:
    """Raises ValueError if the loss is known to take probabilities."""
    function = getattr(loss, "fn", loss)  # which Keras' classes wrap
    if isinstance(loss, keras.losses.Loss):
        told = loss.get_config().get("from_logits")
    else:
        argument = inspect.signature(loss).parameters.get("from_logits")
        told = None if argument is None else argument.default
    if told is False or getattr(function, "__name__", None) in _OF_PROBABILITIES:
        name = getattr(loss, "__name__", type(loss).__name__)
        raise ValueError(
            f"`loss` must take logits, as in SparseCategoricalCrossentropy(from_logits=True), for "
            f"the objective {type(objective).__name__}. Received: {name}, which takes probabilities"
        )

"""The optimizer starts anew where an objective asks so."""

import keras

from dg_keras.fitting.counters import Counters
from dg_keras.objectives import Objective
from dg_keras.step.start_anew import start_anew


def restart_optimizer_if_due(model: keras.Model, objective: Objective, counters: Counters) -> None:
    """Puts the optimizer's variables back to the start, once, before the step that asks for it.

    Args:
        model: The compiled model.
        objective: Its objective.
        counters: Its counters.

    Raises:
        ValueError: If the steps that are taken at once run past that step.
    """
    restart = objective.restart_step
    restarted = counters.variables.get("restarted")
    if restart is None or restarted is None or int(restarted.numpy()):
        return
    left = restart - int(counters.step.numpy())
    if 0 < left < model.steps_per_execution:
        raise ValueError(
            "`steps_per_execution` must not run past the step before which "
            f"{type(objective).__name__} starts the optimizer anew, {restart}; let it divide the "
            f"steps of an epoch. Received: {model.steps_per_execution}, with {left} left"
        )
    if left > 0:
        return
    with model.distribute_strategy.scope():
        start_anew(model.optimizer)
        restarted.assign(1)

"""How one training step is taken: the domains' batches -> gradients -> one update.

Knows Keras, strategies and objectives. `Plan` is the way in; it is given a `keras.Model` and calls
of it what is Keras' own.
"""

from dg_keras.step.memory import Memory
from dg_keras.step.moment import Moment
from dg_keras.step.nonfinite import Policy
from dg_keras.step.plan import Plan
from dg_keras.step.taken import Taken
from dg_keras.step.update import Done

__all__ = [
    "Done",
    "Memory",
    "Moment",
    "Plan",
    "Policy",
    "Taken",
]

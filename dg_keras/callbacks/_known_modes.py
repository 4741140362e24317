"""Which values of a metric are better."""

import keras


def known_modes(model: keras.Model) -> dict[str, str]:
    """Which of "min" and "max" is better, for the names in `evaluate` of which it is known."""
    metrics: dict[str, keras.metrics.Metric] = {}
    for metric in model.metrics:
        if getattr(metric, "metrics", None):
            # All that `compile` was given, as one metric whose result has their full names.
            metrics |= zip(metric.result(), metric.metrics, strict=True)
        else:
            metrics[metric.name] = metric
    modes = {}
    for name, metric in metrics.items():
        # The attribute by which Keras' own callbacks tell.
        direction = getattr(metric, "_direction", None)
        if direction is not None:
            modes[name] = "max" if direction == "up" else "min"
        elif name == "loss" or name.endswith("_loss"):
            modes[name] = "min"
    return modes

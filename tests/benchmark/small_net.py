"""What a config says for the fixture `small_net`."""

STAGES = [(1, 3, 2, 1, 16), (1, 3, 2, 6, 24)]
"""Of EfficientNet-Lite0: blocks, kernel size, strides, expansion and filters of each."""

SMALL = [
    *("backbone.weights=null", "backbone.train_from=block1_output"),
    "backbone.arguments={freeze_batch_norm: true, dropout: 0.3}",
]
"""Overrides of configs/smoke.yaml: half of it is frozen, as with the whole network."""

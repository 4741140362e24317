"""What every backbone does with BatchNorm when its weights are pretrained."""

import keras


def freeze_batch_norm_layers(net: keras.Model) -> None:
    """Makes all BatchNorm layers of `net` use, and keep, the statistics they have.

    `trainable=False` is Keras' one switch for it and freezes gamma and beta too.
    """
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False

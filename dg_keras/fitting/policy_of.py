"""The dtype policy that a network is trained with."""

import keras


def policy_of(net: keras.Model) -> keras.DTypePolicy:
    """The policy of the network, or of its layers where one is in mixed_float16."""
    policies = [net.dtype_policy, *(layer.dtype_policy for layer in net._flatten_layers())]
    return next((p for p in policies if p.name == "mixed_float16"), net.dtype_policy)

"""How far batches are made ahead."""

AT_ONCE = 2
"""Batches that one step of a pipeline makes at once, and holds until they are asked for.

`tf.data.AUTOTUNE` would be as many as there are cores, up to 16, as nothing tunes it: 3 x 128
images of 224 pixels then take 5 GB on 16 cores. To take and merge rows is little work, and images
are decoded by threads of their own.
"""

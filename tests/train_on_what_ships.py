"""Trains on what ships, wherever the library is installed, and prints where that is."""

import keras

import dg_keras

images = dg_keras.data.load("styleshift", target="sketch", image_size=32)
net = dg_keras.backbones.EfficientNetLite0(8, image_size=32, weights="imagenet")
model = dg_keras.DomainGeneralizer(net, strategy="agr_sum")
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adamw", loss, metrics=["accuracy"])
model.fit(images.train, batch_size=4, steps_per_epoch=1, verbose=0)
print(dg_keras.__file__)

"""Scripts as other people write them, with a line or two of ours."""

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

import dg_keras
from tests import nets

CROSSENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def values(variables):
    return [variable.numpy() for variable in variables]


def image_classification(callbacks):
    """As in keras.io's "Image classification from scratch", of smaller images."""
    keras.utils.set_random_seed(1337)
    rng = np.random.default_rng(0)
    images, labels = rng.uniform(0, 255, size=(48, 24, 24, 3)), rng.integers(2, size=48)
    train_ds = tf.data.Dataset.from_tensor_slices((images.astype("float32"), labels)).batch(8)

    def make_model(input_shape, num_classes):
        inputs = keras.Input(shape=input_shape)
        x = keras.layers.Rescaling(1.0 / 255)(inputs)
        x = keras.layers.Conv2D(8, 3, strides=2, padding="same")(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.Activation("relu")(x)
        previous_block_activation = x
        x = keras.layers.SeparableConv2D(16, 3, padding="same")(x)
        x = keras.layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = keras.layers.Conv2D(16, 1, strides=2, padding="same")(previous_block_activation)
        x = keras.layers.add([x, residual])
        x = keras.layers.GlobalAveragePooling2D()(x)
        x = keras.layers.Dropout(0.25)(x)
        return keras.Model(inputs, keras.layers.Dense(num_classes, activation=None)(x))

    model = make_model(input_shape=(24, 24, 3), num_classes=1)
    model.compile(
        optimizer=keras.optimizers.Adam(3e-4),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(name="acc")],
    )
    history = model.fit(train_ds, epochs=2, callbacks=callbacks, verbose=0)
    return model, history.history


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")  # Keras, of data sets
def test_image_classification_with_two_lines_of_ours():
    domains = {name: (images, labels % 2) for name, (images, labels) in nets.domains(3).items()}
    domains = {name: (tf.image.resize(x, (24, 24)).numpy(), y) for name, (x, y) in domains.items()}
    agreement = dg_keras.callbacks.GradientAgreement(domains, every=3)
    model, history = image_classification([agreement])
    alone, expected = image_classification([])
    assert nets.largest_difference(model, alone) == 0
    assert {key: history[key] for key in expected} == expected
    assert np.isfinite(history["gradient/agreement"]).all()
    assert agreement.measurements["step"].tolist() == [3, 6, 9, 12]


def test_a_table_from_four_hospitals():
    rng = np.random.default_rng(0)

    def hospital(shift, patients):
        table = {
            "age": rng.normal(50 + shift, 10, size=(patients, 1)).astype("float32"),
            "ward": rng.integers(5, size=(patients, 1)),
        }
        return tf.data.Dataset.from_tensor_slices((table, (table["age"][:, 0] > 50).astype(int)))

    hospitals = {name: hospital(2 * i, 30 + i) for i, name in enumerate("abcd")}
    age, ward = keras.Input((1,), name="age"), keras.Input((1,), dtype="int64", name="ward")
    x = keras.layers.Concatenate()(
        [
            keras.layers.Normalization(mean=50, variance=100)(age),
            keras.layers.CategoryEncoding(5, output_mode="one_hot")(ward),
        ]
    )
    x = keras.layers.Dense(8, "relu")(x)
    net = keras.Model({"age": age, "ward": ward}, keras.layers.Dense(1)(x))
    model = dg_keras.DomainGeneralizer(net, strategy="agr_sum")
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(
        hospitals,
        batch_size=8,
        epochs=2,
        validation_data=hospitals,
        verbose=0,
        class_weight={0: 1, 1: 2},
    ).history
    assert {"loss/a", "val_accuracy/d"} <= set(history)
    assert history["loss"][1] < history["loss"][0]


def test_text_whose_embeddings_have_few_rows_of_gradient_and_a_mask():
    sources = {
        "reviews": (["good film", "bad film", "a good long film", "so bad"], [1, 0, 1, 0]),
        "tweets": (["gr8", "bad bad", "so good", "not good at all"], [1, 0, 1, 0]),
    }
    texts = [text for texts, _ in sources.values() for text in texts]
    vectorize = keras.layers.TextVectorization(output_mode="int", output_sequence_length=5)
    vectorize.adapt(texts)
    domains = {
        name: (vectorize(tf.constant(texts)).numpy(), np.array(labels))
        for name, (texts, labels) in sources.items()
    }
    net = keras.Sequential(
        [
            keras.Input((5,), dtype="int64"),
            keras.layers.Embedding(vectorize.vocabulary_size(), 4, mask_zero=True),
            keras.layers.Bidirectional(keras.layers.GRU(3)),
            keras.layers.Dense(2),
        ]
    )
    model = nets.compiled(dg_keras.DomainGeneralizer(net, "pcgrad", seed=0), "adam")
    before = net.get_weights()[0]
    model.fit(domains, batch_size=4, epochs=2, verbose=0)
    embedded = np.unique(np.concatenate([tokens for tokens, _ in domains.values()]))
    rows = np.flatnonzero(np.any(before != net.get_weights()[0], axis=1))
    assert set(rows) == set(embedded) - {0}  # what is masked has no gradient


@pytest.mark.slow
def test_two_inputs_and_two_outputs():
    rng = np.random.default_rng(0)

    def domain():
        x = {"image": rng.normal(size=(16, 6, 6, 1)), "camera": rng.normal(size=(16, 2))}
        return x, {"kind": rng.integers(3, size=16), "age": rng.normal(size=(16, 1))}

    image, camera = keras.Input((6, 6, 1), name="image"), keras.Input((2,), name="camera")
    x = keras.layers.Concatenate()([keras.layers.Flatten()(image), camera])
    x = keras.layers.Dense(8, "relu")(x)
    outputs = {"kind": keras.layers.Dense(3, name="kind")(x), "age": keras.layers.Dense(1)(x)}
    net = keras.Model({"image": image, "camera": camera}, outputs)
    model = dg_keras.DomainGeneralizer(net, strategy="agr_rand")
    model.compile(
        "adam",
        loss={"kind": CROSSENTROPY, "age": "mse"},
        loss_weights={"kind": 1.0, "age": 0.2},
        metrics={"kind": ["accuracy"]},
    )
    history = model.fit({"a": domain(), "b": domain()}, batch_size=4, epochs=2, verbose=0).history
    assert {"kind_accuracy", "kind_loss", "age_loss", "loss/b"} <= set(history)
    assert history["loss"][-1] == pytest.approx(
        history["kind_loss"][-1] + 0.2 * history["age_loss"][-1], rel=1e-5
    )


def test_segmentation_with_the_worst_domain_s_iou():
    rng = np.random.default_rng(0)

    def scans(brightness):
        images = rng.uniform(0, 1, size=(12, 8, 8, 1)).astype("float32")
        return images + brightness, (images[..., 0] > 0.5).astype(int)

    domains = {"one": scans(0.0), "two": scans(0.1), "three": scans(0.3)}
    inputs = keras.Input((8, 8, 1))
    down = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    x = keras.layers.MaxPooling2D()(down)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = keras.layers.UpSampling2D()(x)
    net = keras.Model(inputs, keras.layers.Conv2D(2, 1)(keras.layers.Concatenate()([down, x])))
    model = dg_keras.DomainGeneralizer(net, strategy="agr_sum", seed=0)
    iou = keras.metrics.MeanIoU(num_classes=2, sparse_y_pred=False, name="iou")
    model.compile(keras.optimizers.AdamW(1e-2), CROSSENTROPY, metrics=[iou])
    worst = dg_keras.callbacks.DomainMetrics(domains, mode={"iou": "max"})
    history = model.fit(domains, batch_size=4, epochs=3, callbacks=[worst], verbose=0).history
    assert history["val_iou/worst"][-1] == min(history[f"val_iou/{d}"][-1] for d in domains)
    assert history["loss"][-1] < history["loss"][0]


def test_lora_trains_its_two_matrices_alone():
    net = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            *(keras.layers.Rescaling(1 / 255), keras.layers.Flatten()),
            *(keras.layers.Dense(8, "relu"), keras.layers.Dense(4)),
        ]
    )
    net.layers[-2].enable_lora(rank=2)
    net.layers[-2].bias.trainable = False
    net.layers[-1].trainable = False
    model = nets.compiled(dg_keras.DomainGeneralizer(net, "agr_sum", seed=0), "adam")
    before = values(net.variables)
    model.fit(nets.domains(3), batch_size=8, steps_per_epoch=3, verbose=0)
    pairs = zip(before, net.variables, strict=True)
    names = [variable.name for start, variable in pairs if np.any(start != variable)]
    assert sorted(names) == ["lora_kernel_a", "lora_kernel_b"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its own
@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")  # as of any model
def test_keras_tuner_chooses_a_strategy(tmp_path):
    def build(hp):
        strategy = hp.Choice("strategy", ["mean", "agr_sum", "pcgrad"])
        model = dg_keras.DomainGeneralizer(nets.alexnet_like(), strategy, seed=0)
        rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
        return nets.compiled(model, keras.optimizers.AdamW(rate), metrics=["accuracy"])

    tuner = keras_tuner.RandomSearch(
        build, "val_accuracy", max_trials=2, seed=1, directory=tmp_path, project_name="surgery"
    )
    domains = nets.domains(3)
    tuner.search(domains, batch_size=8, steps_per_epoch=2, validation_data=domains, verbose=0)
    assert tuner.get_best_hyperparameters()[0].get("strategy") in ("mean", "agr_sum", "pcgrad")
    (best,) = tuner.get_best_models(1)
    assert isinstance(best, dg_keras.DomainGeneralizer)

"""How objectives are found."""

import keras
import pytest

from dg_keras import objectives


def test_is_found_by_name_config_or_instance():
    risk = objectives.EmpiricalRisk()
    assert objectives.get("empirical_risk") == risk
    assert objectives.get(risk) is risk
    assert objectives.get({"class_name": "empirical_risk", "config": {}}) == risk
    assert objectives.get(keras.saving.serialize_keras_object(risk)) == risk


@pytest.mark.parametrize("identifier", ["empirical", 3, {"name": "empirical_risk"}])
def test_an_unknown_objective_is_one_sentence(identifier):
    with pytest.raises(ValueError, match="`objective` must be"):
        objectives.get(identifier)

import pytest

from services_catalog.entries.inheritance import Layer
from tests.services_catalog.entries.samples import CASE, IMPLEMENTATION, ITEM, layer


@pytest.fixture
def layers() -> list[Layer]:
    return [layer(ITEM), layer(IMPLEMENTATION)]


@pytest.fixture
def a_case() -> Layer:
    return layer(CASE)

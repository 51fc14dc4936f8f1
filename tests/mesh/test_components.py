"""Connected components, against SciPy's."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ml_worker.mesh.components import components


@pytest.mark.parametrize("links", [0, 40, 150, 600])
def test_components_are_those_of_scipy_by_number_too(links: int) -> None:
    one, two = np.random.default_rng(links).integers(0, 200, (2, links)).astype(np.int32)
    count, number = connected_components(coo_array((np.ones(links, bool), (one, two)), shape=(200, 200)), False)
    found, given = components(200, one, two)
    assert found == count
    assert (given == number).all()

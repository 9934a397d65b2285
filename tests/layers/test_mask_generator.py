"""Sites and steps of a generator of masks."""

import sys
import threading

import pytest

import numba_dropout as nd


def test_sites_and_steps():
    masks = nd.MaskGenerator(seed=7)
    sites = [masks.site() for _ in range(3)]
    positions = []
    for _ in range(2):
        positions += [tuple(masks.at(site).values()) for site in sites]
        masks.advance()
    assert len(set(positions)) == 6
    assert masks.at(sites[0]) == {"seed": 7, "stream": 0, "step": 2}


def test_errors():
    masks = nd.MaskGenerator(seed=7)
    with pytest.raises(ValueError, match=r"site: expected a number that `site\(\)` has returned"):
        masks.at(0)
    for _ in range(3):
        masks.site()
    with pytest.raises(ValueError, match="site"):
        masks.at(3)
    with pytest.raises(ValueError, match="step"):
        nd.MaskGenerator(seed=7, step=2**32)


def test_threads():
    """Each thread gets separate sites."""
    masks, sites = nd.MaskGenerator(seed=1), []
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=lambda: sites.extend([masks.site() for _ in range(3000)])) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert sorted(sites) == list(range(12_000))

"""Models of tables of each kind, with the right value of each."""

import warnings

import numpy as np
import pytest
from shared_tables import needs_tables, table

import numba_dropout as nd
from numba_dropout.experiments.config import TrainConfig, build

pytestmark = [needs_tables, pytest.mark.jit_only]


def trained(name, target=None, **options):
    job = build(table(name), TrainConfig.of({"target": target, "epochs": 100, **options}))
    job.fit()
    return job


def r2(net, data):
    return nd.evaluate(net, data.x, data.targets())["r2"]


def test_index_is_not_learnt():
    """Rows of noise, sorted by class: an index would give all of them away."""
    net = trained("index_sorted", epochs=5).net
    new = nd.data.load_for(net, table("index_new"))
    assert 0.35 < nd.evaluate(net, new.x, new.targets())["accuracy"] < 0.65
    gone = nd.data.load_for(net, table("index_gone"))
    assert gone.x.shape[1] == net.sizes[0]


def test_index_of_rows_in_another_order():
    scores = []
    for name in ("ap", "ap_idx"):
        net = trained(name, task="values", epochs=30).net
        test = nd.data.load_for(net, table("ap_test" if name == "ap" else "ap_idx_test"))
        scores.append(r2(net, test))
    assert scores[0] == pytest.approx(scores[1], abs=1e-9)
    assert scores[0] > 0.3


def test_constant_has_no_weight():
    net = trained("constant_dup", epochs=5).net
    predictions = [net.predict(nd.data.load_for(net, table(name)).x) for name in ("const_same", "const_varies")]
    assert np.array_equal(*predictions)


def test_constant_of_arrays(tmp_path, rng):
    x = rng.standard_normal((50, 3))
    x[:, 1] = 7
    np.savez(tmp_path / "data.npz", x=x, y=x[:, 0])
    job = build(tmp_path / "data.npz", TrainConfig(epochs=3))
    job.fit()
    changed = x.copy()
    changed[:, 1] = -1000
    assert np.array_equal(job.net.predict(x), job.net.predict(changed))


@pytest.mark.parametrize("name", ["leading_zeros", "float_labels"])
def test_labels_are_texts_of_the_file(name):
    net = trained(name, task="classes", epochs=2).net
    texts = {line.split(",")[1] for line in table(name).read_text().split()[1:]}
    assert set(net.predict(nd.data.load_for(net, table(name)).x)) <= texts
    assert all(isinstance(label, str) for label in net.classes)


def test_code_of_missing_values():
    """As good as without the rows that have the code."""
    job = trained("sentinel", missing=["-999"], val=0.2, epochs=300)
    assert r2(job.net, job.validation) > 0.95
    job = trained("sentinel", val=0.2, epochs=300)
    assert r2(job.net, job.validation) < 0.95


def test_times():
    job = trained("timestamps", val=0.2, epochs=300)
    assert r2(job.net, job.validation) > 0.99


def test_rows_outside_the_range():
    net = trained("few_rows_prices", epochs=30).net
    new = nd.data.load_for(net, table("d_new"), need_target=False)
    assert any("outside" in note for note in new.notes)
    assert np.isfinite(net.predict(new.x)).all()
    clipped = nd.data.load_for(net, table("d_new"), need_target=False, clip=True)
    assert clipped.x.max() <= net.encoder.transform(nd.data.read(table("few_rows_prices"))).x.max()


def test_decimal_commas_give_the_same_bits(tmp_path):
    text = table("boston_csv2").read_text()
    (tmp_path / "points.csv").write_text(text.replace(",", ".").replace(";", ","))
    commas = trained("boston_csv2", decimal=",", epochs=2).net
    points = build(tmp_path / "points.csv", TrainConfig.of({"epochs": 2}))
    points.fit()
    for name, values in commas.weights().items():
        assert np.array_equal(values, points.net.weights()[name])


def test_copy_of_the_target_is_warned_of():
    with pytest.warns(UserWarning, match="y_copy"):
        nd.train(table("leak"), target="y", epochs=1)


def test_frame_of_one_call():
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(table("booleans"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = nd.train(frame, target="y", epochs=2)
    assert net.predict(frame).shape == (len(frame),)
    assert net.predict(frame.drop(columns="y")).shape == (len(frame),)

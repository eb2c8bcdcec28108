"""Every named data set: as declared, seeded, split by class, scaled by its training rows."""

import numpy as np
import pytest
from fresh_python import printed_by
from numpy.testing import assert_allclose, assert_array_equal

from benchgrad.datasets import SOURCES, DatasetError, Recipe, check_name, make

DECLARED = {
    "moons": (2, 2),
    "circles": (2, 2),
    "blobs": (2, 3),
    "spirals": (2, 3),
    "xor": (2, 2),
    "classification": (20, 3),
    "digits": (64, 10),
}
GENERATED = sorted(set(SOURCES) - {"digits"})
every_source = pytest.mark.parametrize("name", sorted(SOURCES))
every_generator = pytest.mark.parametrize("name", GENERATED)


def sorted_rows(X, labels):
    """Return the rows with their labels, sorted, so that two orders of the same rows are equal."""
    rows = np.column_stack([X, labels]).round(9)
    return rows[np.lexsort(rows.T[::-1])]


def test_the_sources_are_those_that_are_documented():
    assert {name: (s.n_features, s.n_classes) for name, s in SOURCES.items()} == DECLARED


@every_source
def test_a_source_knows_its_name_and_describes_itself_in_a_line(name):
    assert SOURCES[name].name == name
    assert SOURCES[name].description
    assert "\n" not in SOURCES[name].description


@every_source
def test_shapes_are_as_declared(name):
    dataset, source = make(name), SOURCES[name]
    n = 1797 if name == "digits" else 1000
    n_test = 450 if name == "digits" else 250
    assert dataset.name == name
    assert dataset.X_train.shape == (n - n_test, source.n_features)
    assert dataset.X_test.shape == (n_test, source.n_features)
    assert dataset.y_train.shape == (n - n_test,)
    assert dataset.y_test.shape == (n_test,)
    assert dataset.n_features == source.n_features
    assert dataset.n_classes == source.n_classes
    assert dataset.class_names == tuple(str(i) for i in range(source.n_classes))


@every_source
def test_features_are_float64_and_labels_int64_from_0(name):
    dataset = make(name)
    assert dataset.X_train.dtype == dataset.X_test.dtype == np.float64
    assert dataset.y_train.dtype == dataset.y_test.dtype == np.int64
    expected = list(range(SOURCES[name].n_classes))
    assert np.unique(dataset.y_train).tolist() == expected
    assert np.unique(dataset.y_test).tolist() == expected


@every_source
def test_the_same_seed_makes_the_same_data(name):
    first, second = make(name, Recipe(seed=3)), make(name, Recipe(seed=3))
    assert_array_equal(first.X_train, second.X_train)
    assert_array_equal(first.y_train, second.y_train)
    assert_array_equal(first.X_test, second.X_test)
    assert_array_equal(first.y_test, second.y_test)


@every_source
def test_another_seed_makes_other_data(name):
    first, second = make(name, Recipe(seed=3)), make(name, Recipe(seed=4))
    assert not np.array_equal(first.X_train, second.X_train)
    assert not np.array_equal(first.X_test, second.X_test)


@every_generator
def test_the_seed_draws_the_points_and_not_only_the_split(name):
    generate = SOURCES[name].generate
    assert_array_equal(generate(60, 0.2, 3)[0], generate(60, 0.2, 3)[0])
    assert not np.array_equal(
        np.sort(generate(60, 0.2, 3)[0], axis=0), np.sort(generate(60, 0.2, 4)[0], axis=0)
    )


def test_the_seed_draws_the_split_of_real_data():
    generate = SOURCES["digits"].generate
    assert_array_equal(generate(0, 0.0, 3)[0], generate(0, 0.0, 4)[0])


@every_source
def test_the_global_generator_is_neither_read_nor_moved(name):
    before = np.random.get_state()
    try:
        np.random.seed(1)
        first = make(name)
        np.random.seed(2)
        expected = np.random.get_state()
        second = make(name)
        found = np.random.get_state()
    finally:
        np.random.set_state(before)
    assert_array_equal(found[1], expected[1])
    assert found[2:] == expected[2:]
    assert_array_equal(first.X_train, second.X_train)


@every_source
def test_each_class_has_its_share_in_both_parts(name):
    dataset = make(name, Recipe(seed=1))
    train, test = np.bincount(dataset.y_train), np.bincount(dataset.y_test)
    share = len(dataset.y_test) / (len(dataset.y_test) + len(dataset.y_train))
    assert np.abs(test - share * (train + test)).max() <= 1.0


@every_source
def test_the_training_rows_have_mean_0_and_deviation_1(name):
    X = make(name).X_train
    varies = X.std(axis=0) > 0
    assert varies.sum() >= 0.9 * X.shape[1]  # digits has pixels that are always blank
    assert_allclose(X.mean(axis=0), 0.0, atol=1e-9)
    assert_allclose(X.std(axis=0)[varies], 1.0, atol=1e-9)


@every_source
def test_the_test_rows_are_scaled_by_the_numbers_of_the_training_rows(name):
    """One scale and one shift per column map the rows of both parts back to the raw ones."""
    recipe = Recipe(seed=5)
    dataset = make(name, recipe)
    raw, labels = SOURCES[name].generate(recipe.n_samples, recipe.noise, recipe.seed)
    scaled = np.vstack([dataset.X_train, dataset.X_test])
    spread = np.ptp(scaled, axis=0)
    scale = np.divide(np.ptp(raw, axis=0), spread, where=spread > 0, out=np.ones_like(spread))
    back = (scaled - scaled.min(axis=0)) * scale + raw.min(axis=0)
    assert_allclose(
        sorted_rows(back, np.concatenate([dataset.y_train, dataset.y_test])),
        sorted_rows(raw, labels),
        atol=1e-8,
    )


def test_digits_are_all_of_them_whatever_the_recipe_says():
    dataset = make("digits", Recipe(n_samples=50, noise=3.0))
    assert len(dataset.y_train) + len(dataset.y_test) == 1797


@every_generator
@pytest.mark.parametrize("n_samples", [60, 101])
def test_generators_make_as_many_samples_as_asked_for(name, n_samples):
    dataset = make(name, Recipe(n_samples=n_samples))
    assert len(dataset.y_train) + len(dataset.y_test) == n_samples


@pytest.mark.parametrize(
    ("fraction", "n_test"), [(0.5, 49), (0.25, 24), (0.101, 9), (0.001, 3), (0.999, 97)]
)
def test_each_class_has_its_rounded_share_of_the_test_rows_and_a_row_in_each_part(fraction, n_test):
    dataset = make("blobs", Recipe(n_samples=100, test_fraction=fraction))
    assert len(dataset.y_test) == n_test
    assert len(dataset.y_train) == 100 - n_test


def test_moons_are_half_circles_of_radius_1_and_noise_is_their_deviation():
    X, y = SOURCES["moons"].generate(4000, 0.0, 0)
    assert_allclose(np.hypot(*X[y == 0].T), 1.0)
    assert X[y == 0][:, 1].min() > -1e-9
    X, y = SOURCES["moons"].generate(4000, 0.1, 0)
    assert np.std(np.hypot(*X[y == 0].T)) == pytest.approx(0.1, rel=0.1)


def test_circles_are_of_radius_1_and_one_half():
    X, y = SOURCES["circles"].generate(100, 0.0, 0)
    assert_allclose(np.hypot(*X.T), np.where(y == 0, 1.0, 0.5))


@pytest.mark.parametrize("noise", [0.2, 0.4])
def test_noise_is_the_spread_of_blobs_in_units_of_5(noise):
    X, y = SOURCES["blobs"].generate(3000, noise, 0)
    spread = [X[y == k].std(axis=0).mean() for k in range(3)]
    assert_allclose(spread, 5 * noise, rtol=0.1)


def test_arms_of_spirals_are_a_third_of_a_turn_apart():
    X, y = SOURCES["spirals"].generate(90, 0.0, 0)
    radius, angle = np.hypot(*X.T), np.arctan2(X[:, 0], X[:, 1])
    turns = (angle - 4.0 * radius - y * 2.0 * np.pi / 3.0) / (2.0 * np.pi)
    assert_allclose(turns, turns.round(), atol=1e-9)
    assert np.bincount(y).tolist() == [30, 30, 30]


def test_xor_is_labelled_by_the_signs_before_the_noise():
    clean, y = SOURCES["xor"].generate(200, 0.0, 0)
    assert_array_equal(y, clean[:, 0] * clean[:, 1] < 0)
    noisy, same = SOURCES["xor"].generate(200, 0.3, 0)
    assert_array_equal(y, same)
    assert np.std(noisy - clean) == pytest.approx(0.15, rel=0.1)


def test_a_quarter_of_the_noise_of_classification_is_the_share_of_random_labels():
    """Random labels agree with the true ones in a third of the cases."""
    generate = SOURCES["classification"].generate
    (X, true), (same, noisy) = generate(3000, 0.0, 0), generate(3000, 2.0, 0)
    order, other = np.argsort(X.min(axis=1)), np.argsort(same.min(axis=1))  # columns are shuffled
    assert np.mean(true[order] != noisy[other]) == pytest.approx(0.5 * 2 / 3, abs=0.04)


@pytest.mark.parametrize(
    ("name", "near"), [("moon", "moons"), ("digit", "digits"), ("spiral", "spirals")]
)
@pytest.mark.parametrize("ask", [check_name, make])
def test_an_unknown_name_suggests_a_near_one(ask, name, near):
    with pytest.raises(
        DatasetError, match=f"no data set '{name}'; did you mean '{near}'"
    ) as caught:
        ask(name)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_near_none_lists_all():
    with pytest.raises(DatasetError) as caught:
        make("qqqq")
    assert "did you mean" not in str(caught.value)
    assert "\n" not in str(caught.value)
    for name in (*SOURCES, ".csv"):
        assert name in str(caught.value)


@every_source
def test_known_names_pass(name):
    check_name(name)


def test_a_draw_that_cannot_be_split_by_class_is_an_error_of_the_data_set():
    """A plan may ask for 20 samples and this noise, which leave a class with one row."""
    with pytest.raises(DatasetError) as caught:
        make("classification", Recipe(n_samples=20, noise=4.0, seed=3))
    assert "\n" not in str(caught.value)


def test_names_are_listed_and_checked_without_heavy_imports():
    code = (
        "import sys\n"
        "import benchgrad.datasets as d\n"
        "d.check_name(list(d.SOURCES)[0])\n"
        "d.Recipe(seed=1)\n"
        "heavy = {'sklearn', 'pandas', 'matplotlib', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    assert printed_by(code).strip() == "[]"


@pytest.mark.parametrize(
    ("name", "asked", "features", "classes"),
    [
        ("classification", {"n_features": 4, "n_classes": 2}, 4, 2),
        ("classification", {"n_features": 20, "n_classes": 3}, 20, 3),
        ("blobs", {"n_features": 5, "n_classes": 7}, 5, 7),
        ("spirals", {"n_classes": 5}, 2, 5),
        ("moons", {"n_features": 2}, 2, 2),
    ],
)
def test_generators_take_features_and_classes(name, asked, features, classes):
    dataset = make(name, Recipe(n_samples=200, **asked))
    assert (dataset.n_features, dataset.n_classes) == (features, classes)
    assert set(dataset.y_train) == set(range(classes))


def test_the_default_numbers_of_features_and_classes_give_the_default_data():
    own, asked = (
        make("classification", Recipe(n_features=features, n_classes=classes))
        for features, classes in ((None, None), (20, 3))
    )
    assert_array_equal(own.X_train, asked.X_train)


@pytest.mark.parametrize(
    ("name", "asked", "problem"),
    [
        ("moons", {"n_classes": 3}, "'moons' has 2 classes, not 3; choose from blobs, spirals"),
        ("digits", {"n_features": 2}, "'digits' has 64 features, not 2; choose from blobs, cl"),
        ("classification", {"n_features": 3, "n_classes": 8}, "8 classes need 4 features or more"),
        ("x.csv", {"n_classes": 2}, "its classes are those of the file"),
    ],
)
def test_data_without_such_a_number_are_refused(name, asked, problem, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("a,label\n1,x\n2,y\n3,x\n4,y\n")
    with pytest.raises(DatasetError, match=problem):
        make(name, Recipe(**asked))

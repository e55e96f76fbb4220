import pytest

from cpimaging.scorers.agreement import Calibration, calibration, expected_agreement

TABLE = Calibration({"sure": (9.0, 9.0), "even": (2.0, 4.0)}, [(0.0, 0.5), (0.8, 0.7), (0.9, 0.97)])


@pytest.mark.parametrize(
    ("ground", "stability", "expected"),
    [
        ("sure", None, 9.5 / 10),
        ("even", None, 2.5 / 5),
        ("never seen", None, 0.5),
        ("sure", 0.79, 0.5),
        ("sure", 0.8, 0.7),
        ("sure", 1.0, 0.95),
        ("even", 1.0, 0.5),
    ],
)
def test_the_lower_of_ground_and_stability_counts(ground, stability, expected):
    """Half of one more kind is added to what was seen."""
    assert TABLE.expected(ground, stability) == pytest.approx(expected)


def test_without_a_call_nothing_is_expected():
    assert expected_agreement(None) is None


def test_the_table_of_the_package_never_falls_with_stability():
    shares = [share for _, share in calibration().steps]
    assert shares == sorted(shares)
    assert all(0 <= right <= kinds for right, kinds in calibration().grounds.values())

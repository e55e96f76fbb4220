"""What every contrast has beside its record, in the places that its recipe names."""

import inspect

import pytest
import toy_scene

from cpimaging import cli
from cpimaging.bids.drawn_on import named_contrasts
from cpimaging.bids.files import parse_file
from cpimaging.bids.images import contrast_of
from cpimaging.qc.limits import LIMITS
from cpimaging.simulate.contrast import CONTRASTS as SIMULATED
from cpimaging.types import CONTRASTS, LOOKS

pytestmark = pytest.mark.parametrize("name", CONTRASTS)


def test_a_file_of_its_name_shows_it(name: str) -> None:
    assert contrast_of(parse_file(f"sub-01/anat/sub-01_{name}.nii.gz", "raw")) == name


def test_a_mask_may_name_it(name: str) -> None:
    for word in (name, *LOOKS[name].named):
        assert named_contrasts(f"sub-01_space-{word}_label-L_mask.nii.gz").space == name
        assert named_contrasts(f"sub-01_desc-{word}lesion_mask.nii.gz").word == name


def test_the_command_line_takes_it(name: str) -> None:
    assert name.lower() in inspect.signature(cli.run).parameters


def test_brains_can_be_simulated_on_it(name: str) -> None:
    look, signal = LOOKS[name], SIMULATED[name]
    assert (signal.fluid > max(signal.wm, signal.gm)) == look.fluid_bright
    assert look.white_bright is None or (signal.wm > signal.gm) == look.white_bright
    assert signal.bias != look.quantitative


def test_the_toy_brain_of_detectors_has_it(name: str) -> None:
    look, (fluid, grey, white, _) = LOOKS[name], toy_scene.SIGNAL[name]
    assert (fluid > max(grey, white)) == look.fluid_bright
    assert look.white_bright is None or (white > grey) == look.white_bright
    assert toy_scene.LESION[name] != 0


def test_white_and_grey_matter_have_a_limit_where_they_differ(name: str) -> None:
    assert (name in LIMITS["white_grey_contrast"].rows) == (LOOKS[name].white_bright is not None)

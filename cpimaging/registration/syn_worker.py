"""Run one ANTs registration; read from standard input by a Python that has antspyx, and by nothing else.

Arguments: fixed, moving, mask ("" for none), start (matrix file, "" for ANTs' own), type, output prefix.
"""

import sys

SEED = 1


def main(fixed: str, moving: str, mask: str, start: str, kind: str, prefix: str) -> None:
    """Write <prefix>0GenericAffine.mat and, for a deformable type, the warp and its inverse."""
    import ants  # type: ignore[import-not-found]

    ants.config.set_ants_deterministic(False, seed_value=SEED)  # repeatable without its slower metrics
    ants.registration(
        fixed=ants.image_read(fixed),
        moving=ants.image_read(moving),
        type_of_transform=kind,
        initial_transform=[start] if start else None,
        mask=ants.image_read(mask) if mask else None,
        outprefix=prefix,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

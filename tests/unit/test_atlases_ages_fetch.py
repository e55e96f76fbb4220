"""Templates are fetched once, from a layout or a loopback server; no network is touched."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cpimaging.atlases.ages import fetch as module
from cpimaging.atlases.ages import read_templates, template_for
from cpimaging.atlases.ages.fetch import HOME, fetch, known_templates, wanted
from cpimaging.io import read_table
from cpimaging.types import InputError

KNOWN = known_templates().set_index("name", drop=False)


@pytest.mark.parametrize(
    ("ages", "names"),
    [
        ("40w", ["dhcpVol40", "MNIInfant1", "MNIInfant3", "MNIInfant8"]),
        ("36-37w", ["dhcpVol36", "dhcpVol37", "MNIInfant3", "MNIInfant8"]),
        ("24m", ["MNIInfant8"]),
        ("12-12.5m", ["MNIInfant5", "MNIInfant8"]),
        ("18y", ["MNIPediatricAsym6"]),
        ("24m, 18y", ["MNIInfant8", "MNIPediatricAsym6"]),
    ],
)
def test_ages_name_templates_and_those_on_their_way(ages, names):
    assert wanted(KNOWN, ages) == names


@pytest.mark.parametrize("ages", ["40", "w", "40 w", "", "30-20w", "60y", "20w"])
def test_what_is_no_age_is_refused(ages):
    with pytest.raises(InputError, match="ages: "):
        wanted(KNOWN, ages)


def test_every_file_has_a_sum_and_every_template_a_licence():
    sums = read_table(Path(module.__file__).with_name("templateflow_sums.tsv"))
    assert sums["md5"].str.fullmatch("[0-9a-f]{32}").all()
    columns = ["T1w", "T2w", "brain_mask", "dseg"]
    named = {cell for column in columns for cell in KNOWN[column] if cell != "n/a"}
    assert named == set(sums["path"])
    assert (KNOWN["license"] != "n/a").all()
    assert not KNOWN.index.str.contains("dhcpSym|dhcpAsym").any()


def test_the_sums_are_the_published_ones(real_data):
    lines = (real_data / "templateflow/md5.txt").read_text().splitlines()
    published = {path: md5 for path, _, md5 in (line.split() for line in lines if not line.startswith("#"))}
    sums = read_table(Path(module.__file__).with_name("templateflow_sums.tsv"))
    assert dict(zip(sums["path"], sums["md5"], strict=True)).items() <= published.items()


@pytest.fixture
def layout(tmp_path, monkeypatch):
    """TemplateFlow's layout with small files in it, and a table of their sums."""
    home = tmp_path / "home"
    rows = ["path\tbytes\tmd5"]
    for path in read_table(Path(module.__file__).with_name("templateflow_sums.tsv"))["path"]:
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(path.encode())
        rows.append(f"{path}\t1\t{hashlib.md5(path.encode()).hexdigest()}")
    here = tmp_path / "tables"
    here.mkdir()
    (here / "templateflow_sums.tsv").write_text("\n".join(rows) + "\n")
    for name in ("templateflow.tsv", "drawem.tsv"):
        (here / name).write_bytes((Path(module.__file__).parent / name).read_bytes())
    monkeypatch.setattr(module, "HERE", here)
    monkeypatch.delenv(HOME, raising=False)
    return home


def test_a_layout_fills_the_folder_and_its_table(layout, tmp_path, monkeypatch):
    monkeypatch.setenv(HOME, str(layout))
    told = list(fetch(tmp_path / "out", "40w"))
    assert any("licence: CC BY 4.0" in line for line in told)
    found = read_templates(tmp_path / "out")
    assert list(found) == ["dhcpVol40", "MNIInfant1", "MNIInfant3", "MNIInfant8"]
    assert found["dhcpVol40"].dseg_table.name == "drawem.tsv"
    assert template_for(found, 0.0, 40.2).name == "dhcpVol40"
    assert template_for(found, 0.1, None).name == "MNIInfant1"
    monkeypatch.delenv(HOME)
    assert list(fetch(tmp_path / "out", "40w"))[-1].startswith("ready")  # all is there, nothing is asked for


def test_a_second_fetch_and_own_templates_stay_in_the_table(layout, tmp_path, monkeypatch):
    monkeypatch.setenv(HOME, str(layout))
    out = tmp_path / "out"
    list(fetch(out, "24m"))
    own = (
        "mine\t200\t300\t" + "tpl-MNIInfant_cohort-8_res-1_T1w.nii.gz\tn/a\tn/a\tn/a\tn/a\tn/a\tours\tours\n"
    )
    (out / "templates.tsv").write_text((out / "templates.tsv").read_text() + own)
    list(fetch(out, "18y"))
    assert set(read_templates(out)) == {"mine", "MNIInfant8", "MNIPediatricAsym6"}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *told: object) -> None:
        """Say nothing."""


@pytest.fixture
def mirror(layout):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(layout)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_mirror_serves_the_same_files(layout, mirror, tmp_path):
    list(fetch(tmp_path / "out", "24m", mirror))
    assert list(read_templates(tmp_path / "out")) == ["MNIInfant8"]


def test_a_file_with_another_sum_is_not_kept(layout, mirror, tmp_path):
    path = KNOWN.loc["MNIInfant8", "T2w"]
    (layout / path).write_text("damaged")
    with pytest.raises(InputError, match="has the MD5"):
        list(fetch(tmp_path / "out", "24m", mirror))
    assert not (tmp_path / "out" / Path(path).name).exists()
    assert not (tmp_path / "out" / "templates.tsv").exists()


def test_what_the_mirror_lacks_is_told(layout, mirror, tmp_path):
    (layout / KNOWN.loc["MNIInfant8", "T1w"]).unlink()
    with pytest.raises(InputError, match="could not be fetched"):
        list(fetch(tmp_path / "out", "24m", mirror))


def test_without_the_client_it_says_how_to_get_it(layout, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "templateflow", None)
    with pytest.raises(InputError, match=r"pip install cpimaging\[templateflow\]"):
        list(fetch(tmp_path / "out", "24m"))


def test_the_client_is_asked_for_the_file_by_its_entities(layout, tmp_path, monkeypatch):
    asked = []

    class Api:
        @staticmethod
        def get(template: str, **query: object) -> Path:
            asked.append((template, query))
            stem = f"tpl-{template}/cohort-{query['cohort']}/tpl-{template}_cohort-{query['cohort']}_res-1_"
            desc = f"desc-{query['desc']}_" if query["desc"] else ""
            return layout / f"{stem}{desc}{query['suffix']}.nii.gz"

    client = type(__import__("sys"))("templateflow")
    client.api = Api
    monkeypatch.setitem(__import__("sys").modules, "templateflow", client)
    list(fetch(tmp_path / "out", "24m"))
    assert list(read_templates(tmp_path / "out")) == ["MNIInfant8"]
    assert [(name, query["cohort"], query["resolution"]) for name, query in asked] == [
        ("MNIInfant", "8", 1)
    ] * 3

"""The call of a BIDS App, and the wheel that it runs from."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from snakemake.cli import parse_config
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

import cpimaging
from cpimaging import bids_app
from cpimaging.__main__ import at_home, is_bids_app, main

ROOT = Path(cpimaging.__file__).parents[1]
WHEEL = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
PACKAGES = WHEEL["packages"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["bids", "out", "participant"], True),
        (["bids", "out", "group", "--cores", "2"], True),
        (["masks", "out", "participant"], False),  # the command wins over a folder of that name
        (["bids", "out", "session"], False),
        (["bids", "out"], False),
    ],
)
def test_the_third_word_tells_a_bids_app(words: list[str], expected: bool) -> None:
    assert is_bids_app(words) is expected


def test_a_command_with_many_words_loads_nothing_of_it() -> None:
    script = """
import sys
from cpimaging.__main__ import main
sys.argv = ["cpimaging", "score", "--scan", "sub-01", "--help"]
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "cpimaging.cli" in run.stderr.split()
    assert {"cpimaging.bids_app", "jsonschema", "numpy"} & set(run.stderr.split()) == set()


def test_labels_choices_and_options_of_snakemake_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "norms").mkdir()
    words = ["bids", "out", "participant", "--participant-label", "01", "sub-02", "--cores", "2", "-n"]
    call = bids_app.call([*words, "--config", "norms_dir=norms", "atlas=embedded", "engine=identity"])
    before, after = call[: call.index("--config")], call[call.index("--config") + 1 :]
    assert before[:5] == [sys.executable, "-P", "-m", "snakemake", "--snakefile"]
    assert before[-3:] == ["--cores", "2", "-n"]
    assert before[before.index("--directory") + 1] == str(tmp_path / "out")
    assert sorted(after) == [
        "atlas=embedded",
        f"bids_dir={tmp_path / 'bids'}",
        "engine=identity",
        f"norms_dir={tmp_path / 'norms'}",
        f"output_dir={tmp_path / 'out'}",
        'participant_label= "01,sub-02" ',
    ]


def test_the_home_that_no_shell_has_put_in_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/a b")
    assert at_home(["~/bids", "./~", "a~", "--t1w=~/t1.nii.gz", "--t1w", "~", "~nobody-of-that-name/x"]) == [
        *("/home/a b/bids", "./~", "a~", "--t1w=/home/a b/t1.nii.gz", "--t1w", "/home/a b"),
        "~nobody-of-that-name/x",  # as a shell leaves it
    ]
    commands = ["--run", "~/bin/tool {out}", "--brain-command=~/bin/tool {out}"]
    assert at_home(commands) == commands  # a shell reads them, and would split a b


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home; one works in another folder, which is empty."""
    for name in ("home/bids/sub-01", "home/norms", "here"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "home/c.yaml").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


@pytest.mark.parametrize("file", [["--file", "~/study.yaml"], ["--file=~/study.yaml"]])
def test_a_command_finds_the_home(home: Path, monkeypatch: pytest.MonkeyPatch, file: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["cpimaging", "init", "~/bids", "~/out", *file])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert (home / "study.yaml").is_file()
    assert not list(Path.cwd().iterdir())


def test_a_bids_app_finds_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []

    def ran(call: list[str], **more: object) -> subprocess.CompletedProcess[str]:
        calls.append(call)
        return subprocess.CompletedProcess(call, 0)

    monkeypatch.setattr(bids_app.subprocess, "run", ran)
    words = "~/bids ~/out participant -n --config norms_dir=~/norms --configfile ~/c.yaml"
    monkeypatch.setattr(sys, "argv", ["cpimaging", *words.split()])
    with pytest.raises(SystemExit, match="0"):
        main()
    (call,) = calls
    assert parse_config(call[call.index("--config") + 1 :]) == {
        "bids_dir": str(home / "bids"),
        "output_dir": str(home / "out"),
        "norms_dir": str(home / "norms"),
    }
    assert call[call.index("--configfile") + 1] == str(home / "c.yaml")
    assert call[call.index("--directory") + 1] == str(home / "out")


@pytest.mark.parametrize(
    "name", ["a #b", "a: b", "o'brien", 'a "b"', "études", "a\\b", "2024", "1e5", "true", "-", "~"]
)
def test_snakemake_reads_the_folders_as_they_are_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    call = bids_app.call([f"./{name}", f"./{name}/out", "participant", "--participant-label", "1e5"])
    assert parse_config(call[call.index("--config") + 1 :]) == {
        "bids_dir": str(tmp_path / name),
        "output_dir": str(tmp_path / name / "out"),
        "participant_label": "1e5",
    }


def test_what_is_given_twice_counts_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.yaml"):
        Path(name).touch()
    words = "--config engine=identity -C detection=off --participant-label 01 --participant-label 02"
    call = bids_app.call(["bids", "out", "participant", *words.split(), "--configfile", "a.yaml", "b.yaml"])
    chosen = parse_config(call[call.index("--config") + 1 :])
    assert (chosen["engine"], chosen["detection"], chosen["participant_label"]) == (
        "identity",
        "off",
        "01,02",
    )
    files = call[call.index("--configfile") + 1 : call.index("--config")]
    assert files == [str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["out", "participant", "--configfile", "no.yaml"],
            "--configfile no.yaml: no such file; check the path",
        ),
        (["file", "participant"], "file: cannot be made: file is a file; choose another output_dir"),
        (
            ["file/out", "participant", "-n"],
            "file/out: cannot be made: file is a file; choose another output_dir",
        ),
    ],
)
def test_what_snakemake_would_trip_over_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(SystemExit, match="2"):
        bids_app.call(["bids", *words])
    assert capsys.readouterr().err == f"cpimaging: {told}\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--coers 2", "--coers: is no option; did you mean --cores?"),
        ("--coers=2", "--coers=2: is no option; did you mean --cores?"),
        ("--participant_lable 01", "--participant_lable: is no option; did you mean --participant_label?"),
        ("-n --qqqqqq", "--qqqqqq: is no option; see snakemake --help"),
        ("--cores", "--cores: expected one argument; see snakemake --help"),
        ("--participant-label", "argument --participant-label/--participant_label: expected at least one"),
        ("--cores many", "an option of Snakemake: Error parsing number of cores (--cores, -c): must be"),
        ("--rerun-triggers x", "--rerun-triggers: invalid choice: 'x' (choose from"),
        ("--executor x", "--executor: invalid choice: 'x' (choose from"),
        ("--no", "Snakemake: ambiguous option: --no could match"),
        ("--profile nowhere", "Snakemake: profile directory given (nowhere), but no profile.yaml"),
        ("--workflow-profile nowhere", "--workflow-profile nowhere: no such folder; check the path"),
    ],
)
def test_what_snakemake_does_not_understand_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        bids_app.call(["bids", "out", "participant", *words.split()])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"cpimaging: {told}")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        "--cores all -n -p",
        "--core 2",  # Snakemake takes the beginning of an option for it
        "--jobs 3 --set-resources register:mem_mb=6000 register:runtime=60",
        "--quiet rules progress",
        "--workflow-profile none --cores 1",
        "--workflow-profile slurm --slurm-logdir logs",
        "--version",
    ],
)
def test_options_of_snakemake_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    call = bids_app.call(["bids", "out", "participant", *words.split()])
    at = call.index("--directory") + 2
    assert call[at : call.index("--config")] == words.split()
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize("words", ["--workflow-profile slurm", "--executor slurm"])
def test_a_cluster_without_its_executor_is_told_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(ExecutorPluginRegistry().plugins, "slurm")
    with pytest.raises(SystemExit, match="2"):
        bids_app.call(["bids", "out", "participant", *words.split()])
    assert capsys.readouterr().err == (
        "cpimaging: slurm: its executor is not installed; pip install 'cpimaging[slurm]'\n"
    )


@pytest.mark.parametrize("cores", [[], ["--cores", "4"], ["-c", "4"], ["--cores=4"]])
def test_the_group_level_is_the_stage_of_the_cohort(tmp_path: Path, cores: list[str]) -> None:
    call = bids_app.call(["bids", str(tmp_path), "group", *cores, "--config", "atlas=published"])
    assert call == [sys.executable, "-P", "-m", "cpimaging", "cohort", str(tmp_path), "--atlas", "published"]


def test_a_user_without_a_cache_has_one_beside_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snakemake ends in a traceback where it cannot write its cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert bids_app.environment(tmp_path)["XDG_CACHE_HOME"] == str(tmp_path / "cache")
    (tmp_path / "cache").touch()  # a file where the folder belongs
    assert bids_app.environment(tmp_path)["XDG_CACHE_HOME"] == str(tmp_path / ".snakemake/cache")


@pytest.mark.parametrize(("code", "told"), [(0, True), (2, False)])
def test_the_group_level_ends_with_the_path_of_its_page(
    tmp_path: Path, code: int, told: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = subprocess.CompletedProcess([], code)
    monkeypatch.setattr(bids_app.subprocess, "run", lambda *words, **more: ended)
    assert bids_app.run(["bids", str(tmp_path), "group"]) == code
    assert capsys.readouterr().out == (f"{tmp_path / 'index.html'}\n" if told else "")


def test_a_folder_without_a_level_is_told_how_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["cpimaging", str(tmp_path), "out", "particpant"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert capsys.readouterr().err == (
        f"cpimaging: {tmp_path}: is a folder; write: cpimaging BIDS OUT participant\n"
    )


@pytest.mark.parametrize("more", [["-n"], ["--participant-label", "01"], ["--config", "engine=greedy"]])
def test_the_group_level_drops_no_option_silently(
    tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """-n, say, would otherwise write what it promises not to."""
    with pytest.raises(SystemExit, match="2"):
        bids_app.call(["bids", str(tmp_path), "group", *more])
    assert "group takes all results as they are" in capsys.readouterr().err


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel of this clone unpacks to."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_the_workflow_byte_for_byte(installed: Path) -> None:
    inside = installed / "cpimaging/pipeline"
    sources = [ROOT / "Snakefile", ROOT / "config/config.yaml"]
    sources += [
        path for name in ("workflow", "profiles") for path in (ROOT / name).rglob("*") if path.is_file()
    ]
    assert len(sources) > 6
    for source in sources:
        assert (inside / source.relative_to(ROOT)).read_bytes() == source.read_bytes(), source
    modules = {path.relative_to(ROOT) for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    assert {path.relative_to(installed) for path in installed.rglob("*.py")} >= modules


@pytest.mark.parametrize(
    ("file", "line"),
    [("Dockerfile", "COPY {0} {0}"), ("apptainer.def", "    {0} /source/{0}"), (".dockerignore", "!{0}")],
)
def test_containers_get_all_that_a_wheel_is_built_from(file: str, line: str) -> None:
    included = {name.partition("/")[0] for name in WHEEL["force-include"]} - {"Snakefile"}
    lines = (ROOT / file).read_text().splitlines()
    assert {line.format(name) for name in (*PACKAGES, *included)} <= set(lines)


@pytest.mark.slow
def test_the_wheel_plans_a_dataset_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    words = [str(ROOT / "test_data/bids"), "../out", "participant", "-n", "--cores", "1"]
    run = subprocess.run(
        [sys.executable, "-m", "cpimaging", *words],
        cwd=tmp_path / "here",
        env={"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert "preprocess" in run.stdout + run.stderr
    assert not list((tmp_path / "here").iterdir())

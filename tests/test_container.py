"""The image and its composition keep to the rules: nothing unpinned, nothing privileged, no secret in plain sight."""

import json
import os
import py_compile
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import settings
from tests.support.containers import VARIABLE, Instruction, Refused, dockerfile, ignored, interpolate

ROOT = Path(__file__).parents[1]
DOCKERFILE = dockerfile((ROOT / "Dockerfile").read_text(encoding="utf-8"))
IGNORE = [
    line
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
COMPOSE_TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|DATABASE_URL|_KEY")
VARIABLES = list(VARIABLE.finditer("\n".join(line for line in COMPOSE_TEXT.splitlines() if not line.startswith("#"))))
REQUIRED = sorted({found["name"] for found in VARIABLES if found["how"] == ":?"})


def all_of(word: str) -> list[Instruction]:
    return [instruction for instruction in DOCKERFILE if instruction.word == word]


def final_stage() -> list[Instruction]:
    last = max(index for index, instruction in enumerate(DOCKERFILE) if instruction.word == "FROM")
    return DOCKERFILE[last:]


def final(word: str) -> str:
    return next(instruction.rest for instruction in reversed(final_stage()) if instruction.word == word)


class TestDockerfile:
    def test_the_base_is_one_tag_that_can_be_replaced(self) -> None:
        name, image = all_of("ARG")[0].rest.split("=")
        assert DOCKERFILE[0].word == "ARG"
        assert re.fullmatch(r"python:3\.11[\w.-]*", image)
        assert {line.arguments[0] for line in all_of("FROM")} == {f"${{{name}}}"}

    def test_what_builds_is_not_what_runs(self) -> None:
        stages = [line.arguments[2] for line in all_of("FROM")[:-1]]
        assert stages
        assert not any("pip" in line.rest for line in final_stage() if line.word == "RUN")
        assert {line.flags["from"] for line in all_of("COPY") if "from" in line.flags} == set(stages)

    def test_packages_are_wheels_with_known_hashes_and_leave_no_cache(self) -> None:
        (install,) = [line.rest for line in all_of("RUN") if "pip" in line.rest.split() and "install" in line.rest]
        for option in ("--require-hashes", "--only-binary :all:", "--no-cache-dir", "-r run.txt"):
            assert option in install

    def test_every_package_is_locked_with_a_hash_and_without_an_address(self) -> None:
        lock = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
        entries = re.split(r"\n(?=\S)", lock.strip())
        assert len(entries) > 20
        assert all(re.match(r"[\w.-]+(\[\w+\])?==[\w.]+", entry) and "--hash=sha256:" in entry for entry in entries)
        assert "://" not in lock

    def test_it_runs_as_a_number_that_is_not_root(self) -> None:
        user, group = final("USER").split(":")
        assert int(user) > 999
        assert int(group) > 999

    def test_nothing_follows_the_user_that_would_need_root(self) -> None:
        words = [line.word for line in final_stage()]
        assert not {"RUN", "COPY", "ADD", "USER"} & set(words[words.index("USER") + 1 :])

    @pytest.mark.parametrize("word", ["CMD", "ENTRYPOINT"])
    def test_the_command_is_no_shell(self, word: str) -> None:
        assert all(isinstance(part, str) for part in json.loads(final(word)))

    def test_a_start_serves_and_does_not_migrate(self) -> None:
        assert json.loads(final("ENTRYPOINT")) == ["partnerline"]
        assert json.loads(final("CMD"))[0] == "serve"
        assert "migrate" not in "".join(line.rest for line in DOCKERFILE if line.word != "COPY").replace(
            "migrations", ""
        )

    def test_health_is_asked_over_http_without_a_shell(self) -> None:
        (check,) = all_of("HEALTHCHECK")
        command = json.loads(check.rest[check.rest.index("[") :])
        assert command[:2] == ["python", "-c"]
        assert "/healthz" in command[2]
        compile(command[2], "healthcheck", "exec")
        port = json.loads(final("CMD"))[-1]
        assert final("EXPOSE") == port
        assert f":{port}/" in command[2]

    def test_it_writes_only_into_the_volume(self) -> None:
        folder = Path(final("WORKDIR"))
        volume = Path(final("VOLUME"))
        defaults = settings.Settings.model_fields
        assert folder / defaults["state_dir"].default == volume
        database = defaults["database_url"].default.get_secret_value().removeprefix("sqlite:///")
        assert (folder / database).parent == volume
        assert "PYTHONDONTWRITEBYTECODE=1" in final("ENV")

    def test_it_is_told_to_stop(self) -> None:
        assert final("STOPSIGNAL") == "SIGTERM"

    def test_no_setting_is_baked_in(self) -> None:
        # One in the environment would win over its `_FILE`.
        assert not [line for line in [*all_of("ENV"), *all_of("ARG")] if settings.PREFIX in line.rest]

    def test_bad_habits_are_absent(self) -> None:
        assert not all_of("ADD")
        assert not all_of("MAINTAINER")
        assert all(line.rest.startswith("/") for line in all_of("WORKDIR"))
        assert not [
            line for line in all_of("RUN") if re.search(r"\b(sudo|curl|wget|apt|apt-get|cd|chmod 0?777)\b", line.rest)
        ]

    def test_what_is_copied_is_there_and_not_ignored(self) -> None:
        sources = [source for line in all_of("COPY") if "from" not in line.flags for source in line.arguments[:-1]]
        assert {"app", "ivr_flows", "migrations"} <= set(sources)
        for source in sources:
            assert (ROOT / source).exists(), source
            assert not ignored(source, IGNORE), source

    def test_every_data_file_reaches_the_image(self) -> None:
        for folder in ("app", "ivr_flows", "migrations"):
            for file in (ROOT / folder).rglob("*"):
                path = file.relative_to(ROOT).as_posix()
                assert ignored(path, IGNORE) == ("__pycache__" in path), path

    @pytest.mark.parametrize(
        "path",
        [".env", ".git/config", "var/partnerline.db", "tests/conftest.py", ".venv/bin/python", "secrets/secret_key"],
    )
    def test_what_has_no_business_in_an_image_stays_out(self, path: str) -> None:
        assert ignored(path, IGNORE)

    def test_the_command_in_the_image_is_the_console_script(self, tmp_path: Path) -> None:
        (run,) = [line.rest for line in all_of("RUN") if "printf" in line.rest]
        script = tmp_path / "partnerline"
        subprocess.run(["sh", "-c", run.replace("/opt/venv/bin/partnerline", str(script))], check=True)
        assert os.access(script, os.X_OK)
        py_compile.compile(str(script), doraise=True)
        declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        module, function = re.findall(r'^partnerline = "([\w.]+):(\w+)"', declared, re.MULTILINE)[0]
        assert f"from {module} import {function}" in script.read_text(encoding="utf-8")


def environment(folder: Path) -> dict[str, str]:
    """What an operator sets, with a file for each secret."""
    contents = {
        "DATABASE_PASSWORD_FILE": "hush",
        "PARTNERLINE_DATABASE_URL_FILE": "postgresql+psycopg://partnerline:hush@postgres/partnerline",
        "PARTNERLINE_SECRET_KEY_FILE": "s" * 32,
        "PARTNERLINE_TWILIO_AUTH_TOKEN_FILE": "t" * 32,
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    return {name: str(folder / name) for name in contents} | {
        "PARTNERLINE_PUBLIC_URL": "https://ivr.example.test",
        "PARTNERLINE_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    }


def by_our_reader(variables: dict[str, str]) -> str:
    try:
        return str(interpolate(COMPOSE, variables))
    except Refused as refused:
        return f"refused: {refused}"


def by_docker(variables: dict[str, str]) -> str:
    done = subprocess.run(
        ["docker", "compose", "--file", "compose.yaml", "--env-file", os.devnull, "config"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else f"refused: {done.stderr}"


def docker_has_compose() -> bool:
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0


READERS = [by_our_reader, by_docker] if docker_has_compose() else [by_our_reader]


@pytest.mark.parametrize("read", READERS)
class TestComposeVariables:
    def test_with_everything_set_it_starts(self, read: Any, tmp_path: Path) -> None:
        assert "refused" not in read(environment(tmp_path))

    @pytest.mark.parametrize("missing", REQUIRED)
    @pytest.mark.parametrize("empty", [True, False])
    def test_without_one_it_refuses_and_says_which(self, read: Any, tmp_path: Path, missing: str, empty: bool) -> None:
        variables = environment(tmp_path)
        del variables[missing]
        answer = read(variables | ({missing: ""} if empty else {}))
        assert answer.startswith("refused")
        assert missing in answer
        assert "set it to" in answer

    def test_without_any_it_refuses(self, read: Any) -> None:
        assert read({}).startswith("refused")


class TestCompose:
    def test_every_variable_is_required_or_has_a_default(self) -> None:
        assert COMPOSE_TEXT.count("${") == len(VARIABLES)
        assert {found["how"] for found in VARIABLES} == {":?", ":-"}

    def test_every_secret_is_required(self, tmp_path: Path) -> None:
        assert {found["name"] for found in VARIABLES if SECRET.search(found["name"])} <= set(REQUIRED)
        assert set(REQUIRED) == set(environment(tmp_path))

    def test_every_secret_is_a_file_that_its_operator_names(self) -> None:
        for name, secret in COMPOSE["secrets"].items():
            assert set(secret) == {"file"}, name
            assert ":?" in secret["file"], name

    @pytest.mark.parametrize("service", SERVICES)
    def test_no_secret_stands_in_an_environment(self, service: str) -> None:
        granted = {f"/run/secrets/{name}" for name in SERVICES[service]["secrets"]}
        named = {value for key, value in SERVICES[service]["environment"].items() if SECRET.search(key)}
        assert named == granted
        assert set(SERVICES[service]["secrets"]) <= set(COMPOSE["secrets"])
        for key in SERVICES[service]["environment"]:
            assert not SECRET.search(key) or key.endswith("_FILE"), key

    @pytest.mark.parametrize("service", SERVICES)
    def test_every_service_is_restricted(self, service: str) -> None:
        rules = SERVICES[service]
        assert rules["read_only"] is True
        assert rules["cap_drop"] == ["ALL"]
        assert rules["security_opt"] == ["no-new-privileges:true"]
        assert "/tmp" in rules["tmpfs"]  # noqa: S108 because it is the container's
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", rules["user"])
        assert not {"privileged", "cap_add", "devices", "pid", "network_mode", "ipc"} & set(rules)
        assert not [volume for volume in rules["volumes"] if volume.split(":")[0] not in COMPOSE["volumes"]]
        assert rules["restart"] == ("no" if service == "migrate" else "unless-stopped")
        assert re.search(r":[\w.-]+|:\$\{", rules["image"])
        assert not rules["image"].endswith(":latest")

    def test_the_user_and_the_volume_are_those_of_the_image(self) -> None:
        assert SERVICES["serve"]["user"] == final("USER")
        assert SERVICES["serve"]["volumes"][0].split(":")[1] == final("VOLUME")

    def test_the_schema_comes_between_the_database_and_the_service(self) -> None:
        assert SERVICES["migrate"]["command"] == ["migrate"]
        assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
        assert SERVICES["serve"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert "pg_isready" in SERVICES["postgres"]["healthcheck"]["test"]

    def test_the_database_is_reached_from_inside_only(self) -> None:
        assert "ports" not in SERVICES["postgres"]
        assert SERVICES["postgres"]["networks"] == ["inside"]
        assert COMPOSE["networks"]["inside"] == {"internal": True}
        assert all(port.startswith("127.0.0.1:") for port in SERVICES["serve"]["ports"])

    def test_production_accepts_what_it_is_given(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        composed = interpolate(COMPOSE, environment(tmp_path))
        for name in os.environ:
            if name.startswith(settings.PREFIX):
                monkeypatch.delenv(name)
        for key, value in composed["services"]["serve"]["environment"].items():
            monkeypatch.setenv(key, composed["secrets"][Path(value).name]["file"] if key.endswith("_FILE") else value)
        monkeypatch.chdir(tmp_path)

        loaded = settings.load()
        assert loaded.env == "production"
        assert loaded.database == "postgresql+psycopg://partnerline:hush@postgres/partnerline"

    def test_every_setting_in_it_exists(self) -> None:
        names = {key.removeprefix(settings.PREFIX) for key in SERVICES["serve"]["environment"]}
        assert {name.removesuffix("_FILE").lower() for name in names} <= set(settings.Settings.model_fields)


class TestReaders:
    """What the tests above lean on."""

    @pytest.mark.parametrize(
        ("path", "patterns", "out"),
        [
            ("app/main.py", ["*"], True),
            ("app/main.py", ["*", "!app"], False),
            ("app/web/__pycache__/x.pyc", ["*", "!app", "**/__pycache__"], True),
            ("requirements/dev.txt", ["*", "!requirements", "requirements/dev.txt"], True),
            ("requirements/run.txt", ["*", "!requirements", "requirements/dev.txt"], False),
            ("app/.env", [".env"], False),
            ("app/.env", ["**/.env"], True),
        ],
    )
    def test_the_last_pattern_that_fits_decides(self, path: str, patterns: list[str], out: bool) -> None:
        assert ignored(path, patterns) is out

    @pytest.mark.parametrize(
        ("text", "variables", "result"),
        [
            ("${A:-b}", {}, "b"),
            ("${A:-b}", {"A": ""}, "b"),
            ("${A-b}", {"A": ""}, ""),
            ("${A:?say}", {"A": "c"}, "c"),
            ("${A}", {}, ""),
            ("$${A}", {"A": "c"}, "${A}"),
            ("x${A}y", {"A": "c"}, "xcy"),
        ],
    )
    def test_variables_are_replaced_as_compose_does(self, text: str, variables: dict[str, str], result: str) -> None:
        assert interpolate(text, variables) == result

    def test_a_missing_one_is_refused_with_its_message(self) -> None:
        with pytest.raises(Refused, match="A: say what"):
            interpolate({"key": ["${A:?say what}"]}, {"A": ""})

"""Everything that can be set, run or asked for is documented; and the documents name nothing that is not there."""

import re
from pathlib import Path

import typer.main
from fastapi import FastAPI

from app.cli import app as cli
from app.flows.nodes import KINDS
from app.main import build_runtime, create_app
from app.settings import Settings

ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return REFERENCE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_cells(title: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)`", section(title), re.MULTILINE))


def commands() -> dict[str, set[str]]:
    """Every command, with its options."""
    found = {}
    pending = [("partnerline", typer.main.get_command(cli))]
    while pending:
        name, command = pending.pop()
        if several := getattr(command, "commands", None):
            pending.extend((f"{name} {sub}", one) for sub, one in several.items())
        else:
            options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
            found[name] = options - {"--help"}
    return found


def service(tmp_path: Path) -> FastAPI:
    settings = Settings(_env_file=None, state_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/none.db")
    return create_app(build_runtime(settings), settings)


def test_every_setting_is_documented() -> None:
    assert first_cells("Settings") == {name.upper() for name in Settings.model_fields}


def test_every_command_and_option_is_documented() -> None:
    documented = {re.sub(r" (\[?[A-Z][A-Za-z.\]]*)$", "", cell) for cell in first_cells("Commands")}
    assert documented == set(commands())
    for name, options in commands().items():
        row = next(line for line in section("Commands").splitlines() if line.startswith(f"| `{name}"))
        for option in options:
            assert f"`{option}`" in row, f"{name} {option}"


def test_every_endpoint_is_documented(tmp_path: Path) -> None:
    for path in {getattr(route, "path", "") for route in service(tmp_path).routes}:
        if path.startswith("/twilio") or path in ("/", "/healthz", "/readyz", "/metrics"):
            assert f"`{path}`" in REFERENCE, path


def test_every_api_call_is_documented(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient  # noqa: PLC0415 because only this test asks over HTTP

    described = TestClient(service(tmp_path)).get("/api/v1/openapi.json").json()
    calls = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in described["paths"].items()
        for method in methods
    }
    assert first_cells("REST API") == calls


def test_every_node_kind_is_documented() -> None:
    assert first_cells("Node kinds") == set(KINDS)


def test_every_file_a_document_leads_to_is_there() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("bench/*.md")]:
        text = document.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name} leads to {target}"


def test_no_document_has_a_place_still_to_be_filled() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("bench/*.md")]:
        assert not re.search(r"^[A-Z_]{6,}$", document.read_text(encoding="utf-8"), re.MULTILINE), document.name

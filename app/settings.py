"""Every environment variable the service reads: its meaning, default and type.

`PARTNERLINE_NAME` in the environment or in `.env`; `PARTNERLINE_NAME_FILE` names a file that holds the value, for
secrets. `partnerline settings` prints this list.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSource

PREFIX = "PARTNERLINE_"


class SettingsError(Exception):
    """A setting is wrong; the message says which, why and what to do."""


def _with_offset(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("give the offset too, as in 2026-03-07T12:00:00Z")
    return moment


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    database_url: SecretStr = Field(
        SecretStr("sqlite:///var/partnerline.db"),
        description="Where everything is kept. Production: postgresql+psycopg://USER:PASSWORD@HOST/NAME.",
    )
    env: Literal["development", "production"] = Field(
        "development", description="`production` refuses to start with an unsafe setting and says which."
    )
    provider: Literal["exchange", "twilio"] | None = Field(
        None, description="The telephone company: `exchange` (built in; default without a token) or `twilio`."
    )
    twilio_account_sid: str = Field("", description="The account at the provider, AC and 32 hexadecimal digits.")
    twilio_auth_token: SecretStr = Field(
        SecretStr(""), description="Signs the webhooks. Several, comma separated, while the token is rotated."
    )
    twilio_api_url: str = Field(
        "https://api.twilio.com", description="Base address of the provider's REST API, or of a stand-in for it."
    )
    exchange_url: str = Field(
        "http://127.0.0.1:8010",
        description="Where the built-in exchange listens, as a process of its own. `serve` starts it there if it is on "
        "this machine and nobody listens.",
    )
    calls_per_second: float = Field(
        1.0, gt=0, le=100, description="New calls a second that the provider takes from this account."
    )
    public_url: str = Field(
        "", description="The address under which the provider knows this service; signatures are checked against it."
    )
    secret_key: SecretStr = Field(
        SecretStr(""), description="Signs session tokens, hashes API keys, draws case numbers. At least 32 characters."
    )
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="Mail server, smtp://USER:PASSWORD@HOST:PORT or smtps://. Without one no contact is told by mail.",
    )
    mail_from: str = Field("", description="The sender of those mails.")
    flows_dir: Path = Field(Path("ivr_flows"), description="Folder of the flows, the facts and the prompts.")
    state_dir: Path = Field(
        Path("var"), description="Folder for what could not be written to the database yet (the journal)."
    )
    clock: Annotated[datetime, AfterValidator(_with_offset)] | None = Field(
        None, description="The service's clock starts at this ISO instant and runs on. Refused in production."
    )
    callback_countries: str = Field(
        "", description="Countries that callbacks may be dialled in, as US,GB,AU. Default: those of the lines."
    )
    recordings_store: str = Field(
        "database", min_length=1, description="Where the sound of messages is kept: `database`, or a folder for files."
    )
    transcribe: Literal["no", "provider", "local"] = Field(
        "no",
        description="Who turns messages into text, in English only: `provider` (paid, 3 to 119 seconds), or `local` "
        "(pocketsphinx on this machine, a hint at best).",
    )
    retention_recordings: int = Field(90, ge=1, description="Days that recordings are kept.")
    retention_callers: int = Field(400, ge=1, description="Days that callers' numbers are kept.")
    retention_audit: int = Field(730, ge=1, description="Days that the audit log is kept.")
    log_format: Literal["text", "json"] | None = Field(
        None, description="`text` (default in development) or `json` (default in production)."
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer secret for /metrics. Without one it answers on loopback only."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _ValueInFile(settings_cls), dotenv_settings

    @property
    def database(self) -> str:
        return self.database_url.get_secret_value()

    @property
    def on_sqlite(self) -> bool:
        return self.database.startswith("sqlite")

    @property
    def works(self) -> bool:
        """Whether the service does the background work itself: on PostgreSQL `partnerline worker` does."""
        return self.on_sqlite or self.env == "development"

    @property
    def auth_tokens(self) -> tuple[str, ...]:
        return tuple(t.strip() for t in self.twilio_auth_token.get_secret_value().split(",") if t.strip())

    @property
    def recordings_folder(self) -> Path | None:
        """None where the database keeps them."""
        return None if self.recordings_store == "database" else Path(self.recordings_store)

    @property
    def provider_name(self) -> str:
        return self.provider or ("twilio" if self.auth_tokens else "exchange")

    @property
    def account_sid(self) -> str:
        """The account at the provider; the built-in exchange has one for everybody."""
        return self.twilio_account_sid or ("AC" + "0" * 32 if self.provider_name == "exchange" else "")

    @property
    def on_own_exchange(self) -> bool:
        """Whether the built-in exchange is spoken to, and no stand-in for it."""
        return self.provider_name == "exchange" and "twilio_api_url" not in self.model_fields_set

    @property
    def callback_country_list(self) -> tuple[str, ...]:
        return tuple(c.strip().upper() for c in self.callback_countries.split(",") if c.strip())


class _ValueInFile(EnvSettingsSource):
    """`PARTNERLINE_NAME_FILE`: the path of a file whose content is the value."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = self.env_vars.get(f"{PREFIX}{field_name}_FILE".lower())
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{PREFIX}{field_name.upper()}_FILE: cannot read {path}: {error}") from None


def read() -> Settings:
    """The settings as given, each one well-formed. Raises SettingsError: one line for each that is not."""
    try:
        return Settings()
    except UnreadableSource as error:
        raise SettingsError(str(error.__cause__ or error)) from None
    except ValidationError as error:
        lines = [
            f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from None


def load() -> Settings:
    """The settings of this process, fit to run with. Raises SettingsError: one line for each that is wrong."""
    settings = read()
    problems = unsafe(settings) if settings.env == "production" else misfits(settings)
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def misfits(settings: Settings) -> list[str]:
    """What is wrong in any environment."""
    problems = []
    if not settings.database.startswith(("sqlite:///", "postgresql+psycopg://")):
        problems.append(f"{PREFIX}DATABASE_URL: must begin with sqlite:/// or postgresql+psycopg://")
    if settings.provider_name == "twilio" and not settings.auth_tokens:
        problems.append(f"{PREFIX}TWILIO_AUTH_TOKEN: the provider is twilio, so give the account's token")
    if settings.transcribe == "local" and find_spec("pocketsphinx") is None:
        problems.append(f'{PREFIX}TRANSCRIBE: local needs the engine: pip install "partnerline[transcription]"')
    if settings.public_url and not settings.public_url.startswith(("http://", "https://")):
        problems.append(f"{PREFIX}PUBLIC_URL: give the whole address, as in https://ivr.example.com")
    if not settings.exchange_url.startswith(("http://", "https://")):
        problems.append(f"{PREFIX}EXCHANGE_URL: give the whole address, as in http://127.0.0.1:8010")
    return [*problems, *_mail_misfits(settings)]


def _mail_misfits(settings: Settings) -> list[str]:
    url = settings.smtp_url.get_secret_value()
    if not url:
        return []
    problems = [] if "@" in settings.mail_from else [f"{PREFIX}MAIL_FROM: give the address that mails come from"]
    if not url.startswith(("smtp://", "smtps://")):
        problems.append(f"{PREFIX}SMTP_URL: give the mail server as smtp://USER:PASSWORD@HOST:PORT, or smtps://")
    return problems


def unsafe(settings: Settings) -> list[str]:
    """What production refuses to start with."""
    problems = misfits(settings)
    if settings.provider_name == "exchange":
        problems.append(f"{PREFIX}PROVIDER: the built-in exchange is no telephone company; use twilio")
    if len(settings.secret_key.get_secret_value()) < 32:
        problems.append(f"{PREFIX}SECRET_KEY: give at least 32 random characters")
    if not settings.public_url.startswith("https://"):
        problems.append(f"{PREFIX}PUBLIC_URL: must be the https:// address that the provider calls")
    if settings.clock is not None:
        problems.append(f"{PREFIX}CLOCK: a turned clock is for development only")
    return problems


def secret_key(settings: Settings) -> bytes:
    """The secret of this installation. In development one is made at the first start and kept in the state folder."""
    given = settings.secret_key.get_secret_value()
    if given:
        return given.encode()
    path = settings.state_dir / "secret_key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(32))
        return path.read_bytes()


def auth_tokens(settings: Settings) -> tuple[str, ...]:
    """What signs webhooks: the account's tokens, or with the built-in exchange one that is made from the secret."""
    if settings.auth_tokens:
        return settings.auth_tokens
    return (hmac.new(secret_key(settings), b"exchange auth token", hashlib.sha256).hexdigest()[:32],)

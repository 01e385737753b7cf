"""Settings: a flag beats an environment variable, which beats the settings file."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from lookalike.errors import LookalikeError

DATA_FOLDER = Path(platformdirs.user_data_dir("lookalike"))
SETTINGS_FILE = Path(platformdirs.user_config_dir("lookalike")) / "settings.toml"
EXPANSION = 3
"""Pictures that were kept aside from training find what belongs together equally well with 2 to 5."""

SECRETS = ("password", "token", "engine_password", "engine_api_key")


def _without_user(urls: str) -> str:
    if any(urlsplit(url).username or urlsplit(url).password for url in urls.split(",")):
        raise ValueError(
            "holds a user or password, which logs would show; give them as engine_user and engine_password"
        )
    return urls


def _named(value: object) -> object:
    if value == "":  # which would be the folder that one happens to stand in
        raise ValueError("names no place")
    return value


Home = Annotated[Path, BeforeValidator(_named), AfterValidator(Path.expanduser)]


class Settings(BaseSettings):
    """What can be set, with its default; every name is also `LOOKALIKE_<NAME>` and a key of the settings file."""

    model_config = SettingsConfigDict(env_prefix="LOOKALIKE_", extra="forbid")

    collection: Home = Field(default=DATA_FOLDER / "default", description="the collection's directory")
    models: Home = Field(default=DATA_FOLDER / "models", description="the folder of installed networks")
    model: str | None = Field(default=None, description="the network to describe by; none: the bundled one")
    index: Literal["auto", "exact", "codes", "two-stage", "graph"] = Field(
        default="auto", description="what finds near vectors; auto: by the size of the collection"
    )
    expansion: int = Field(
        default=EXPANSION, ge=0, le=16, description="nearest pictures asked together with one; 0: all are ranked alone"
    )
    workers: int = Field(default=2, ge=1, le=64, description="processes that decode pictures")
    max_pixels: int = Field(default=100_000_000, ge=1, description="decoded pixels of one picture")
    max_seconds: float = Field(default=10.0, gt=0, le=86_400, description="seconds to decode one picture")
    max_memory: int = Field(default=2 << 30, ge=256 << 20, description="bytes of memory of one decoding process")
    query_seconds: float = Field(
        default=10.0, gt=0, le=86_400, description="seconds the catalogue may take to answer one query"
    )
    preview_bytes: int = Field(default=1 << 30, ge=0, description="bytes of large thumbnails kept on disk")
    password: SecretStr | None = Field(default=None, description="what people must give to use the server")
    token: SecretStr | None = Field(default=None, description="what programs must send to use it, as Bearer")
    engine: Annotated[str, AfterValidator(_without_user)] | None = Field(
        default=None, description="the URL of Elasticsearch or OpenSearch; none: not used"
    )
    engine_user: str | None = Field(default=None, description="the user to be there")
    engine_password: SecretStr | None = Field(default=None, description="that user's password")
    engine_api_key: SecretStr | None = Field(default=None, description="instead of user and password")
    engine_ca: Home | None = Field(default=None, description="a file of certificates that vouch for the engine's")
    max_upload_bytes: int = Field(default=100 << 20, ge=1, description="bytes of a picture that is sent to search with")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the settings file behind the environment; read no `.env` of a folder one happens to stand in."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, SETTINGS_FILE)


@cache
def load_settings() -> Settings:
    """Return the settings of this process.

    Raises
    ------
    LookalikeError
        If a variable or the file holds something that cannot be.
    """
    try:
        return Settings()
    except tomllib.TOMLDecodeError as error:
        raise LookalikeError(f"{SETTINGS_FILE} cannot be read: {error}; correct it or delete it") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        value = "not shown" if name in (*SECRETS, "engine") else repr(first["input"])
        raise LookalikeError(
            f"the setting {name} is {value}, but {first['msg'].removeprefix('Value error, ').lower()}; "
            f"correct LOOKALIKE_{name.upper()} or {SETTINGS_FILE}"
        ) from error

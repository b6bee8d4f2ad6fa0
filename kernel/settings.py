"""Every setting of every process, as one typed struct read once from the environment.

A setting is one annotated line: the field ``gateway_port`` is the variable ``YIWANG_GATEWAY_PORT``, its description
is its documentation (docs/settings.md is generated from here), its ``Meta`` limits are checked. Secrets never show in
a repr. Nothing else in the project reads ``os.environ`` for configuration.
"""

import difflib
import logging
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from kernel.networks import parse_networks

PREFIX = "YIWANG_"
SECRET = {"secret": True}
# Not settings of a process, but options of commands and of the tests.
OTHERS = {
    "YIWANG_GATEWAY": "Where `yiwang publish` and its sisters find the gateway, `http://127.0.0.1:8000` by default.",
    "YIWANG_TOKEN": "The department's credential that they show.",
    "YIWANG_ORACLE_EXAMPLES": "How many examples the tests compare with graphql-core; more than in CI finds more.",
}


class SettingsError(ValueError):
    """A variable has a value that cannot be used; the message names the variable."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one process; ``load`` makes it from the environment."""

    database_url: Annotated[
        str,
        Meta(
            description="PostgreSQL ≥ 16, as `postgresql://user:password@host:5432/name`. "
            "Empty: an embedded server under the state directory.",
            extra=SECRET,
        ),
    ] = ""
    redis_url: Annotated[
        str,
        Meta(
            description="Redis ≥ 7 or Valkey, as `redis://host:6379/0`, `rediss://…` or `unix:///path`. "
            "Empty: an embedded server under the state directory.",
            extra=SECRET,
        ),
    ] = ""
    state_dir: Annotated[
        str,
        Meta(
            description="Where the embedded servers keep data and sockets. "
            "Empty: the nearest `.yiwang` of this folder or its parents, else a new one here.",
        ),
    ] = ""
    key_file: Annotated[
        str,
        Meta(
            description="The file of the keys that seal personal data and secrets at rest; `yiwang keys create` makes "
            "one. Empty: `keys.json` under the state directory, made together with the embedded database."
        ),
    ] = ""
    key_encryption_key: Annotated[
        str,
        Meta(
            description="What wraps the keys in that file: 32 random bytes in base64 (`openssl rand -base64 32`). "
            "Empty: the file itself holds it, which is for development.",
            extra=SECRET,
        ),
    ] = ""
    database_pool_size: Annotated[
        int, Meta(description="PostgreSQL connections of one process, in each of its two pools.", ge=1)
    ] = 8
    redis_timeout_seconds: Annotated[
        float, Meta(description="How long one Redis command, connecting included, may take.", gt=0)
    ] = 2.0
    gateway_host: Annotated[str, Meta(description="The address that `yiwang gateway` listens on.")] = "127.0.0.1"
    gateway_port: Annotated[int, Meta(description="The port that `yiwang gateway` listens on.", ge=1, le=65535)] = 8000
    gateway_workers: Annotated[
        int, Meta(description="Processes of one `yiwang gateway`, each with an event loop and a core of its own.", ge=1)
    ] = 1
    sandbox_port: Annotated[
        int,
        Meta(description="The port of the simulated host apps, at `yiwang sandbox` and `make run`.", ge=1, le=65535),
    ] = 9200
    request_seconds: Annotated[
        float, Meta(description="How long one GraphQL request may take, all its fetches included.", gt=0)
    ] = 30.0
    max_request_bytes: Annotated[
        int, Meta(description="The longest body of a GraphQL request; publishing has its own limit.", ge=1024)
    ] = 2**20
    max_document_tokens: Annotated[int, Meta(description="The most tokens of one GraphQL document.", ge=100)] = 5_000
    max_fetches: Annotated[
        int, Meta(description="The most calls to departments and the catalogue that one operation may plan.", ge=1)
    ] = 100
    max_cost: Annotated[
        int, Meta(description="The most points that the calls of one operation may cost (docs/graphql.md).", ge=1)
    ] = 1_000
    plan_cache_bytes: Annotated[
        int,
        Meta(description="Memory for planned operations in each gateway process, the most recently used.", ge=2**20),
    ] = 128 * 2**20
    introspection_services: Annotated[
        int,
        Meta(description="Up to so many services are introspected at once; above, name them: `/graphql?services=a,b`."),
    ] = 50
    access_log: Annotated[bool, Meta(description="Whether each GraphQL request is logged.")] = True
    issuer: Annotated[
        str,
        Meta(
            description="The public https:// URL of the sign-on: the issuer of every token, with no slash at its end. "
            "Empty: the gateway's own address, for development.",
        ),
    ] = ""
    access_token_seconds: Annotated[
        int, Meta(description="How long an access token lives; services elsewhere trust it so long.", ge=30, le=600)
    ] = 300
    browser_session_idle_minutes: Annotated[
        int, Meta(description="After how much idleness a browser signs in anew (NIST SP 800-63B: 60 at most).", ge=1)
    ] = 60
    browser_session_hours: Annotated[
        int, Meta(description="How long a browser stays signed in at all (NIST SP 800-63B: 24 at most).", ge=1)
    ] = 24
    site_refresh_idle_days: Annotated[
        int, Meta(description="After how many unused days a site with offline_access can refresh no more.", ge=1)
    ] = 7
    site_refresh_days: Annotated[
        int, Meta(description="How many days a site with offline_access can refresh at all.", ge=1)
    ] = 30
    app_session_idle_days: Annotated[
        int, Meta(description="After how many idle days a mini-program signs in anew.", ge=1)
    ] = 7
    app_session_days: Annotated[int, Meta(description="How many days a mini-program stays signed in at all.", ge=1)] = (
        30
    )
    session_retention_days: Annotated[
        int,
        Meta(
            description="After how many days the rows of ended sessions are deleted. Six months have up to 184 days "
            "(Cybersecurity Law, article 21: six months at least; residents are told 184).",
            ge=1,
        ),
    ] = 184
    host_apps_file: Annotated[
        str,
        Meta(
            description="The JSON file of the host apps and their secrets (docs/operations.md). "
            "Empty: none, so that residents sign in by no mini-program; `make run` names the sandbox's."
        ),
    ] = ""
    sms_url: Annotated[
        str,
        Meta(
            description="The SMS gateway (adapters/web/sms.py) of sign-in codes and the web app. Empty: no phone codes."
        ),
    ] = ""
    sms_key: Annotated[str, Meta(description="The SMS gateway's key, as `<key id>:<secret>`.", extra=SECRET)] = ""
    sms_codes_per_address: Annotated[
        int, Meta(description="Sign-in codes an hour for one network address, or IPv6 /64; in a day four times.", ge=1)
    ] = 30
    sms_codes_alarm: Annotated[
        int, Meta(description="More sign-in codes an hour, over all, are an alarm and refuse nobody.", ge=1)
    ] = 2000
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks of the proxies in front, as CIDRs: only their `X-Forwarded-For` is believed. "
            "Empty: nobody's, and who connects counts as who asks (docs/operations.md)."
        ),
    ] = ()
    identity_url: Annotated[
        str,
        Meta(description="The identity service (adapters/identity.py has its wire). Empty: no proofs, no registers."),
    ] = ""
    identity_key: Annotated[
        str, Meta(description="The identity service's key, as `<key id>:<secret>`.", extra=SECRET)
    ] = ""
    vehicle_register_url: Annotated[
        str, Meta(description="The city's vehicle register (docs/vehicle_register.yaml). Empty: none is asked.")
    ] = ""
    vehicle_register_key: Annotated[str, Meta(description="Its key, as `<key id>:<secret>`.", extra=SECRET)] = ""
    purposes_file: Annotated[
        str,
        Meta(
            description="The JSON file of what services use data for, in the words that residents agree to "
            "(docs/operations.md). Empty: the platform's own purposes only."
        ),
    ] = ""
    upstream_networks: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks in which departments' upstreams may lie although they are private, loopback or "
            "otherwise special, as CIDRs: `10.20.0.0/16, 192.168.7.0/24`."
        ),
    ] = ()
    audit_anchor_file: Annotated[
        str,
        Meta(
            description="The file to which `yiwang worker` appends the audit log's anchors, best on storage that "
            "the database's administrators cannot write. Empty: anchors are kept in the database only."
        ),
    ] = ""
    audit_key_file: Annotated[
        str,
        Meta(description="The P-256 private key (PEM) that signs the audit log's anchors. Empty: they are not signed."),
    ] = ""
    guide_refuses: Annotated[
        bool,
        Meta(
            description="Whether what a department asks an applicant for is refused if the published entry does not "
            "list it (docs/catalogue.md). Else it is told, and counted."
        ),
    ] = False
    probe_seconds: Annotated[
        int,
        Meta(
            description="Within how many seconds `yiwang worker` finds that an operation which opens an entry is down.",
            ge=60,
            le=86_400,
        ),
    ] = 60
    place_code_domain: Annotated[
        str,
        Meta(
            description="The domain of codes on stickers, `example.gov.cn` for `HTTPS://Q.EXAMPLE.GOV.CN/P/…`, which "
            "leads to the gateway. Empty: the sign-on's own URL (docs/codes.md).",
            pattern="^[A-Za-z0-9.-]*$",
        ),
    ] = ""
    log_level: Annotated[
        str, Meta(description="The least level that is logged.", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    ] = "INFO"

    def __repr__(self) -> str:
        shown = (f"{name}={'…' if _secret(name) else getattr(self, name)!r}" for name in self.__struct_fields__)
        return f"Settings({', '.join(shown)})"


def variable(field: str) -> str:
    """``database_url`` → ``YIWANG_DATABASE_URL``."""
    return PREFIX + field.upper()


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment; ``SettingsError`` names the first variable that cannot be used."""
    environ = os.environ if environ is None else environ
    known = {variable(name): name for name in Settings.__struct_fields__}
    for name in environ:
        if name.startswith(PREFIX) and name not in known and name not in OTHERS:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; docs/settings.md lists what there is"
            logging.getLogger(__name__).warning("unknown variable %s is ignored%s", name, hint)
    settings = Settings(
        **{field: _read(field, name, environ[name]) for name, field in known.items() if name in environ}
    )
    for field in ("upstream_networks", "trusted_proxies"):
        try:
            parse_networks(getattr(settings, field))
        except ValueError as error:
            raise SettingsError(f"{variable(field)}: {error} (docs/settings.md describes it)") from error
    return settings


def state_path(settings: Settings) -> Path:
    """The state directory as an absolute path; it may not exist yet."""
    if settings.state_dir:
        return Path(settings.state_dir).absolute()
    here = Path.cwd()
    return next((d / ".yiwang" for d in (here, *here.parents) if (d / ".yiwang").is_dir()), here / ".yiwang")


def _read(field: str, name: str, text: str) -> Any:
    kind, _ = annotation(field)
    raw: Any = [part.strip() for part in text.split(",") if part.strip()] if get_origin(kind) is tuple else text
    try:
        return msgspec.convert(raw, _hints()[field], strict=False)
    except msgspec.ValidationError as error:
        shown = "its value" if _secret(field) else repr(text)
        raise SettingsError(f"{name}: {shown} cannot be used: {error} (docs/settings.md describes it)") from error


@cache
def _hints() -> dict[str, Any]:
    return get_type_hints(Settings, include_extras=True)


def annotation(field: str) -> tuple[Any, Meta]:
    """Return a setting's type, and its limits and description."""
    kind, meta = get_args(_hints()[field])
    return kind, meta


def _secret(field: str) -> bool:
    return annotation(field)[1].extra == SECRET

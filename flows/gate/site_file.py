"""What a box is installed with: which lot it serves, who it is to the platform, and what it trusts."""

import re
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from flows.codes.key_sets import KeySet, trusting
from flows.gate.errors import SiteFileError
from flows.parking.errors import PlateError
from flows.parking.plates import read_plate
from flows.parking.site_snapshot import SiteLane

_KEY = re.compile(r"([0-9a-f]{4}):([0-9a-f]{64})", re.ASCII)
_Token = Annotated[str, Meta(min_length=16, pattern=r"^[\x21-\x7e]+\Z")]
_FIX = "docs/gate.md has an example of a site's file."


class SiteFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``device`` and ``secret`` are of `yiwang verifier add`; ``token`` is what cameras and scanners send.

    ``booth_token`` is what the booth's page and terminals send: it does all, also take money and lift an arm.
    ``list_key`` is a key of `yiwang code-keys list` for lists, as ``kid:public``; without it codes are judged online.
    Another one than before makes the box forget the lists that it has.
    ``lanes`` hold until the platform's snapshot says otherwise; ``barred`` are plates that this site does not let in.
    """

    lot: UUID
    device: UUID
    secret: Annotated[str, Meta(min_length=16)]
    token: _Token
    booth_token: _Token
    list_key: str = ""
    lanes: tuple[SiteLane, ...] = ()
    barred: tuple[str, ...] = ()

    @property
    def trusted(self) -> KeySet:
        """The keys that lists are believed by at first."""
        found = _KEY.fullmatch(self.list_key)
        return trusting(bytes.fromhex(found[1]), bytes.fromhex(found[2])) if found else KeySet(0, ())


def read_site(path: Path) -> SiteFile:
    """Raises SiteFileError."""
    try:
        return checked(msgspec.json.decode(path.read_bytes(), type=SiteFile), str(path))
    except OSError as error:
        raise SiteFileError(f"{path} cannot be read: {error.strerror}", fix=_FIX) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SiteFileError(f"{path}: {error}", fix=_FIX) from error


def checked(site: SiteFile, where: str) -> SiteFile:
    """Return it with plates in their normal form. Raises SiteFileError."""
    if site.list_key and not _KEY.fullmatch(site.list_key):
        raise SiteFileError(f"{where}: list_key is not 4 and 64 hexadecimal digits with a colon between", fix=_FIX)
    if site.token == site.booth_token:
        raise SiteFileError(f"{where}: token and booth_token are one: any camera could lift the arm", fix=_FIX)
    try:
        barred = tuple(read_plate(each).text for each in site.barred)
    except PlateError as error:
        raise SiteFileError(f"{where}: barred has a text that is no plate", fix=error.fix) from error
    return msgspec.structs.replace(site, barred=barred)

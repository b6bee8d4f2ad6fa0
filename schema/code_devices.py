"""``codeDevice``…: a phone that signs codes itself, also without a network. For apps whose keys lie in hardware."""

from base64 import b64decode, urlsafe_b64encode
from typing import Annotated

import strawberry

from auth.assurance import level_of
from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.attempts import Limit, attempt
from flows.codes.binding import Proof, bind, challenge, replaces_another
from flows.codes.devices import phones_of
from flows.codes.errors import CodeDeviceRefusedError
from flows.codes.issuing import Wanted, issue_credential
from flows.codes.tables import CodeDevice
from schema.caller import acting, caller, fresh_caller, token_of
from schema.context import Info
from schema.errors import ArgumentRefusedError
from schema.scalars import DateTimeText, line, text

POLICIES = {
    "Query.codeDevices": SIGNED_IN,
    "CodeDevice": SIGNED_IN,
    "CodeCredential": PUBLIC,  # whoever has one was just given it
    "Mutation.codeDeviceChallenge": SIGNED_IN,
    "Mutation.bindCodeDevice": SIGNED_IN,
    "Mutation.codeCredential": SIGNED_IN,
}

_ASKED = Limit("phones that sign codes", 30, 60)  # a phone asks once in days
_IN_A_HOST_APP = frozenset({"wechat", "alipay", "baidu"})
_Bytes = Annotated[str, strawberry.argument(description="Bytes in base64url, without padding.")]


@strawberry.type(name="CodeDevice", description="A phone that may sign codes of the resident's by itself.")
class CodeDeviceShown:
    """A phone."""

    bound_at: DateTimeText
    trusted_until: DateTimeText = strawberry.field(description="How long gates without a network believe it.")


@strawberry.type(name="CodeCredential", description="By which a bound phone signs codes: docs/codes.md.")
class CredentialShown:
    """A credential, and the platform's time: a phone's own clock may be wrong."""

    credential: str = strawberry.field(description="119 bytes in base64url.")
    valid_until: DateTimeText
    now: DateTimeText


@strawberry.type
class CodeDeviceQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(description="The phone that may sign codes of the resident's, if there is one.")  # type: ignore[untyped-decorator]  # strawberry's
    async def code_devices(self, info: Info) -> list[CodeDeviceShown] | None:
        async with info.context.platform.database.session() as session:
            owner = await caller(session, info.context)
            return [_shown(each) for each in await phones_of(session, owner.account_id)]


@strawberry.type
class CodeDeviceMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(description="What a phone signs, once and within five minutes, to be bound.")  # type: ignore[untyped-decorator]  # strawberry's
    async def code_device_challenge(self, info: Info) -> str | None:
        platform, sid = info.context.platform, token_of(info.context).sid
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
        await attempt(platform.environment.redis, _ASKED, owner.account_id)
        return urlsafe_b64encode(await challenge(platform.environment.redis, sid)).decode().rstrip("=")

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Have a phone sign codes by itself from now on, in place of the one before it. `key` is its P-256 "
        "key, compressed; `proof` its signature of the challenge. For a second phone the resident proves who they are."
    )
    async def bind_code_device(self, info: Info, key: _Bytes, proof: _Bytes) -> CodeDeviceShown | None:
        given = Proof(_bytes(key, "key"), _bytes(proof, "proof"))
        async with acting(info.context, "code_device.bound", "") as (session, owner):
            if owner.channel in _IN_A_HOST_APP:
                raise CodeDeviceRefusedError(
                    "A mini-program has no key store", fix="Fetch signed codes ahead: passCode(batch: 10)."
                )
            if await replaces_another(session, owner.account_id, given.public):
                await fresh_caller(session, info.context)
            return _shown(await bind(session, info.context.platform.desk, owner.account_id, owner.sid, given))

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="A credential for the bound phone with this key, for a week: fetch another whenever there is a "
        "network. `purpose` and `group` are those of `passCode`."
    )
    async def code_credential(self, info: Info, key: _Bytes, purpose: str, group: str = "") -> CredentialShown | None:
        platform = info.context.platform
        wanted = Wanted(line(purpose, "purpose"), line(group, "group")[:63], phone=_bytes(key, "key"))
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
            await attempt(platform.environment.redis, _ASKED, owner.account_id)
            level = level_of(owner.ial, owner.aal)
            made, until = await issue_credential(session, platform.desk, owner.account_id, level, wanted)
        shown, now = urlsafe_b64encode(made).decode().rstrip("="), platform.environment.clock.now()
        return CredentialShown(credential=shown, valid_until=text(until), now=text(now))


def _shown(phone: CodeDevice) -> CodeDeviceShown:
    return CodeDeviceShown(bound_at=text(phone.bound_at), trusted_until=text(phone.trusted_until))


def _bytes(given: str, name: str) -> bytes:
    try:
        return b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        fix = "Write the bytes as RFC 4648 section 5 has it."
        raise ArgumentRefusedError(f"{name} is no base64url", fix=fix) from error

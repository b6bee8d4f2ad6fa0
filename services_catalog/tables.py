"""The rows of what is offered: departments, their services, and every version of a service that was ever live.

Nothing is deleted: a rollback moves ``Service.live_version``. Names are the keys, as everything outside refers to
departments and services by name.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

HEADERS_COLUMN = "service_version.upstream_headers"


class Department(SQLModel, table=True):
    """A department of the city that publishes services."""

    __tablename__ = "department"

    name: str = Field(primary_key=True)
    title_zh: str
    title_en: str
    created_at: datetime
    organisation: str | None = Field(default=None, foreign_key="organisation.code")  # its place in the tree


class Service(SQLModel, table=True):
    """A service and which of its versions is live; ``revision`` is the catalogue's at the latest change of this row."""

    __tablename__ = "service"
    __table_args__ = (
        ForeignKeyConstraint(
            ["name", "live_version"],
            ["service_version.service", "service_version.number"],
            name="service_live_version",
            use_alter=True,  # the two tables refer to one another
        ),
        Index("service_revision", "revision"),
    )

    name: str = Field(primary_key=True)
    department: str = Field(foreign_key="department.name")
    live_version: int | None = None  # None: taken down
    live_since: datetime | None = None
    revision: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class ServiceVersion(SQLModel, table=True):
    """One published version: what the department handed over and what it was compiled to.

    ``sealed_headers`` are the department's own credentials for its upstream: gateways open them, nobody is shown them
    (services_catalog.upstream_headers). ``upstream_headers`` has them where a release before sealing stored them, until
    `yiwang keys reseal` has gone over the row; else it is empty.
    """

    __tablename__ = "service_version"

    service: str = Field(primary_key=True, foreign_key="service.name")
    number: int = Field(default=0, primary_key=True)  # given by services_catalog.versions.store
    manifest: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))  # without the headers' values
    upstream_headers: dict[str, str] = Field(default_factory=dict, repr=False, sa_column=Column(JSONB, nullable=False))
    sealed_headers: bytes | None = Field(
        default=None,
        repr=False,
        sa_column=Column(LargeBinary, info={"sealed": HEADERS_COLUMN, "sealed_from": "upstream_headers"}),
    )
    bundle: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # services_catalog.bundle.pack
    slice: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # supergraph.slice.encode
    sdl: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # services_catalog.definitions.pack
    digest: str  # of the slice
    operations: int
    typed: int
    findings: list[dict[str, str]] = Field(sa_column=Column(JSONB, nullable=False))
    created_at: datetime
    created_by: str  # the key id of the credential


class CatalogRevision(SQLModel, table=True):
    """One row: the number of the latest change of any service or entry.

    ``tree`` is the number of the latest that moved, merged or renamed organisations.

    A transaction that changes one of these takes its number here, last of all. The row's lock makes the next one wait
    until it has committed, so numbers become visible in their order: whoever has seen N has seen all before N. A
    sequence would not promise that.
    """

    __tablename__ = "catalog_revision"
    __table_args__ = (CheckConstraint("id = 1", name="catalog_revision_one_row"),)

    id: int = Field(default=1, primary_key=True)
    revision: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    tree: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))

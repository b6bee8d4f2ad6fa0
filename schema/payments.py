"""``payments``, ``beginPayment`` and debit mandates: what a resident owes, pays, has paid and lets be charged.

What a client saw in a host's cashier proves nothing: how an order stands comes from hosts' callbacks and queries alone.
"""

import strawberry

from auth.issuer import issuer
from auth.policies import PUBLIC, SIGNED_IN
from flows.payments import cashiers, mandates, receipts
from flows.payments.attempting import Cashier, begin_attempt, prepay
from flows.payments.ordering import order_of, orders_of
from flows.payments.states import OPEN_ORDERS, MandateEvent
from flows.payments.tables import DebitMandate, PaymentOrder
from schema.caller import acting, caller
from schema.context import Context, Info
from schema.errors import UnknownAppError
from schema.scalars import DateTimeText, JsonValue, text
from schema.ways_in import uuid

POLICIES = {
    "Query.payments": SIGNED_IN,
    "Payments": SIGNED_IN,
    "PaymentOrder": PUBLIC,  # its account comes to it by ``payments`` or what gives it
    "PaymentLine": PUBLIC,
    "PaymentApp": PUBLIC,
    "PaymentBegun": PUBLIC,
    "Receipt": PUBLIC,
    "DebitMandate": PUBLIC,
    "Mutation.beginPayment": SIGNED_IN,
    "Mutation.suspendDebitMandate": SIGNED_IN,
    "Mutation.resumeDebitMandate": SIGNED_IN,
    "Mutation.endDebitMandate": SIGNED_IN,
}


@strawberry.type(name="PaymentLine", description="What a part of an amount is for.")
class LineShown:
    """A line of an order or receipt."""

    text: str
    amount_fen: int


@strawberry.type(name="PaymentApp", description="An app in which an order can be paid.")
class AppShown:
    """A cashier."""

    app: str
    provider: str
    open: bool = strawberry.field(description="Whether it takes payments now; false: offer another.")


@strawberry.type(name="PaymentOrder", description="What somebody owes, and how it stands.")
class OrderShown:
    """An order."""

    row: strawberry.Private[PaymentOrder]
    id: strawberry.ID
    about: str = strawberry.field(description="`kind:id` of what it is for.")
    subject: str
    amount_fen: int
    refunded_fen: int = strawberry.field(description="What has come back of it.")
    state: str = strawberry.field(
        description="created, pending (an app was asked), paid, closed, refunding, partly_refunded or refunded."
    )
    expires_at: DateTimeText
    paid_at: DateTimeText | None

    @strawberry.field(description="What the amount is made of.")  # type: ignore[untyped-decorator]  # strawberry's
    def lines(self) -> list[LineShown]:
        return [LineShown(text=each["text"], amount_fen=each["amount"]) for each in self.row.lines]

    @strawberry.field(description="Where it can be paid; none once it is paid or closed.")  # type: ignore[untyped-decorator]  # strawberry's
    async def apps(self, info: Info) -> list[AppShown]:
        platform = info.context.platform
        if self.row.state not in OPEN_ORDERS:
            return []
        paying = [each for each in platform.channels.values() if each.provider != "web"]
        closed = await cashiers.closed(platform.environment.redis, [each.app_id for each in paying])
        return [AppShown(app=each.app_id, provider=each.provider, open=each.app_id not in closed) for each in paying]


def shown_order(row: PaymentOrder) -> OrderShown:
    """Return an order as its account may see it."""
    return OrderShown(
        row=row,
        id=strawberry.ID(str(row.id)),
        about=row.about,
        subject=row.subject,
        amount_fen=row.amount,
        refunded_fen=row.refunded,
        state=row.state,
        expires_at=text(row.expires_at),
        paid_at=text(row.paid_at) if row.paid_at else None,
    )


@strawberry.type(name="Receipt", description="What can be shown of a payment. It is no tax invoice.")
class ReceiptShown:
    """A receipt."""

    number: str = strawberry.field(description="Ours, as the app's bill has it.")
    subject: str
    payer: str = strawberry.field(description="A name but for its last character hidden; empty while there is none.")
    payee: str
    lines: list[LineShown]
    amount_fen: int
    refunded_fen: int
    paid_at: DateTimeText
    provider: str
    transaction: str = strawberry.field(description="The app's own number.")
    page: str = strawberry.field(description="A page of HTML to print.")


@strawberry.type(name="DebitMandate", description="That an app may charge for something without asking each time.")
class DebitMandateShown:
    """A debit mandate."""

    id: strawberry.ID
    about: str = strawberry.field(description="`kind:id` of what is charged for.")
    app: str
    limit_each_fen: int = strawberry.field(description="What it may charge at most each time.")
    state: str = strawberry.field(description="signed, active, suspended or terminated.")
    because: str
    consented_at: DateTimeText


def shown_debit_mandate(row: DebitMandate) -> DebitMandateShown:
    """Return a mandate as its account may see it."""
    return DebitMandateShown(
        id=strawberry.ID(str(row.id)),
        about=row.about,
        app=row.app_id,
        limit_each_fen=row.limit_each,
        state=row.state,
        because=row.because,
        consented_at=text(row.consented_at),
    )


@strawberry.type
class Payments:
    """Whose they are is known by the token."""

    @strawberry.field(description="Their newest 50 orders.")  # type: ignore[untyped-decorator]  # strawberry's
    async def orders(self, info: Info) -> list[OrderShown]:
        async with info.context.platform.database.session() as session:
            owner = await caller(session, info.context)
            return [shown_order(row) for row in await orders_of(session, owner.account_id)]

    @strawberry.field(description="One of their orders. Ask again after the cashier closes, until it is paid.")  # type: ignore[untyped-decorator]  # strawberry's
    async def order(self, info: Info, id: strawberry.ID) -> OrderShown | None:  # noqa: A002 - the graph's name
        async with info.context.platform.database.session() as session:
            owner = await caller(session, info.context)
            return shown_order(await order_of(session, owner.account_id, uuid(id, "id")))

    @strawberry.field(description="The receipt of an order that is paid.")  # type: ignore[untyped-decorator]  # strawberry's
    async def receipt(self, info: Info, order: strawberry.ID) -> ReceiptShown | None:
        async with info.context.platform.database.session() as session:
            owner = await caller(session, info.context)
            row = await order_of(session, owner.account_id, uuid(order, "order"))
            made = await receipts.receipt_of(session, info.context.platform.environment.keys.cipher, row)
        return ReceiptShown(
            number=made.number,
            subject=made.subject,
            payer=made.payer,
            payee=made.payee,
            lines=[LineShown(text=each.text, amount_fen=each.amount) for each in made.lines],
            amount_fen=made.amount,
            refunded_fen=made.refunded,
            paid_at=text(made.paid_at),
            provider=made.provider,
            transaction=made.transaction,
            page=receipts.page(made),
        )

    @strawberry.field(description="What they let be charged without being asked, ended ones too.")  # type: ignore[untyped-decorator]  # strawberry's
    async def debit_mandates(self, info: Info) -> list[DebitMandateShown]:
        async with info.context.platform.database.session() as session:
            owner = await caller(session, info.context)
            return [shown_debit_mandate(row) for row in await mandates.mandates_of(session, owner.account_id)]


@strawberry.type
class PaymentQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(description="What the resident who asks owes and has paid.")  # type: ignore[untyped-decorator]  # strawberry's
    def payments(self) -> Payments | None:
        return Payments()


@strawberry.type(name="PaymentBegun", description="A payment that an app's cashier can be opened for.")
class PaymentBegun:
    """What the client needs."""

    number: str = strawberry.field(description="Ours, as the app's bill will have it.")
    arguments: JsonValue = strawberry.field(
        description="For `wx.requestPayment`, `my.tradePay`, or as `orderInfo` for `swan.requestPolymerPayment`."
    )


@strawberry.type
class PaymentMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Begin to pay an order in an app that the resident has signed in to; again is the same payment, "
        "also after an error. What the cashier tells the client is no proof; ask `order`."
    )
    async def begin_payment(self, info: Info, order: strawberry.ID, app: str) -> PaymentBegun | None:
        cashier = cashier_of(info.context)
        if (channel := cashier.channels.get(app)) is None:
            raise UnknownAppError(f"There is no app {app[:80]!r} here", fix="Take one of the order's `apps`.")
        wanted = uuid(order, "order")
        async with acting(info.context, "payment.begun", f"payment_order:{wanted}") as (session, owner):
            held = await begin_attempt(session, cashier.clock, channel, owner.account_id, wanted)
        begun = await prepay(cashier, *held)
        return PaymentBegun(number=begun.number, arguments=JsonValue(dict(begun.arguments)))

    @strawberry.mutation(description="Let nothing be charged by a mandate until it is resumed.")  # type: ignore[untyped-decorator]  # strawberry's
    async def suspend_debit_mandate(self, info: Info, id: strawberry.ID) -> DebitMandateShown | None:  # noqa: A002 - the graph's name
        return await _step(info.context, id, "suspend")

    @strawberry.mutation(description="Let things be charged by a suspended mandate again.")  # type: ignore[untyped-decorator]  # strawberry's
    async def resume_debit_mandate(self, info: Info, id: strawberry.ID) -> DebitMandateShown | None:  # noqa: A002 - the graph's name
        return await _step(info.context, id, "resume")

    @strawberry.mutation(description="End a mandate for good, at once.")  # type: ignore[untyped-decorator]  # strawberry's
    async def end_debit_mandate(self, info: Info, id: strawberry.ID) -> DebitMandateShown | None:  # noqa: A002 - the graph's name
        return await _step(info.context, id, "terminate")


def cashier_of(context: Context) -> Cashier:
    """Return where a gateway's payments are tried."""
    platform = context.platform
    environment = platform.environment
    callbacks = issuer(environment.settings)
    return Cashier(platform.database, environment.redis, environment.clock, platform.channels, callbacks)


async def _step(context: Context, id_: strawberry.ID, event: MandateEvent) -> DebitMandateShown:
    clock, mandate = context.platform.environment.clock, uuid(id_, "id")
    async with context.platform.database.session() as session:
        owner = await caller(session, context)
        await mandates.mandate_of(session, owner.account_id, mandate)
        actor = f"account:{owner.account_id}"
        return shown_debit_mandate(
            await mandates.step(session, clock, mandate, event, actor=actor, because="the resident")
        )

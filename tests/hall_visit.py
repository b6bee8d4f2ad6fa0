"""A resident's visit in three real browsers, as a test does it and as anybody does it by hand (``tests.walk_hall``).

The sticker is what a scanner has decoded of the printed page; the phone scans that text.
"""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from tests.browser import Browser
from tests.simulated_phone import open_page, scan

Seen = Callable[[str, Browser], Awaitable[None]]
"""Called at each step, with what it is and the window to look at."""


class Place(Struct, frozen=True):
    """Where all that is done, by which keys, and who the resident is. ``counter`` is a number."""

    gateway: str
    phones: str
    office: str
    counter: str
    service: str
    sticker: str
    clerk: str
    display: str
    name: str
    id_number: str
    latitude: float
    longitude: float


async def nobody(_: str, __: Browser) -> None:
    """Look at nothing."""


async def book(phone: Browser, at: Place, seen: Seen = nobody) -> None:
    """Book the next time but one, and say who one is if that is asked."""
    await phone.stand(at.latitude, at.longitude)
    await open_page(phone, at.phones, f"{at.gateway}/appointments")
    await phone.find(".service", at.service)
    await seen("home", phone)
    await phone.click(".service", at.service)
    await phone.click(".days button:not(:disabled)")
    await phone.find(".times button")
    await seen("times", phone)
    await phone.click(".times button:nth-of-type(2)")  # the first may be over in a moment
    await phone.find("#id-number, #remaining")
    if await phone.run("return document.getElementById('id-number') !== null"):
        await phone.type("#name", at.name)
        await phone.type("#id-number", at.id_number)
        await seen("proof", phone)
        await phone.click("dialog button.main")
    await phone.find("#remaining")
    await seen("held", phone)
    await phone.click("button.main", "确认预约")
    await phone.find("h1", "预约成功")
    await seen("booked", phone)
    await phone.click("button", "完成")


async def check_in(phone: Browser, at: Place, seen: Seen = nobody) -> str:
    """Scan the sticker, and return the number that it gives."""
    await phone.click("#scan")
    await phone.leave()
    await phone.find("#leave")  # the phone's scanner is on
    await scan(phone, at.sticker)
    await phone.enter("#page iframe")
    await phone.find("#queue .go", "下一位就是您")
    await seen("waiting", phone)
    return await phone.text("#queue .number")


async def staff_come(counter: Browser, screen: Browser, at: Place) -> None:
    """Sign in at a counter and at the hall's screen, and open the counter."""
    await screen.open(f"{at.gateway}/hall/display#office={at.office}")
    await screen.type("#credential", at.display)
    await screen.click("form button.main")
    await counter.open(f"{at.gateway}/hall#office={at.office}&counter={at.counter}")
    await counter.type("#credential", at.clerk)
    await counter.click("form button.main")
    await counter.find("#open, #call")
    if await counter.run("return document.getElementById('open') !== null"):
        await counter.click("#open")


async def be_called(
    phone: Browser, counter: Browser, screen: Browser, called: tuple[str, str], seen: Seen = nobody
) -> None:
    """Be called, shown, served, and done. ``called`` are number and name; of the name others see the last glyph."""
    number, name = called
    await counter.click("#call")
    await counter.find("#number", number)
    await seen("call", counter)
    await screen.find(".calling .number", number)
    await screen.find(".calling .name", f"**{name[-1]}")
    await seen("screen", screen)
    await phone.find("#queue[data-state=called] .go")
    await seen("called", phone)
    await counter.click("#serve")
    await phone.find("#queue[data-state=serving]")
    await seen("served", phone)
    await counter.click("#finish")
    await phone.find("#queue[data-state=done]")
    await seen("done", phone)

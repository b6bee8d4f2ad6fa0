"""The sandbox's phone, as somebody uses it in a browser."""

from tests.browser import Browser


async def scan(phone: Browser, text: str) -> None:
    """Scan a code."""
    if not await phone.run("return document.getElementById('scan-details').open"):
        await phone.click("#scan-details > summary")
    await phone.run("document.getElementById('scan-text').value = ''")
    await phone.type("#scan-text", text)
    await phone.click("#scan-form button")


async def open_page(phone: Browser, phones: str, address: str) -> None:
    """Open the phone at the sandbox's address, scan a web address, and go on in the page that the phone shows."""
    await phone.open(phones)
    await phone.find("#about", "+86")
    await scan(phone, address)
    await phone.enter("#page iframe")

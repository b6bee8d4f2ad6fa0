import aiohttp
import pytest

from adapters.alipay.certify import AlipayCertify, CertifyTerms, Person, Verdict
from adapters.errors import CodeRefusedError, HostConfigurationError
from tests.adapters.alipay.conftest import CERT_APP, OLD_APP, Alipay

WANG = Person("王秀英", "110101195003071227")
RETURN_URL = "https://city.example/certified"


async def visit(url: str) -> str:
    async with aiohttp.ClientSession() as browser, browser.get(url) as page:
        return await page.text()


async def show_face(alipay: Alipay, certify_id: str, resident: str) -> tuple[int, str]:
    address = f"{alipay.origin}/certify/{certify_id}"
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(address, data={"resident": resident}, allow_redirects=False) as answer,
    ):
        return answer.status, answer.headers.get("location", "")


@pytest.mark.parametrize(("resident", "passed"), [("wang", True), ("li", False)])
async def test_the_person_who_was_named_passes_and_nobody_else(alipay: Alipay, resident: str, passed: bool) -> None:  # noqa: FBT001 - a parameter
    certify = AlipayCertify(alipay.client())
    number = await certify.begin("C1", WANG, RETURN_URL)
    assert (await certify.verdict(number)).passed is False
    assert (await show_face(alipay, number, resident))[0] == 404  # its page has not been opened
    page = await visit(certify.page(number))
    assert number in page
    assert WANG.id_number not in page
    assert await show_face(alipay, number, resident) == (303, RETURN_URL)
    verdict = await certify.verdict(number)
    assert verdict.passed is passed
    assert bool(verdict.reason) is not passed


async def test_a_made_up_person_passes_with_no_face(alipay: Alipay) -> None:
    certify = AlipayCertify(alipay.client(CERT_APP))
    number = await certify.begin("C1", Person("王秀英", "310101198806152312"), RETURN_URL)
    await visit(certify.page(number))
    for resident in alipay.world.residents:
        await show_face(alipay, number, resident)
        assert not (await certify.verdict(number)).passed


async def test_a_page_of_another_signature_or_app_is_not_opened(alipay: Alipay) -> None:
    certify = AlipayCertify(alipay.client())
    number = await certify.begin("C1", WANG, RETURN_URL)
    assert "isv.invalid-signature" in await visit(certify.page(number).replace(number, "other"))
    assert "CERTIFY_ID_EXPIRED" in await visit(AlipayCertify(alipay.client(OLD_APP)).page(number))
    with pytest.raises(HostConfigurationError, match="CERTIFY_ID_EXPIRED"):
        await AlipayCertify(alipay.client(OLD_APP)).verdict(number)


@pytest.mark.case("FM-27")
async def test_a_person_can_be_matched_without_a_face(alipay: Alipay) -> None:
    certify = AlipayCertify(alipay.client())
    token = (await alipay.identity("wang")).session_key
    assert await certify.matches(WANG, token) == Verdict(passed=True)
    other = await certify.matches(Person("李伟", "310101198806152312", "13900000002"), token)
    assert (other.passed, other.reason) == (False, "信息不一致")
    with pytest.raises(CodeRefusedError):
        await certify.matches(WANG, (await alipay.identity("wang", OLD_APP)).session_key)


async def test_words_that_are_unverified_are_settings(alipay: Alipay) -> None:
    certify = AlipayCertify(alipay.client(), CertifyTerms(passed="true"))
    token = (await alipay.identity("wang")).session_key
    assert not (await certify.matches(WANG, token)).passed


def test_people_are_not_written_into_logs() -> None:
    assert "王" not in repr(WANG)
    assert "1950" not in repr(WANG)

"""What the page of a scanned place code says, in Chinese and English."""

from typing import Literal

from msgspec import Struct

Lang = Literal["zh", "en"]


class PlaceTexts(Struct, frozen=True):
    """One language's texts."""

    title: str
    compare: str
    compare_hall: str  # where nothing is paid
    pay: str
    park: str
    arrive: str
    far: str
    valid: str
    retired: str
    retired_more: str
    retired_hall: str
    tampered: str
    tampered_more: str
    report: str
    reported: str
    reported_more: str
    other: str


TEXTS: dict[Lang, PlaceTexts] = {
    "zh": PlaceTexts(
        title="一网",
        compare="请核对：现场的编号和位置是否与此一致？不一致请勿付款。",
        compare_hall="请核对：现场的编号和位置是否与此一致？",
        pay="仅在微信、支付宝或百度的一网小程序内用钱包付款。本页面从不索取银行卡信息。",
        park="停车：入场、查费、离场",
        arrive="办事大厅：签到、取号",
        far="您距离此处约 {metres} 米。如果您扫的是眼前的码，它可能被贴错了地方。",
        valid="这是本市的官方二维码",
        retired="这个二维码已停用",
        retired_more="请扫现场的新码，或在小程序里输入位置编号。请勿付款。",
        retired_hall="请扫大厅里的新码。",
        tampered="请勿付款！这不是本市的二维码",
        tampered_more="它可能是被人贴上去的假码。请不要输入任何信息，也不要付款。",
        report="举报这个二维码",
        reported="谢谢，已收到举报",
        reported_more="工作人员会到现场查看。请勿付款。",
        other="English",
    ),
    "en": PlaceTexts(
        title="Yiwang",
        compare="Compare the number and the place with what you see in front of you. If they differ, do not pay.",
        compare_hall="Compare the number and the place with what you see in front of you.",
        pay="Pay in the wallet of Yiwang in WeChat, Alipay or Baidu only. This page never asks for a bank card.",
        park="Parking: enter, see the fee, leave",
        arrive="In the hall: check in, take a ticket",
        far="You are about {metres} metres away. If you scanned the code before you, it hangs in the wrong place.",
        valid="This is a code of the city",
        retired="This code is no longer in use",
        retired_more="Scan the new one on the spot, or type the place's number in the app. Do not pay.",
        retired_hall="Scan the new one in the hall.",
        tampered="Do not pay! This is not a code of the city",
        tampered_more="Somebody may have put it there. Enter nothing, and do not pay.",
        report="Report this code",
        reported="Thank you, we have your report",
        reported_more="Somebody will go and look. Do not pay.",
        other="中文",
    ),
}

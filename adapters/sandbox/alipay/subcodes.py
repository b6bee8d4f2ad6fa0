"""Sub-codes whose real names are not published: made up here, and told to the adapter as settings of the app."""

from collections.abc import Mapping

from adapters.alipay.app import MessageRefusal

USER_BLOCKED = "isv.sandbox-user-blocked"
NO_CREDIT = "sandbox.NO_SUBSCRIPTION"
MESSAGE_VALUE = "sandbox.DATA_INVALID"
TEMPLATE_UNKNOWN = "sandbox.TEMPLATE_NOT_FOUND"
MESSAGE_PAGE = "sandbox.PAGE_NOT_RELEASED"
RECEIVER_UNKNOWN = "sandbox.USER_NOT_FOUND"
PAGE_UNKNOWN = "sandbox.PAGE_NOT_RELEASED"
PLATE_NOT_SIGNED = "sandbox.PLATE_NOT_SIGNED"
CHARGE_REFUSED = "sandbox.CHARGE_REFUSED"
PHONE_REFUSED = "isv.sandbox-no-phone"

MESSAGE_REFUSALS: Mapping[str, MessageRefusal] = {
    NO_CREDIT: "no_credit",
    MESSAGE_VALUE: "value",
    TEMPLATE_UNKNOWN: "template",
    MESSAGE_PAGE: "page",
    RECEIVER_UNKNOWN: "receiver",
}

"""What residents read on the sign-in pages when something goes wrong: what happened and what to do, by error code.

The errors' own messages are for programs and their developers, in English. A test walks the error tree: each error that
the pages can meet stands here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from auth.consents.purposes import Wording
from gateway.http.sign_on.texts import Lang

_GENERAL = Wording(
    "系统暂时出现问题，请稍后再试。如仍无法继续，请联系客服并告知下方的错误代码。",
    "Something does not work at the moment. Try again later. If it still fails, give the help desk the code below.",
)
_PROOF_LATER = Wording(
    "实名核验服务暂时无法使用，请稍后再试，或用微信、支付宝或百度小程序登录。",
    "Identities cannot be checked at the moment. Try again later, or sign in with WeChat, Alipay or Baidu.",
)
_ANEW = Wording(
    "登录已失效。请返回原来的网站，重新登录。", "You are no longer signed in. Go back to the site and sign in again."
)
_BY_APP = Wording(
    "仅凭手机号码不能登录此账户。请用微信、支付宝或百度小程序登录。",
    "A phone number alone does not open this account. Sign in with WeChat, Alipay or Baidu.",
)
_LEAVING = Wording(
    "该网站发来的退出请求有误，您没有被退出。请在该网站重试，或告知该网站。",
    "The site's request to sign you out is faulty, and you are not signed out. Try again there, or tell the site.",
)

SAID: Mapping[str, Wording] = MappingProxyType(
    {
        "INTERNAL_ERROR": _GENERAL,
        "SITE_REQUEST_REFUSED": Wording(
            "该网站发来的登录请求有误，无法登录。请返回该网站重试；如仍不行，请把本页内容告知该网站。",
            "The site's request to sign you in is faulty. Go back and try again; if it fails, show the site this page.",
        ),
        "SIGN_IN_GONE": Wording(
            "本次登录已过期、已完成，或是在另一个浏览器中开始的。请返回原来的网站，重新登录。",
            "This sign-in has expired, is done, or began in another browser. Go back to the site and begin anew.",
        ),
        "TICKET_REFUSED": Wording(
            "此链接已使用或已过期。请返回小程序，重新打开页面。",
            "This link was used already or has expired. Go back to the app and open the page anew.",
        ),
        "HINT_REFUSED": _LEAVING,
        "LOGOUT_REFUSED": _LEAVING,
        "PHONE_NUMBER_INVALID": Wording(
            "手机号码不正确，请检查后重新输入。", "This is no phone number. Look for a mistake and type it in again."
        ),
        "PHONE_CODE_REFUSED": Wording(
            "验证码不正确或已失效。请核对最新一条短信，或重新获取验证码。",
            "The code is wrong or no longer good. Look at the latest message, or have a new code sent.",
        ),
        "TOO_MANY_CODES": Wording(
            "获取验证码过于频繁。请一分钟后再试；多次获取后需等待更久，也可换一种方式登录。",
            "Too many codes were asked for. Try again in a minute, after many codes later, or sign in another way.",
        ),
        "NO_SMS_GATEWAY": Wording(
            "目前不能发送短信验证码。请用微信、支付宝或百度小程序登录。",
            "Codes cannot be sent by SMS here. Sign in with WeChat, Alipay or Baidu.",
        ),
        "HOST_QUOTA_EXHAUSTED": Wording(
            "目前使用的人较多，请一分钟后再试。", "Too many people are using this right now. Try again in a minute."
        ),
        "HOST_MESSAGE_REFUSED": Wording(
            "短信无法发送到此号码。请换一个号码，或用微信、支付宝或百度小程序登录。",
            "No message can be sent to this number. Use another one, or sign in with WeChat, Alipay or Baidu.",
        ),
        "HOST_UNAVAILABLE": Wording(
            "所需的外部服务暂时无法使用，请稍后再试，或换一种方式登录。",
            "A service that is needed here does not answer. Try again later, or sign in another way.",
        ),
        "HOST_OUTCOME_UNKNOWN": Wording(
            "暂时无法确认是否成功。请稍候；如没有结果，请再试一次。",
            "It is not known yet whether this has worked. Wait a little; if nothing comes, try again.",
        ),
        "HOST_MISCONFIGURED": _GENERAL,
        "HOST_SIGNATURE_INVALID": _GENERAL,
        "SIGN_IN_REFUSED": _BY_APP,
        "HOST_SIGN_IN_CANCELLED": Wording(
            "您取消了登录，或者对方没有同意。您可以重试，或换一种方式登录。",
            "You have cancelled, or were not let in there. Try again, or sign in another way.",
        ),
        "HOST_CODE_REFUSED": Wording(
            "本次登录凭证已使用或已过期，请再登录一次，或换一种方式登录。",
            "What you have brought back was used already or is too old. Sign in there again, or another way.",
        ),
        "HOST_USER_BLOCKED": Wording(
            "您在该应用中的账号目前不能用来登录。请换一种方式登录，或到服务窗口办理。",
            "Your account there cannot be used to sign in at the moment. Sign in another way, or ask at a counter.",
        ),
        "ACCOUNT_CLOSED": Wording(
            "此账户已冻结或已注销，不能登录。请联系客服，或到服务窗口咨询。",
            "This account is frozen or closed, so nobody can sign in to it. Ask the help desk or at a service counter.",
        ),
        "ACCOUNT_UNKNOWN": _ANEW,
        "SESSION_ENDED": Wording(
            "手机上的登录已失效。请在小程序中重新登录后再确认，或换一种方式登录。",
            "The sign-in on the phone is over. Sign in there again and confirm anew, or sign in another way.",
        ),
        "TOO_MANY_ATTEMPTS": Wording(
            "尝试次数过多，已暂时锁定。请稍后再试。",
            "This was tried too often and is locked for a while. Try again later.",
        ),
        "ID_NUMBER_INVALID": Wording(
            "身份证号码不正确，请核对 18 位号码后重新输入。",
            "This is no ID number. Compare all 18 characters with your ID card and type them in again.",
        ),
        "IDENTITY_DATA_REFUSED": Wording(
            "姓名或身份证号码无法核验，请核对后重新输入。",
            "The name or the ID number cannot be checked. Compare both with your ID card and type them in again.",
        ),
        "IDENTITY_NO_MATCH": Wording(
            "姓名与身份证号码不一致，请核对后重试。",
            "Name and ID number do not belong together. Compare both with your ID card and try again.",
        ),
        "FACE_CHECK_FAILED": Wording(
            "人脸核验未通过。您可以重试，或使用小程序。",
            "The face check has failed. Try again, or use the mini-program.",
        ),
        "FACE_CHECK_ELSEWHERE": Wording(
            "这次人脸核验不是在这里发起的，或者已经结束。打开此页面没有任何改动。如果链接是别人发给您的，对方可能想冒用您的身份，"
            "请不要再为其看镜头。",
            "This face check was not begun here, or is over. Nothing was changed by opening this page. If somebody has "
            "sent you the link, they may want to pass as you: do not look into the camera for them again.",
        ),
        "STRONGER_PROOF_NEEDED": Wording(
            "核验未能完成。请使用您本人的账户；如已是本人账户，请完成人脸核验。",
            "This check is not enough. Use an account of your own; if it is, have your face checked.",
        ),
        "MERGE_REFUSED": Wording(
            "无法将两个账户认定为同一个人。请到服务窗口咨询。",
            "The two accounts cannot be taken for one person's. Ask at a service counter.",
        ),
        "PASSKEY_REFUSED": Wording(
            "通行密钥未通过。请在此页面重试，按设备提示解锁，或换一种方式登录。",
            "The passkey was not accepted. Try again here and unlock it when the device asks, or go another way.",
        ),
        "PASSKEY_CLONED": Wording(
            "这个通行密钥可能已被复制，为保护您的账户，已将其停用并退出用它登录的设备。请换一种方式登录，如非本人操作请联系客服。",
            "There seems to be a copy of this passkey. To protect you it was removed, and whoever used it is signed "
            "out. Sign in another way, and tell the help desk if a copy is none of your doing.",
        ),
        "UNLINK_REFUSED": Wording(
            "现在不能删除：请先重新登录确认是您本人，且至少保留一种登录方式。",
            "This cannot be removed now: sign in again to show that it is you, and keep another way to sign in.",
        ),
        "IDENTITY_UNKNOWN": Wording(
            "找不到这个通行密钥，它可能已被删除。", "There is no such passkey; it may have been removed already."
        ),
        "ASSURANCE_UNKNOWN": _PROOF_LATER,
        "SIGN_IN_NEEDED": Wording("您尚未登录，请先登录。", "You are not signed in. Sign in first."),
        "CONSENT_NEEDED": Wording("请先阅读说明并勾选同意。", "Read the purpose first, and tick its box if you agree."),
        "PURPOSE_OUTDATED": Wording(
            "授权说明已更新，请阅读新的说明。",
            "What you are asked to agree to has changed. Read it again.",
        ),
        "CONSENT_REFUSED": Wording(
            "您的同意未能记录。请返回原来的网站，重新登录。",
            "Your consent was not recorded. Go back to the site and begin anew.",
        ),
        "CLIENT_UNKNOWN": Wording(
            "该网站未在本平台登记，无法登录。请联系该网站。",
            "The site is not registered here, so nobody can sign in. Tell the site.",
        ),
    }
)


def said(code: str, lang: Lang) -> str:
    """Return what residents read for a code; a general text, without any internals, where none stands here."""
    wording = SAID.get(code, _GENERAL)
    return wording.zh if lang == "zh" else wording.en

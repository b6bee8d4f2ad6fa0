"""What the sign-in pages say, in Chinese and English."""

from typing import Literal

from msgspec import Struct

from gateway.http.sign_on.passkey_texts import EN, ZH, PasskeyTexts

Lang = Literal["zh", "en"]


class Texts(Struct, frozen=True, kw_only=True):
    """Every text of the pages; ``{client}`` and ``{level}`` are filled in."""

    title: str
    other_language: str
    sign_in_to: str
    phone: str
    send_code: str
    cancel: str
    enter_code: str
    notice: str
    kept: str
    code_sent: str
    code: str
    sign_in: str
    another_number: str
    with_app: str
    otherwise: str
    confirm_in_app: str
    confirm_how: str
    another_way: str
    prove_identity: str
    why_identity: str
    why_more: str
    name: str
    id_number: str
    check: str
    error_code: str
    consent_title: str
    consent_intro: str
    consent_revoke: str
    agree: str
    refuse: str
    cannot_go_on: str
    sign_out: str
    sign_out_question: str
    signed_out: str
    other_account: str
    change_account: str
    nothing_changed: str
    go_home: str
    back_to: str
    face_here: str
    begin_face_check: str
    in_app: str
    in_app_how: str
    no_face: str
    go_on_without: str
    face_back: str
    face_done: str
    face_stays: str
    passkeys_left: str
    at_window: str
    at_window_how: str
    at_window_code: str
    at_window_done: str
    show_code: str
    passkey: PasskeyTexts
    fields: dict[str, tuple[str, str]]  # scope → what it is, what it is for
    with_host: dict[str, str]  # by provider


TEXTS: dict[Lang, Texts] = {
    "zh": Texts(
        title="登录 · 一网",
        other_language="English",
        sign_in_to="登录到{client}",
        phone="手机号码",
        send_code="发送验证码",
        cancel="取消",
        enter_code="输入验证码",
        notice="登录时，我们依照法律或服务约定处理以下信息，无需您另行同意：",
        kept="保存{days}天",
        code_sent="六位数字的验证码已发送到您的手机，五分钟内有效。",
        code="验证码",
        sign_in="登录",
        another_number="换一个号码，或重新发送",
        with_app="用微信、支付宝或百度小程序登录",
        otherwise="或者",
        confirm_in_app="在手机上确认",
        confirm_how="在微信、支付宝或百度中打开“一网”小程序，选择“登录网页”，输入下面的确认码。请勿输入别人给您的确认码。",
        another_way="换一种方式登录",
        prove_identity="核验身份",
        why_identity="{client}需要确认您的真实身份（{level}）。姓名和身份证号用于与人口库比对，加密保存；未经您同意不会提供给{client}。",
        why_more="{client}需要更高的身份确认等级（{level}）。",
        name="姓名",
        id_number="身份证号码",
        check="核验",
        error_code="错误代码：",
        consent_title="{client}请求以下信息",
        consent_intro="同意后，{client}可以读取：".replace("{client}", "该网站"),
        consent_revoke="您可以随时在“我的授权”中撤回。",
        agree="同意",
        refuse="不同意",
        cannot_go_on="无法继续",
        sign_out="退出登录",
        sign_out_question="要退出所有部门网站的登录吗？",
        signed_out="您已退出登录。",
        other_account="此浏览器已用另一个账户登录。要改用新的账户吗？",
        change_account="改用新的账户",
        nothing_changed="没有任何改动，您仍处于登录状态。",
        go_home="前往一网",
        back_to="返回{client}",
        face_here="在此进行人脸核验",
        begin_face_check="开始人脸核验",
        in_app="使用小程序",
        in_app_how="在“一网”小程序中核验身份，再用小程序登录。",
        no_face="这需要人脸核验。人脸核验不是必须的：您可以取消，改到服务窗口办理。",
        go_on_without="暂不核验，继续",
        face_back="正在返回小程序",
        face_done="人脸核验已经完成，可以关闭此页。",
        face_stays="如果此页面没有关闭，说明这次人脸核验不是在这个小程序里发起的，没有任何改动。如果链接是别人发给您的，对方可能想冒用"
        "您的身份，请不要再为其看镜头。",
        at_window="在服务窗口",
        at_window_how="在服务窗口，工作人员核对您本人和证件后，输入您手机上显示的代码，无需人脸识别系统。",
        at_window_code="只给窗口工作人员看这个代码，五分钟内有效。不要把它发给任何人；别人发给您的代码，也不要在窗口出示。",
        at_window_done="已核对，继续",
        show_code="显示代码",
        passkeys_left="您没有登录，没有任何改动。",
        passkey=ZH,
        fields={
            "profile": ("姓名", "显示您的姓名，填写表格"),
            "phone": ("手机号码", "通知您办理进度"),
            "id_number": ("身份证号码", "依法核对您的身份"),
            "offline_access": ("离线访问", "在您不使用时继续办理"),
        },
        with_host={"wechat": "微信登录", "alipay": "支付宝登录", "baidu": "百度登录"},
    ),
    "en": Texts(
        title="Sign in · Yiwang",
        other_language="中文",
        sign_in_to="Sign in to {client}",
        phone="Mobile phone number",
        send_code="Send a code",
        cancel="Cancel",
        enter_code="Enter the code",
        notice="Signing in uses data by law or to serve you; you are told of it and not asked:",
        kept="kept for {days} days",
        code_sent="A code of six digits is on its way to your phone. It is good for five minutes.",
        code="Code",
        sign_in="Sign in",
        another_number="Another number, or send it again",
        with_app="Sign in with our mini-program in WeChat, Alipay or Baidu",
        otherwise="or",
        confirm_in_app="Confirm on your phone",
        confirm_how="Open Yiwang in WeChat, Alipay or Baidu, choose “Sign in on the web”, and type this code in. Never "
        "type in a code that somebody else has given you.",
        another_way="Sign in another way",
        prove_identity="Prove who you are",
        why_identity="{client} needs to know who you really are ({level}). Your name and ID number are compared with "
        "the population register and kept encrypted; {client} is given them only if you agree.",
        why_more="{client} needs to know who you are more surely ({level}).",
        name="Name as in your ID card",
        id_number="ID number",
        check="Check",
        error_code="Error code:",
        consent_title="{client} asks for your data",
        consent_intro="If you agree, the site may read:",
        consent_revoke="You can take this back at any time among your consents.",
        agree="Agree",
        refuse="Do not agree",
        cannot_go_on="This cannot go on",
        sign_out="Sign out",
        sign_out_question="Do you want to sign out of all departments' sites?",
        signed_out="You are signed out.",
        other_account="Another account is signed in in this browser. Do you want to change to the new one?",
        change_account="Change to the new account",
        nothing_changed="Nothing was changed: you are still signed in.",
        go_home="Go to Yiwang",
        back_to="Back to {client}",
        face_here="Have your face checked here",
        begin_face_check="Begin the face check",
        in_app="In the mini-program",
        in_app_how="Prove who you are in Yiwang's mini-program, and sign in with it.",
        no_face="That takes a face check, which you need not have: you can cancel, and be served at a counter.",
        go_on_without="Go on without it",
        face_back="Going back to the mini-program",
        face_done="The face check is done. You can close this page.",
        face_stays="If this page stays, the face check was not begun in this mini-program, and nothing was changed. If "
        "somebody has sent you the link, they may want to pass as you: do not look into the camera for them again.",
        at_window="At a service window",
        at_window_how="At a service window an officer compares you with your document, and types in a code that your "
        "phone shows. No camera compares your face.",
        at_window_code="Show this code to the officer alone, within five minutes. Send it to nobody, and never show a "
        "code at a window that somebody has sent you.",
        at_window_done="Done, go on",
        show_code="Show a code",
        passkeys_left="You have not signed in, and nothing was changed.",
        passkey=EN,
        fields={
            "profile": ("Name", "to show your name and fill in forms"),
            "phone": ("Phone number", "to tell you how your case goes"),
            "id_number": ("ID number", "to check who you are, as the law asks"),
            "offline_access": ("Access while you are away", "to go on with your case without you"),
        },
        with_host={
            "wechat": "Sign in with WeChat",
            "alipay": "Sign in with Alipay",
            "baidu": "Sign in with Baidu",
        },
    ),
}

"""What the pages say about passkeys, in Chinese and English."""

from msgspec import Struct


class PasskeyTexts(Struct, frozen=True, kw_only=True):
    """``{since}`` and ``{used}`` are days."""

    name: str
    use: str
    failed: str
    why: str
    make_first: str
    yours: str
    what: str
    none: str
    bound: str
    synced: str
    times: str
    add: str
    label: str
    remove: str
    stronger: str
    show_stronger: str
    lost: str
    not_here: str
    back: str


ZH = PasskeyTexts(
    name="通行密钥",
    use="使用通行密钥登录",
    failed="没有用成通行密钥。您可以重试，或换一种方式。",
    why="这需要保存在设备上、不会同步到别处的通行密钥，例如安全密钥。",
    make_first="添加通行密钥",
    yours="我的通行密钥",
    what="通行密钥用指纹、面容或设备密码解锁，不会被钓鱼网站骗走。您的指纹和面容不会离开设备。",
    none="您还没有通行密钥。",
    bound="仅在此设备上",
    synced="会在您的设备之间同步",
    times="{since}添加，最近使用：{used}",
    add="添加通行密钥",
    label="给它起个名字（可选）",
    remove="删除",
    stronger="更改通行密钥前，请先用您最强的登录方式确认是您本人。",
    show_stronger="确认后添加通行密钥",
    lost="通行密钥丢了？先把它删除",
    not_here="此浏览器不支持通行密钥，或已停用 JavaScript。",
    back="返回登录",
)

EN = PasskeyTexts(
    name="Passkey",
    use="Sign in with a passkey",
    failed="The passkey was not used. Try again, or go another way.",
    why="That takes a passkey which stays on its device and is synced nowhere, such as a security key.",
    make_first="Add a passkey",
    yours="Your passkeys",
    what="A passkey is unlocked by your fingerprint, face or device PIN, and no fake site can steal it. Your "
    "fingerprint and face never leave the device.",
    none="You have no passkey yet.",
    bound="On this device alone",
    synced="Synced among your devices",
    times="Added on {since}, last used on {used}",
    add="Add a passkey",
    label="A name for it, if you like",
    remove="Remove",
    stronger="Before passkeys are changed, show by the strongest way in that you have that it is you.",
    show_stronger="Show it, and add a passkey",
    lost="Is that passkey lost? Remove it first",
    not_here="This browser has no passkeys, or JavaScript is off.",
    back="Back to signing in",
)

"""Every vector that the platforms' facts hold has a test that stands for it."""

import re
from pathlib import Path

from tests.adapters.platform_vectors import VECTORS, needed
from tests.adapters.test_alipay_signing import CERTIFICATES
from tests.adapters.test_wechat_pay_signing import NOTICE

_NAME = re.compile(r'"(?:vec:)?((?:self\.)?(?:wechat|wechatpay|alipay|baidu)\.[A-Za-z_.0-9]+)"')


@needed
def test_every_vector_has_a_test() -> None:
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_*_signing.py")]
    found = {name for text in texts for name in _NAME.findall(text)}
    found |= {f"alipay.cert_sn.{name}" for name in CERTIFICATES} | {NOTICE}
    assert VECTORS.keys() - found == set()

"""Signatures of webhooks: a vector worked out by hand, the reference library, two secrets at once."""

import base64
from datetime import UTC, datetime

import pytest
from receivers import Received, is_signed
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from assay.security import signing

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
BODY = '{"type":"assessment.completed","data":{"track":"é"}}'.encode()


def test_a_known_signature() -> None:
    """The vector that the specification's own libraries are tested with."""
    body = b'{"test": 2432232314}'
    signature = signing.sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_random_and_long_enough() -> None:
    """32 bytes, twice not the same."""
    first, second = signing.new_secret(), signing.new_secret()
    assert first != second
    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32


def test_two_secrets_sign_side_by_side() -> None:
    """Each verifies alone; a third does not, nor does a body that was touched."""
    other = signing.new_secret()
    headers = signing.headers([SECRET, other], "m1", datetime(2026, 11, 22, 12, tzinfo=UTC), BODY)
    assert headers["webhook-timestamp"] == "1795348800"
    assert headers["webhook-signature"].count("v1,") == 2
    message = Received("", headers, BODY)
    assert is_signed(message, SECRET)
    assert is_signed(message, other)
    assert not is_signed(message, signing.new_secret())
    assert not is_signed(message._replace(body=BODY + b" "), SECRET)


@pytest.mark.parametrize("kept", [0, 1])
def test_the_reference_library_agrees(kept: int) -> None:
    """`standardwebhooks` takes what we sign, with either secret, and refuses it for another body."""
    secrets = [signing.new_secret(), signing.new_secret()]
    headers = signing.headers(secrets, "m1", datetime.now(UTC), BODY)
    reader = Webhook(secrets[kept])
    assert reader.verify(BODY, headers)["data"] == {"track": "é"}
    with pytest.raises(WebhookVerificationError):
        reader.verify(BODY.replace(b"assess", b"Assess"), headers)

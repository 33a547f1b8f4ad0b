"""What every run in this folder needs: the server, the merchants of ../merchant.toml with their systems and their staff, how
connectors read the time and omnichannel_param, and how a run waits."""

import dataclasses
import json
import os
import time
import urllib.request
from datetime import datetime

BASE = os.environ["ASTROLABE_URL"]
# Where the calls outward of ../merchant.toml go: a run that expects some listens here.
RECEIVER = os.environ.get("ASTROLABE_RECEIVER", "127.0.0.1:8190")

WAIT_S_MAX = 20
LOOK_EVERY_S = 0.05


@dataclasses.dataclass(frozen=True)
class Account:
    """An app as it acts for one seller."""

    app_key: str
    secret: str
    session: str = ""


@dataclasses.dataclass(frozen=True)
class Merchant:
    seller: int
    channel_token: str
    staff_token: str

    def account(self, system):
        return Account(*APPS[system], session=f"{system}-of-{self.seller}")


APPS = {
    "erp": ("23000001", "secret-of-the-erp"),
    "isv": ("23000002", "secret-of-the-isv"),
    "pos": ("23000003", "secret-of-the-pos"),
}

# Who signs the platform's own call to the channel.
PLATFORM_AT_CHANNEL = Account("23000009", "secret-of-the-platform")

# White paper §3: the role mode and the merchant who works in it.
MERCHANTS = {
    mode: Merchant(seller, f"channel-of-{seller}", f"staff-of-{seller}")
    for mode, seller in (("3.1", 22310), ("3.2", 22320), ("3.3", 22330), ("3.4", 22340))
}


def local_time(at=None):
    return (at or datetime.now()).strftime("%Y-%m-%d %H:%M:%S")


def eventually(what, probe):
    """Looks until `probe` gives something, and gives it. Never a fixed pause."""
    end = time.monotonic() + WAIT_S_MAX
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(LOOK_EVERY_S)
    raise AssertionError(f"{what}: not within {WAIT_S_MAX} s")


def omnichannel_record(text, oid):
    """The first record that holds the sub-order: records by `;`, members by `,`, the name before the first `:`."""
    for part in (text or "").split(";"):
        if str(oid) in part:
            return dict(member.split(":", 1) for member in part.strip().split(","))
    return None


def rest(token, path, body=None):
    """A REST call; with a body it is a POST."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(BASE + path, data=data, headers=headers)) as answer:
        return json.load(answer)


def trade_of(merchant, tid):
    """What the merchant's staff see of a trade."""
    return rest(merchant.staff_token, f"/api/v1/trades/{tid}")


def press(merchant, code, button, **body):
    """A button of the keeper."""
    return rest(merchant.staff_token, f"/api/v1/keeper/assignments/{code}/{button}", body)

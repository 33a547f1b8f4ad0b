"""What listens while a run lasts: the address of ISV and POS for calls of the platform, and the channel's own door. Signatures of
forms are made again with the SDK's own `sign`; what was heard of a trade is kept in its order."""

import dataclasses
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from taobao_open.api.base import sign

from merchants import APPS, PLATFORM_AT_CHANNEL, RECEIVER, eventually

OK = {"code": "0", "message": ""}
TURNED_AWAY = {"flag": "failure", "sub_code": "sign-check-failure", "sub_message": "Illegal request"}


@dataclasses.dataclass(frozen=True)
class Call:
    app_key: str
    tid: int
    name: str
    fields: dict


class Receiver:
    def __init__(self):
        self.calls = []
        self.turned_away = []
        host, port = RECEIVER.split(":")
        self.server = ThreadingHTTPServer((host, int(port)), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def heard(self, account, tid):
        """Methods in order, without what their names begin with."""
        return [call.name for call in self.calls if (call.app_key, call.tid) == (account.app_key, tid)]

    def hears(self, account, tid, *names):
        """Waits until exactly these methods were heard about a trade; gives the fields of the last."""

        def probe():
            heard = self.heard(account, tid)
            shorter = min(len(heard), len(names))
            assert heard[:shorter] == list(names[:shorter]), f"{heard} instead of {names}"
            return len(heard) >= len(names)

        eventually(f"{account.app_key} hears {names} about {tid}", probe)
        return [call for call in self.calls if (call.app_key, call.tid) == (account.app_key, tid)][-1].fields

    def answer(self, url, body, is_form):
        """What is said to one call."""
        params = dict(parse_qsl(f"{url.query}&{body}" if is_form else url.query, keep_blank_values=True))
        received = params.pop("sign", "")
        app_key, method = params.get("app_key", ""), params.get("method", "")
        at_channel = url.path == "/channel"
        known = {PLATFORM_AT_CHANNEL.app_key: PLATFORM_AT_CHANNEL.secret} if at_channel else dict(APPS.values())
        made = signature(params, known[app_key], "" if is_form else body) if app_key in known else None
        if made != received:
            self.turned_away.append(method)
            return TURNED_AWAY
        name = method.removeprefix("taobao.qimen.omniorder.").removeprefix("taobao.")
        fields = params if is_form else json.loads(body)
        self.calls.append(Call(app_key, int(fields["tid"]), name, fields))
        if at_channel:
            return {"logistics_offline_send_response": {"shipping": {"is_success": True}}}
        if name == "allocate":
            # Said as some write it: inside a root.
            return {"qimen_omniorder_allocate_response": {**OK, "app_key": app_key}}
        return {**OK, "status": "Waiting"} if name == "allocatedinfo.get" else OK

    def _handler(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                is_form = self.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
                said = json.dumps(receiver.answer(urlsplit(self.path), body, is_form)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json;charset=utf-8")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_args):
                """Nothing: the run's output is for its tests."""

        return Handler


def signature(params, secret, text):
    """Calls to a system are signed with MD5, a body that is no form as a whole; those to the channel as any connector's."""
    if params["sign_method"] == "md5" and not text:
        return sign(secret, params)
    joined = "".join(f"{name}{params[name]}" for name in sorted(params)) + text
    if params["sign_method"] == "md5":
        return hashlib.md5(f"{secret}{joined}{secret}".encode()).hexdigest().upper()
    digest = {"hmac": hashlib.md5, "hmac-sha256": hashlib.sha256}[params["sign_method"]]
    return hmac.new(secret.encode(), joined.encode(), digest).hexdigest().upper()

"""The SDKs as connectors use them: each makes `call(method, **params)`, which gives what stands inside the answer's root and
raises Refused with the published error. Both leave structures to their user, who writes them as JSON."""

import json
from urllib.parse import urlsplit

import taobao_open
from taobao_open.api.base import RestApi, TopException
from taobaopy.taobao import TaoBaoAPIClient, TaoBaoAPIError

from merchants import BASE


class Refused(Exception):
    def __init__(self, code, sub_code):
        super().__init__(f"{code} {sub_code}")
        self.code, self.sub_code = code, sub_code or ""


def inside(answer):
    [content] = answer.values()
    return content


def scalar(value, **style):
    return json.dumps(value, **style) if isinstance(value, (list, dict)) else value


def taobaopy(account):
    """PyPI taobaopy: everything in a form, HMAC-MD5, JSON with spaces and plain Chinese."""
    client = TaoBaoAPIClient(account.app_key, account.secret, domain=BASE)
    client.set_access_token(account.session)

    def call(method, **params):
        written = {name: scalar(value, ensure_ascii=False) for name, value in params.items()}
        try:
            return inside(getattr(client, method.removeprefix("taobao.").replace(".", "_"))(**written))
        except TaoBaoAPIError as error:
            raise Refused(error.code, error.sub_code) from error

    return call


def official_sdk(account, multipart=False):
    """PyPI py-taobao-open, made from the platform's Python SDK: system parameters in the query and the rest in the body, MD5, the
    time in milliseconds. A class for each method, as its generator writes them."""
    where = urlsplit(BASE)

    def call(method, **params):
        class Request(RestApi):
            def getapiname(self):
                return method

            def getMultipartParas(self):
                # A method that may carry a file is sent as multipart/form-data, with a file or without.
                return ["attachment"] if multipart else []

        request = Request(where.hostname, where.port)
        request.set_app_info(taobao_open.appinfo(account.app_key, account.secret))
        request.attachment = None
        for name, value in params.items():
            setattr(request, name, scalar(value))
        try:
            return inside(request.getResponse(account.session or None))
        except TopException as error:
            raise Refused(error.errorcode, error.subcode) from error

    return call


def official_sdk_multipart(account):
    """The same with its own boundary, PYTHON_SDK_BOUNDARY."""
    return official_sdk(account, multipart=True)

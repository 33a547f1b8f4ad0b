"""What each Python SDK makes of a refusal: the published code and sub_code arrive in the exception it throws."""

import dataclasses
import unittest

import connectors
from merchants import MERCHANTS

ACCOUNT = MERCHANTS["3.3"].account("erp")


class Refusals:
    """A class below gives them an SDK."""

    def refused(self, code, sub_code, account, method, **params):
        with self.assertRaises(connectors.Refused) as caught:
            self.connect(account)(method, **params)
        self.assertEqual(caught.exception.code, code)
        self.assertRegex(caught.exception.sub_code, sub_code)

    def test_a_wrong_secret_is_an_invalid_signature(self):
        account = dataclasses.replace(ACCOUNT, secret="wrong")
        self.refused(25, "^$", account, "taobao.qimen.storecategory.get")

    def test_an_unknown_app_and_an_unknown_method_are_said_so(self):
        account = dataclasses.replace(ACCOUNT, app_key="11111111")
        self.refused(29, "^$", account, "taobao.qimen.storecategory.get")
        self.refused(22, "^$", ACCOUNT, "taobao.qimen.store.invent")

    def test_a_missing_session_and_a_foreign_one_are_said_so(self):
        account = dataclasses.replace(ACCOUNT, session="")
        self.refused(26, "^$", account, "taobao.qimen.storecategory.get")
        account = dataclasses.replace(ACCOUNT, session="pos-of-22330")
        self.refused(27, "^$", account, "taobao.qimen.storecategory.get")

    def test_a_missing_field_is_named(self):
        self.refused(40, "^isv.missing-parameter:store_id$", ACCOUNT, "taobao.qimen.store.query")

    def test_a_parameter_that_the_method_does_not_have_is_named(self):
        self.refused(41, "^isv.invalid-parameter:store_idd$", ACCOUNT, "taobao.qimen.store.query", store_id=1, store_idd=1)

    def test_a_store_of_nobody_is_refused_by_the_business(self):
        self.refused(15, "^isv.store-not-exist$", ACCOUNT, "taobao.qimen.store.query", store_id=1)


class Taobaopy(Refusals, unittest.TestCase):
    connect = staticmethod(connectors.taobaopy)


class PyTaobaoOpen(Refusals, unittest.TestCase):
    connect = staticmethod(connectors.official_sdk)


class PyTaobaoOpenMultipart(Refusals, unittest.TestCase):
    connect = staticmethod(connectors.official_sdk_multipart)


if __name__ == "__main__":
    unittest.main()

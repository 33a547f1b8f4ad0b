"""PyPI taobaopy, unmodified: form parameters at /router/rest, signed with HMAC-MD5, answers in JSON."""

import copy
import json
import os
import pathlib
import time
import unittest
import urllib.request
from datetime import datetime

from taobaopy.taobao import TaoBaoAPIClient, TaoBaoAPIError

BASE = os.environ["ASTROLABE_URL"]
TRADE = pathlib.Path(__file__).parents[2] / "data" / "trade.json"
WAIT_S_MAX = 20
LOOK_EVERY_S = 0.05

GOODS = {"item_id": 530031000001, "sku_id": 310031000001, "outer_id": "PY-1"}
TID, OID = 2004574256310000, 2004574256310001


def connect(app_key="12345678", secret="helloworld", session="test-session"):
    client = TaoBaoAPIClient(app_key, secret, domain=BASE)
    client.set_access_token(session)
    return client


def local_time():
    return datetime.now().strftime("%Y-%m-%d %H:%M:%S")


def text(value):
    """A structure is one parameter with JSON in it; this SDK leaves that to its user, who writes spaces and plain Chinese."""
    return json.dumps(value, ensure_ascii=False)


def stores(store_id, **more):
    inventory = {**GOODS, **more}
    return text([{"warehouse_type": "STORE", "warehouse_id": str(store_id), "store_inventories": [inventory]}])


def pay_trade():
    published = json.loads(TRADE.read_text(encoding="utf-8"))
    trade = published["trade_fullinfo_get_response"]["trade"]
    paid = local_time()
    trade.update(tid=TID, tid_str=str(TID), created=paid, pay_time=paid, modified=paid, payment="279.00")
    trade.pop("promotion_details")
    line = copy.deepcopy(trade["orders"]["order"][0])
    line.update(oid=OID, oid_str=str(OID), num_iid=GOODS["item_id"], sku_id=str(GOODS["sku_id"]), num=1)
    trade["orders"]["order"] = [line]
    request = urllib.request.Request(
        f"{BASE}/api/v1/channels/tmall/trades",
        data=json.dumps(published).encode(),
        headers={"Authorization": "Bearer channel-token", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        answer.read()


class OrderFromPaymentToParcel(unittest.TestCase):
    """One connector's day; each step needs the one before, so it is one test."""

    @classmethod
    def setUpClass(cls):
        cls.client = connect()

    def record(self):
        answer = self.client.trade_fullinfo_get(tid=TID, fields="tid,status,orders,omnichannel_param")
        trade = answer["trade_fullinfo_get_response"]["trade"]
        for part in (trade.get("omnichannel_param") or "").split(";"):
            if str(OID) in part:
                return dict(member.split(":", 1) for member in part.strip().split(","))
        return None

    def reaches(self, state):
        end = time.monotonic() + WAIT_S_MAX
        while time.monotonic() < end:
            record = self.record()
            if record and record["orderState"] == state:
                return record
            time.sleep(LOOK_EVERY_S)
        self.fail(f"the sub-order was not in {state} within {WAIT_S_MAX} s")

    def create_store(self):
        return self.client.qimen_store_create(
            store_code="PY-1",
            company_name="星盘示例",
            store_name="断桥店",
            store_type="NORMAL",
            main_category=170403,
            start_time="00:00",
            end_time="23:30",
            store_status="NORMAL",
            address=text({"province": "浙江省", "city": "杭州市", "area": "西湖区", "detail_address": "北山街3号"}),
            store_keeper=text({"name": "小王", "tel": "0571-88888888", "mobile": "13800000000"}),
        )["qimen_store_create_response"]

    def certain_stock(self, store_id):
        answer = self.client.qimen_storeinventory_itemquery(stores=stores(store_id))
        [store] = answer["qimen_storeinventory_itemquery_response"]["stores"]["store"]
        [inventory] = store["store_inventories"]["store_inventory"]
        details = inventory["quantity_details"]["quantity_detail"]
        [certain] = [detail for detail in details if detail["inventory_type"] == "CERTAINTY"]
        return certain["quantity"], certain["occupy_quantity"]

    def report(self, store_id, **more):
        item = {"tid": TID, "sub_oid": OID, "store_id": str(store_id), "store_type": "Store", "code": "0", "operator": "小王"}
        return {"tid": TID, "report_timestamp": int(time.time() * 1000), "sub_order_list": text([{**item, **more}])}

    def load_stock(self, store_id):
        bound = self.client.qimen_itemstore_banding(action_type="ADD", item_id=GOODS["item_id"], store_ids=str(store_id))
        self.assertEqual(bound["qimen_itemstore_banding_response"]["flag"], "success")
        tagged = self.client.omniorder_item_tag_operate(item_id=GOODS["item_id"], types="storeDeliver", status=1)
        self.assertEqual(tagged["omniorder_item_tag_operate_response"]["code"], "0")
        loaded = self.client.qimen_storeinventory_iteminitial(
            operation_time=local_time(),
            stores=stores(store_id, bill_num="PY-INIT-1", inventory_type="CERTAINTY", quantity=4),
        )
        self.assertEqual(loaded["qimen_storeinventory_iteminitial_response"]["flag"], "success")

    def test_an_order_is_allocated_accepted_and_shipped(self):
        created = self.create_store()
        self.assertEqual((created["flag"], created["qimen_code"]), ("success", "200"))
        store_id = created["store_id"]
        self.assertEqual(self.create_store()["store_id"], store_id, "the same store again is the same store")
        self.load_stock(store_id)

        pay_trade()
        self.assertEqual(self.reaches("X_ALLOCATION_NOTIFIED")["targetCode"], str(store_id))
        self.assertEqual(self.certain_stock(store_id), (3, 1))

        accepted = self.client.omniorder_store_accpeted(**self.report(store_id))
        self.assertEqual(accepted["omniorder_store_accpeted_response"]["err_code"], "0")
        self.reaches("X_SHOP_ALLOCATION")

        parcel = {"logistic_company_code": "YTO", "logistic_company": "圆通速递", "logistic_no": "YT1234567890123"}
        for _ in range(2):  # The second time is a repeat: the same answer, and no second parcel.
            shipped = self.client.omniorder_store_consigned(**self.report(store_id, **parcel))
            self.assertEqual(shipped["omniorder_store_consigned_response"]["err_code"], "0")
        self.reaches("X_SHOP_HANDLED")
        self.assertEqual(self.certain_stock(store_id), (3, 0))


class Refusals(unittest.TestCase):
    def assert_refused(self, code, sub_code, call, **params):
        with self.assertRaises(TaoBaoAPIError) as caught:
            call(**params)
        self.assertEqual(caught.exception.code, code, caught.exception)
        self.assertRegex(caught.exception.sub_code or "", sub_code)

    def test_a_wrong_secret_is_an_invalid_signature(self):
        self.assert_refused(25, "^$", connect(secret="wrong").qimen_storecategory_get)

    def test_a_missing_field_is_named(self):
        self.assert_refused(40, "^isv.missing-parameter:store_id$", connect().qimen_store_query)

    def test_a_missing_session_is_said_so(self):
        self.assert_refused(26, "^$", TaoBaoAPIClient("12345678", "helloworld", domain=BASE).qimen_storecategory_get)

    def test_a_store_of_nobody_is_refused_by_the_business(self):
        self.assert_refused(15, "^isv\\.", connect().qimen_store_query, store_id=1)


if __name__ == "__main__":
    unittest.main()

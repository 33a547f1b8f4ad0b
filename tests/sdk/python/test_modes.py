"""Each Python SDK, unmodified, through the four role modes of white paper §3 to the end, in the request forms that the white paper
prints. At every step: what omnichannel_param says, what the stock is, and who was called."""

import unittest

import connectors
from connectors import Refused
from merchants import MERCHANTS, PLATFORM_AT_CHANNEL, eventually, trade_of
from receiver import Receiver
from shop import FAR, NEAR, Shop, succeeded


def setUpModule():
    # One for all: the platform keeps its connections open from one journey to the next.
    Journeys.receiver = Receiver()
    unittest.addModuleCleanup(Journeys.receiver.close)


def tearDownModule():
    turned_away = Journeys.receiver.turned_away
    assert not turned_away, f"not signed as they should be: {turned_away}"


class Journeys:
    """One journey a mode; a class below gives them an SDK."""

    receiver = None

    def open_shop(self, mode, place):
        return Shop(MERCHANTS[mode], self.connect, self.series + place)

    def refused(self, code, sub_code, call, *args, **params):
        with self.assertRaises(Refused) as caught:
            call(*args, **params)
        self.assertEqual((caught.exception.code, caught.exception.sub_code), (code, sub_code))

    def stocks(self, shop, expected):
        """Certain stock by (store, goods)."""
        self.assertEqual({where: shop.stock(*where) for where in expected}, expected)

    def shipped(self, shop, sold, store_id, calls):
        """The end of the road: the trade as the merchant's systems read it, and nothing left to tell."""
        shop.reaches(sold, store_id, "X_SHOP_HANDLED")
        orders = {order["oid"]: order for order in shop.fullinfo(sold)["orders"]["order"]}
        order = orders[sold.oid]
        self.assertEqual((order["status"], order["invoice_no"]), ("WAIT_BUYER_CONFIRM_GOODS", sold.waybill))
        shop.all_told(sold, calls)

    def channel_hears(self, sold, *names):
        call = self.receiver.hears(PLATFORM_AT_CHANNEL, sold.tid, *names)
        self.assertEqual((call["sub_tid"], call["out_sid"]), (str(sold.oid), sold.waybill))

    def test_mode_3_1_the_platform_allocates_and_the_keeper_accepts(self):
        shop = self.open_shop("3.1", 1)
        knitwear, scarf = shop.goods(1), shop.goods(2)
        near = shop.open_store("NEAR", NEAR, knitwear)
        far = shop.open_store("FAR", FAR, scarf)
        shop.load((near, knitwear, 5), (far, scarf, 4))
        first, second = shop.sell(1, (knitwear, 2), (scarf, 1))
        shop.reaches(first, near, "X_ALLOCATION_NOTIFIED")
        shop.reaches(second, far, "X_ALLOCATION_NOTIFIED")
        self.stocks(shop, {(near, knitwear): (3, 2), (far, scarf): (3, 1)})

        # Nobody else has the scarf: its line waits, and goes to the near store once that has some.
        self.refused(11, "isv.permission-api-package-limit", shop.answer, shop.erp, "accpeted", first, near)
        shop.press(second, "refuse", reason="other")
        shop.reaches(second, far, "X_SHOP_DENY")
        self.stocks(shop, {(far, scarf): (4, 0)})
        shop.press(first, "accept")
        shop.reaches(first, near, "X_SHOP_ALLOCATION")
        shop.ship_as_keeper(first)
        self.channel_hears(first, "logistics.offline.send")
        self.assertEqual(shop.fullinfo(first)["status"], "SELLER_CONSIGNED_PART")
        shop.bind(near, scarf)
        shop.load((near, scarf, 3))
        shop.reaches(second, near, "X_ALLOCATION_NOTIFIED")
        shop.press(second, "accept")
        shop.ship_as_keeper(second)
        self.channel_hears(second, "logistics.offline.send", "logistics.offline.send")
        self.assertEqual(shop.fullinfo(first)["status"], "WAIT_BUYER_CONFIRM_GOODS")
        self.shipped(shop, first, near, 2)
        self.shipped(shop, second, near, 2)
        self.stocks(shop, {(near, knitwear): (3, 0), (near, scarf): (2, 0), (far, scarf): (4, 0)})

    def test_mode_3_2_an_isv_allocates_and_the_keeper_accepts(self):
        shop = self.open_shop("3.2", 2)
        isv_account, isv = shop.merchant.account("isv"), shop.as_system("isv")
        goods = shop.goods(1)
        article = shop.add_article(goods)
        near = shop.open_store("NEAR", NEAR, goods)
        far = shop.open_store("FAR", FAR, goods)
        shop.load_article(near, article, 5)
        shop.load_article(far, article, 4)

        # The ISV says where by §6.4, as one does who allocates in his own system.
        [sold] = shop.sell(1, (goods, 1))
        self.receiver.hears(isv_account, sold.tid, "allocate")
        self.stocks(shop, {(near, goods): (4, 1), (far, goods): (4, 0)})
        self.refused(41, "isv.invalid-parameter:status", shop.status, isv, "sync", sold, far, "X_SHOP_CANCEL")
        self.assertEqual(shop.status(isv, "sync", sold, far, "X_ALLOCATION_NOTIFIED")["qimen_code"], "Success")
        shop.reaches(sold, far, "X_ALLOCATION_NOTIFIED")
        self.stocks(shop, {(near, goods): (5, 0), (far, goods): (3, 1)})
        self.refused(15, "isv.not-in-role-mode", shop.status, isv, "sync", sold, far, "X_SHOP_ALLOCATION")
        shop.press(sold, "accept")
        self.receiver.hears(isv_account, sold.tid, "allocate", "store.accpeted")
        shop.ship_as_keeper(sold)
        call = self.receiver.hears(isv_account, sold.tid, "allocate", "store.accpeted", "store.consigned")
        self.assertEqual(call["seller_id"], shop.merchant.seller)
        self.channel_hears(sold, "logistics.offline.send")
        self.shipped(shop, sold, far, 4)

        # Refused by the keeper, allocated again with a remark of the ISV's own (§2.4), and the buyer changes his mind.
        [back] = shop.sell(2, (goods, 2))
        succeeded(shop.allocate(isv, back, near))
        shop.reaches(back, near, "X_ALLOCATION_NOTIFIED")
        shop.press(back, "refuse", reason="damaged")
        self.receiver.hears(isv_account, back.tid, "allocate", "store.refused", "allocate")
        succeeded(shop.allocate(isv, back, far, attributes='{"gift":"贺卡"}'))
        self.assertEqual(shop.reaches(back, far, "X_ALLOCATION_NOTIFIED")["gift"], "贺卡")
        shop.press(back, "accept")
        shop.refund(back, "WAIT_SELLER_AGREE")
        shop.reaches(back, far, "X_SHOP_CANCEL")
        heard = ("allocate", "store.refused", "allocate", "store.accpeted", "customer.refund")
        self.receiver.hears(isv_account, back.tid, *heard)
        succeeded(shop.status(isv, "sync", back, far, "X_SHOP_CANCEL_CONFIRM"))
        shop.reaches(back, far, "X_SHOP_CANCEL_CONFIRM")
        shop.all_told(back, 5)
        self.stocks(shop, {(near, goods): (5, 0), (far, goods): (3, 0)})

    def test_mode_3_3_the_platform_allocates_and_a_pos_accepts(self):
        shop = self.open_shop("3.3", 3)
        pos_account, pos = shop.merchant.account("pos"), shop.as_system("pos")
        goods = shop.goods(1)
        near = shop.open_store("NEAR", NEAR, goods)
        far = shop.open_store("FAR", FAR, goods)
        shop.load((near, goods, 5), (far, goods, 4))
        [sold] = shop.sell(1, (goods, 2))
        told = self.receiver.hears(pos_account, sold.tid, "allocatedinfo.sync")
        self.assertIn(f'"store_id":"{near}"', told["store_allocated_list"].replace(" ", ""))
        shop.reaches(sold, near, "X_ALLOCATION_NOTIFIED")

        # A POS may say that its store holds what it was given, and nothing about other stores.
        succeeded(shop.adjust(pos, sold, 2, near))
        self.refused(15, "isv.not-in-role-mode", shop.adjust, pos, sold, 2, far)
        self.refused(15, "isv.quantity-exceeds-order", shop.adjust, pos, sold, 3, near, "MORE")
        self.refused(15, "isv.store-not-exist", shop.answer, pos, "accpeted", sold, 999_999_999)
        succeeded(shop.answer(pos, "refuse", sold, near))
        self.receiver.hears(pos_account, sold.tid, "allocatedinfo.sync", "allocatedinfo.sync")
        shop.reaches(sold, far, "X_ALLOCATION_NOTIFIED")
        self.stocks(shop, {(near, goods): (5, 0), (far, goods): (2, 2)})
        self.assertIs(shop.status(pos, "update", sold, far, "X_SHOP_ALLOCATION")["is_success"], True)
        shop.reaches(sold, far, "X_SHOP_ALLOCATION")
        shop.offline_send(pos, sold)
        for _ in range(2):  # The second time is a repeat: the same answer, and no second parcel.
            self.assertEqual(succeeded(shop.consign(pos, sold, far))["data"]["mail_no"], sold.waybill)
        self.shipped(shop, sold, far, 2)
        self.stocks(shop, {(near, goods): (5, 0), (far, goods): (2, 0)})

    def test_mode_3_4_an_isv_allocates_and_a_pos_accepts(self):
        shop = self.open_shop("3.4", 4)
        isv_account, isv = shop.merchant.account("isv"), shop.as_system("isv")
        pos_account, pos = shop.merchant.account("pos"), shop.as_system("pos")
        goods = shop.goods(1)
        near = shop.open_store("NEAR", NEAR, goods)
        far = shop.open_store("FAR", FAR, goods)
        shop.load((near, goods, 5), (far, goods, 4), call=shop.as_system("erp", self.connect_for_bulk))
        [sold] = shop.sell(1, (goods, 2))
        self.receiver.hears(isv_account, sold.tid, "allocate")
        self.assertEqual(self.receiver.heard(pos_account, sold.tid), [], "nothing is allocated yet")

        # Here the ISV moves the hold first, and then says where the order goes.
        succeeded(shop.adjust(isv, sold, 2, far))
        self.stocks(shop, {(near, goods): (5, 0), (far, goods): (2, 2)})
        succeeded(shop.allocate(isv, sold, far))
        shop.reaches(sold, far, "X_ALLOCATION_NOTIFIED")
        self.receiver.hears(pos_account, sold.tid, "allocatedinfo.sync")
        self.refused(11, "isv.permission-api-package-limit", shop.answer, isv, "accpeted", sold, far)
        succeeded(shop.answer(pos, "refuse", sold, far))
        self.receiver.hears(isv_account, sold.tid, "allocate", "store.refused", "allocate")
        succeeded(shop.allocate(isv, sold, near))
        shop.reaches(sold, near, "X_ALLOCATION_NOTIFIED")
        self.stocks(shop, {(near, goods): (3, 2), (far, goods): (4, 0)})
        succeeded(shop.answer(pos, "accpeted", sold, near))
        self.refused(15, "isv.accepted-elsewhere", shop.allocate, isv, sold, far)
        succeeded(shop.status(pos, "sync", sold, near, "X_OUT_WAREHOUSE"))

        # First the channel, then the platform.
        self.refused(15, "isv.channel-consign-missing", shop.consign, pos, sold, near)
        shop.offline_send(pos, sold)
        succeeded(shop.consign(pos, sold, near))
        self.receiver.hears(isv_account, sold.tid, "allocate", "store.refused", "allocate", "store.accpeted", "store.consigned")
        self.shipped(shop, sold, near, 7)
        facts = [fact["fact"] for fact in trade_of(shop.merchant, sold.tid)["timeline"]]
        self.assertLess(facts.index("out_warehouse"), facts.index("channel_consigned"))
        self.stocks(shop, {(near, goods): (3, 0), (far, goods): (4, 0)})

        # The ISV finds no store, so the platform does; the buyer wants the money back and the shelf still has it.
        [back] = shop.sell(2, (goods, 1))
        self.receiver.hears(isv_account, back.tid, "allocate")
        failed = [{"tid": back.tid, "sub_oid": back.oid, "status": "AllocateFail", "description": "无店可派"}]
        succeeded(isv("taobao.omniorder.allocatedinfo.sync", tid=back.tid, status="AllocateFail", store_allocated_list=failed))
        store = eventually("the platform's choice", lambda: shop.record(back))["targetCode"]
        succeeded(shop.answer(pos, "accpeted", back, store))
        shop.refund(back, "WAIT_SELLER_AGREE")
        shop.reaches(back, store, "X_SHOP_CANCEL")
        self.receiver.hears(pos_account, back.tid, "allocatedinfo.sync", "customer.refund")
        succeeded(shop.status(pos, "update", back, store, "X_SHOP_CANCEL_CONFIRM"))
        shop.reaches(back, store, "X_SHOP_CANCEL_CONFIRM")
        shop.all_told(back, 5)
        self.stocks(shop, {(near, goods): (3, 0), (far, goods): (4, 0)})


class Taobaopy(Journeys, unittest.TestCase):
    connect = connect_for_bulk = staticmethod(connectors.taobaopy)
    series = 20


class PyTaobaoOpen(Journeys, unittest.TestCase):
    connect = staticmethod(connectors.official_sdk)
    connect_for_bulk = staticmethod(connectors.official_sdk_multipart)
    series = 30


if __name__ == "__main__":
    unittest.main()

"""A merchant at work with one SDK: what his ERP, his POS and his ISV ask of the platform, in the forms of the white paper, and what
he sees of it. What a call brings is asserted here only where a run could not go on."""

import dataclasses

from channel import pay_trade, tell_refund
from merchants import eventually, local_time, omnichannel_record, press, trade_of

# Where the buyers of ../../data/trade.json live, and a place farther away.
NEAR = {"province": "浙江省", "city": "杭州市", "area": "西湖区", "detail_address": "文一西路1号"}
FAR = {"province": "上海市", "city": "上海市", "area": "徐汇区", "detail_address": "漕溪北路1号"}


@dataclasses.dataclass(frozen=True)
class Goods:
    item_id: int

    @property
    def sku_id(self):
        return self.item_id - 220_000_000_000

    @property
    def outer_id(self):
        return f"SP-{self.item_id}"

    def named(self):
        return {"item_id": self.item_id, "sku_id": self.sku_id, "outer_id": self.outer_id}


@dataclasses.dataclass(frozen=True)
class Sold:
    """One line of a trade."""

    tid: int
    oid: int
    goods: Goods

    @property
    def waybill(self):
        return f"YT{self.oid % 10**12}"


def succeeded(answer):
    """An answer that says success, by whichever of the published names."""
    said = next((answer[name] for name in ("err_code", "result_code", "qimen_code", "code") if name in answer), None)
    assert said in ("0", "200", "Success") or answer.get("flag") == "success", answer
    return answer


def stock_of(store_id, *inventories):
    return {"warehouse_type": "STORE", "warehouse_id": str(store_id), "store_inventories": list(inventories)}


class Shop:
    def __init__(self, merchant, connect, series):
        """`series` keeps the numbers of one SDK's run of one mode from those of all others."""
        self.merchant, self.connect, self.series = merchant, connect, series
        self.erp = self.as_system("erp")

    def as_system(self, system, connect=None):
        return (connect or self.connect)(self.merchant.account(system))

    def goods(self, number):
        return Goods(530_050_000_000 + self.series * 100 + number)

    def open_store(self, name, address, *goods):
        """Opening hours with equal ends mean always open: runs go at night too."""
        created = self.erp(
            "taobao.qimen.store.create",
            store_code=f"{name}-{self.series}",
            company_name="星盘示例",
            store_name=f"{name}店",
            store_type="NORMAL",
            main_category=170403,
            start_time="00:00",
            end_time="00:00",
            store_status="NORMAL",
            address=address,
            store_keeper={"name": "小王", "tel": "0571-88888888", "mobile": "13800000000"},
        )
        store_id = succeeded(created)["store_id"]
        for item in goods:
            self.bind(store_id, item)
        return store_id

    def bind(self, store_id, goods):
        succeeded(self.erp("taobao.omniorder.item.tag.operate", item_id=goods.item_id, types="storeDeliver", status=1))
        bound = self.erp("taobao.qimen.itemstore.banding", action_type="ADD", item_id=goods.item_id, store_ids=str(store_id))
        succeeded(bound)

    def load(self, *stocks, call=None):
        """§6.3.1: first certain stock of one or more stores in one call, each (store, goods, quantity)."""
        stores = [
            stock_of(store, {**goods.named(), "bill_num": f"INIT-{store}-{goods.item_id}", "inventory_type": "CERTAINTY", "quantity": quantity})
            for store, goods, quantity in stocks
        ]
        succeeded((call or self.erp)("taobao.qimen.storeinventory.iteminitial", operation_time=local_time(), stores=stores))

    def add_article(self, goods):
        """§4.2, scheme 1: the merchant keeps articles and mappings himself."""
        added = self.erp("taobao.scitem.add", item_name=f"货品{goods.item_id}", outer_code=goods.outer_id)
        mapped = self.erp("taobao.scitem.map.add", item_id=goods.item_id, sku_id=goods.sku_id, outer_code=goods.outer_id)
        assert mapped["outer_code"] == goods.outer_id, mapped
        return added["sc_item"]["item_id"]

    def load_article(self, store_id, article, quantity):
        """§6.2.1."""
        bill = {"bill_num": f"INIT-{store_id}-{article}", "sc_item_id": article, "inventory_type": "CERTAINTY", "quantity": quantity}
        stores = [stock_of(store_id, bill)]
        succeeded(self.erp("taobao.qimen.storeinventory.initial", operation_time=local_time(), stores=stores))

    def stock(self, store_id, goods):
        """(units that can be sold, units that are held) of certain stock."""
        answer = self.erp("taobao.qimen.storeinventory.itemquery", stores=[stock_of(store_id, goods.named())])
        [store] = succeeded(answer)["stores"]["store"]
        [inventory] = store["store_inventories"]["store_inventory"]
        details = inventory["quantity_details"]["quantity_detail"]
        [certain] = [detail for detail in details if detail["inventory_type"] == "CERTAINTY"]
        return certain["quantity"], certain["occupy_quantity"]

    def sell(self, number, *lines):
        """The buyer pays for lines of (goods, how many)."""
        tid = 2_004_574_258_000_000 + self.series * 10_000 + number * 100
        sold = [Sold(tid, tid + place, goods) for place, (goods, _num) in enumerate(lines, start=1)]
        paid = [(line.oid, line.goods.item_id, line.goods.sku_id, num) for line, (_goods, num) in zip(sold, lines)]
        pay_trade(tid, paid, self.merchant.channel_token)
        return sold

    def refund(self, sold, status, minutes=0):
        tell_refund(sold.tid, sold.oid, sold.goods.item_id, status, self.merchant.channel_token, minutes)

    def fullinfo(self, sold):
        fields = "tid,status,orders.oid,orders.status,orders.invoice_no,omnichannel_param"
        trade = self.erp("taobao.trade.fullinfo.get", tid=sold.tid, fields=fields)["trade"]
        assert trade["tid"] == sold.tid, trade
        return trade

    def record(self, sold):
        return omnichannel_record(self.fullinfo(sold).get("omnichannel_param"), sold.oid)

    def reaches(self, sold, store_id, state):
        """Waits until omnichannel_param says that the sub-order is at this store in this state; gives its record."""

        def probe():
            record = self.record(sold)
            return record if record and (record["targetCode"], record["orderState"]) == (str(store_id), state) else None

        return eventually(f"{sold.oid} in {state} at {store_id}", probe)

    def all_told(self, sold, calls):
        """Waits until everything about the trade has been told to whoever it was for."""

        def probe():
            told = trade_of(self.merchant, sold.tid)["calls_outward"]
            return len(told) == calls and all("delivered" in call["state"] for call in told)

        eventually(f"{calls} calls about {sold.tid} delivered", probe)

    def press(self, sold, button, **body):
        return press(self.merchant, self.record(sold)["allocationCode"], button, **body)

    def ship_as_keeper(self, sold):
        self.press(sold, "ship", company_code="YTO", waybill=sold.waybill)

    def allocate(self, isv, sold, store_id, **more):
        """§6.6.2 as the white paper prints it."""
        line = {"store_id": str(store_id), "tid": sold.tid, "sub_oid": sold.oid, "type": "Store", "status": "Allocated", **more}
        return isv("taobao.omniorder.allocatedinfo.sync", tid=sold.tid, status="Allocated", store_allocated_list=[line])

    def answer(self, call, verb, sold, store_id, **more):
        """§6.6.8 to §6.6.10 as the white paper prints them: what all sub-orders share stands at the head."""
        lines = [{"sub_oid": sold.oid, "status": "STATUS_PAID"}]
        head = {"tid": sold.tid, "store_id": str(store_id), "type": "Store", "operator": "小王"}
        return call(f"taobao.omniorder.store.{verb}", **head, **more, sub_order_list=lines)

    def consign(self, call, sold, store_id):
        parcel = {"logistic_id": "YTO", "logistic_company": "圆通速递", "mail_no": sold.waybill, "description": "已发送"}
        return self.answer(call, "consigned", sold, store_id, **parcel)

    def offline_send(self, call, sold):
        """§3.4: the merchant's own call to the channel."""
        parcel = {"is_split": 1, "out_sid": sold.waybill, "company_code": "YTO"}
        answer = call("taobao.logistics.offline.send", tid=sold.tid, sub_tid=str(sold.oid), **parcel)
        assert answer["shipping"]["is_success"] is True, answer

    def status(self, call, method, sold, store_id, status):
        """§6.4 and §6.5."""
        whom = {"parent_order_code": sold.tid, "order_codes": str(sold.oid), "store_id": store_id, "type": "FAHUO"}
        what = {"status": status, "operator": "小王", "action_time": local_time()}
        return call(f"taobao.qimen.orderStatus.{method}", **whom, **what)

    def adjust(self, call, sold, num, store_id, bill="ADJUST"):
        """§6.3.4."""
        told = {
            "bill_num": f"{bill}-{sold.oid}-{store_id}",
            "tb_trade_order": str(sold.tid),
            "tb_sub_trade_order": str(sold.oid),
            "target_warehouse_type": "STORE",
            "target_warehouse_id": str(store_id),
            **sold.goods.named(),
            "inventory_type": "CERTAINTY",
            "quantity": num,
        }
        method = "taobao.qimen.storeinventory.itemadjust"
        return call(method, operation_time=local_time(), inventory_adjust_info=told)

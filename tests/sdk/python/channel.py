"""The channel: it delivers paid trades and refunds at the door for channels, made from the published examples of ../../data."""

import json
import pathlib
from datetime import datetime, timedelta

from merchants import local_time, rest

DATA = pathlib.Path(__file__).parents[2] / "data"


def published(name):
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def pay_trade(tid, lines, token):
    """A trade just paid, with one line for each of `lines`: oid, item_id, sku_id, num."""
    example = published("trade")
    trade = example["trade_fullinfo_get_response"]["trade"]
    paid = local_time()
    trade.update(tid=tid, tid_str=str(tid), created=paid, pay_time=paid, modified=paid, payment=f"{279 * len(lines)}.00")
    trade.pop("promotion_details")
    pattern = trade["orders"]["order"][0]
    trade["orders"]["order"] = [
        {**pattern, "oid": oid, "oid_str": str(oid), "num_iid": item_id, "sku_id": str(sku_id), "num": num}
        for oid, item_id, sku_id, num in lines
    ]
    rest(token, "/api/v1/channels/tmall/trades", example)


def tell_refund(tid, oid, item_id, status, token, minutes=0):
    """A sub-order's refund in a status; what is told later of one refund needs more `minutes`."""
    example = published("refund")
    told = local_time(datetime.now() + timedelta(minutes=minutes))
    example["refund_get_response"]["refund"].update(
        refund_id=str(oid + 500_000), tid=tid, oid=oid, num_iid=item_id, status=status, created=told, modified=told
    )
    rest(token, "/api/v1/channels/tmall/refunds", example)

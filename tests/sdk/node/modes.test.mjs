// Each Node SDK, unmodified, through the four role modes of white paper §3 to the end: the merchant sets up over the wire, the
// channel delivers a paid trade, the platform calls whom the mode names, stores refuse and accept, the parcel leaves. At every
// step: what `omnichannel_param` says, what the stock is, and who was called.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { SDKS, qimenCloud } from "./connectors.mjs";
import { localTime } from "./merchant.mjs";
import { MERCHANTS, PLATFORM_AT_CHANNEL, tradeOf } from "./merchants.mjs";
import { callQimen, pick } from "./qimen.mjs";
import { Receiver } from "./receiver.mjs";
import { FAR, NEAR, Shop, parcel, refusedWith, succeeded, waybill } from "./shop.mjs";

const receiver = new Receiver();
before(() => receiver.open());
after(() => receiver.close());

const SHIP = (sold) => ({ company_code: "SF", waybill: waybill(sold) });

/** The channel is told of a parcel that a keeper sent. */
async function channelHears(sold) {
  const call = await receiver.hears(PLATFORM_AT_CHANNEL, sold.tid, ["logistics.offline.send"]);
  assert.deepEqual([call.sub_tid, call.out_sid, call.company_code], [String(sold.oid), waybill(sold), "SF"]);
}

/** A notice names trade and seller (§6.6.5 to §6.6.7). */
async function isvHears(shop, sold, names) {
  const call = await receiver.hears(shop.merchant.isv, sold.tid, names);
  assert.deepEqual([call.tid, call.seller_id], [sold.tid, shop.merchant.id]);
}

/** §3.3: the POS is told where the sub-order is; gives the line. */
async function posHears(shop, sold, names) {
  const call = await receiver.hears(shop.merchant.pos, sold.tid, names);
  assert.equal(call.seller_id, String(shop.merchant.id));
  const [line] = JSON.parse(call.store_allocated_list ?? call.sub_order_list);
  assert.equal(line.sub_oid, sold.oid);
  return line;
}

/** The end of the road: the trade as the merchant's systems read it, and nothing left to tell. */
async function shipped(shop, sold, storeId, calls) {
  await shop.reaches(sold, storeId, "X_SHOP_HANDLED");
  const trade = await shop.fullinfo(sold);
  assert.equal(trade.status, "WAIT_BUYER_CONFIRM_GOODS");
  const [order] = trade.orders.order;
  assert.deepEqual([order.status, order.invoice_no], ["WAIT_BUYER_CONFIRM_GOODS", waybill(sold)]);
  await shop.allTold(sold, calls);
}

/** Two stores with the same goods; the near one has most, so the first hold is there. */
async function openTwo(shop, load) {
  const goods = shop.goods(1);
  const near = await shop.openStore("NEAR", NEAR, [goods]);
  const far = await shop.openStore("FAR", FAR, [goods]);
  await load(near, goods, 5);
  await load(far, goods, 4);
  return { goods, near, far };
}

async function platformAndKeeper(shop) {
  const { goods, near, far } = await openTwo(shop, (...of) => shop.loadItem(...of));
  const sold = await shop.sell(1, goods, 2);
  await shop.reaches(sold, near, "X_ALLOCATION_NOTIFIED");
  assert.deepEqual(await shop.stock(near, goods), [3, 2]);

  // Nobody but the keeper answers here.
  await assert.rejects(shop.answer("accpeted", sold, near, {}, shop.erp), refusedWith(11, /^isv\.permission-api-package-limit$/));
  await shop.press(sold, "refuse", { reason: "shop_closed" });
  await shop.reaches(sold, far, "X_ALLOCATION_NOTIFIED");
  await shop.stockBecomes(near, goods, [5, 0]);
  await shop.stockBecomes(far, goods, [2, 2]);
  await shop.press(sold, "accept");
  await shop.reaches(sold, far, "X_SHOP_ALLOCATION");
  await shop.press(sold, "ship", SHIP(sold));
  await channelHears(sold);
  await shipped(shop, sold, far, 1);

  const back = await shop.sell(2, goods, 1);
  await shop.reaches(back, near, "X_ALLOCATION_NOTIFIED");
  await shop.press(back, "accept");
  await shop.refund(back, "WAIT_SELLER_AGREE");
  await shop.reaches(back, near, "X_SHOP_CANCEL");
  await shop.press(back, "refund-answer", { answer: "back_on_shelf" });
  await shop.reaches(back, near, "X_SHOP_CANCEL_CONFIRM");
  assert.deepEqual(receiver.heard(PLATFORM_AT_CHANNEL, back.tid), []);
  assert.deepEqual([await shop.stock(near, goods), await shop.stock(far, goods)], [[5, 0], [2, 0]]);
}

async function isvAndKeeper(shop) {
  const goods = shop.goods(1);
  const article = await shop.addArticle(goods);
  const near = await shop.openStore("NEAR", NEAR, [goods]);
  const far = await shop.openStore("FAR", FAR, [goods]);
  await shop.loadArticle(near, article, 5);
  await shop.loadArticle(far, article, 4);

  // The first answer asks for patience; the platform calls again.
  const tid = 2004574257000000 + shop.series * 10_000 + 100;
  receiver.sayOnce(tid, "allocate", { code: "500", message: "internal error" });
  const sold = await shop.sell(1, goods, 2);
  await isvHears(shop, sold, ["allocate", "allocate"]);
  const trade = await shop.fullinfo(sold, shop.isv);
  assert.deepEqual([Number(trade.orders.order[0].oid), trade.omnichannel_param], [sold.oid, undefined], "not allocated yet");
  assert.deepEqual(await shop.stock(near, goods), [3, 2]);

  await assert.rejects(shop.allocate(sold, 999_999_999), refusedWith(15, /^isv\.store-not-exist$/));
  succeeded(await shop.allocate(sold, near));
  await shop.reaches(sold, near, "X_ALLOCATION_NOTIFIED");
  await assert.rejects(shop.answer("accpeted", sold, near, {}, shop.isv), refusedWith(11, /^isv\.permission-api-package-limit$/));
  await shop.press(sold, "refuse", { reason: "other" });
  await isvHears(shop, sold, ["allocate", "allocate", "store.refused", "allocate"]);

  // The hold moves with the allocation.
  succeeded(await shop.allocate(sold, far));
  await shop.reaches(sold, far, "X_ALLOCATION_NOTIFIED");
  assert.deepEqual(await shop.stockOfArticle(near, article), [5, 0]);
  assert.deepEqual(await shop.stockOfArticle(far, article), [2, 2]);
  await shop.press(sold, "accept");
  await isvHears(shop, sold, ["allocate", "allocate", "store.refused", "allocate", "store.accpeted"]);
  const milestone = { parent_order_code: sold.tid, order_codes: String(sold.oid), status: "X_SORTED", operator: "小李" };
  succeeded(await shop.isv("taobao.qimen.orderstatus.sync", { ...milestone, action_time: localTime() }));
  await shop.press(sold, "ship", SHIP(sold));
  await isvHears(shop, sold, ["allocate", "allocate", "store.refused", "allocate", "store.accpeted", "store.consigned"]);
  await channelHears(sold);
  const { timeline } = await tradeOf(shop.merchant, sold.tid);
  assert.ok(timeline.some(({ fact }) => fact === "sorted"));
  await shipped(shop, sold, far, 6);

  // The ISV cannot, the platform does, and it stays the platform's.
  const failed = await shop.sell(2, goods, 1);
  await isvHears(shop, failed, ["allocate"]);
  succeeded(await shop.syncAllocation(failed, { status: "AllocateFail", message: "无法分单" }));
  await shop.reaches(failed, near, "X_ALLOCATION_NOTIFIED");
  await assert.rejects(shop.allocate(failed, far), refusedWith(15, /^isv\.allocation-closed$/));
  await shop.press(failed, "accept");
  await shop.refund(failed, "WAIT_SELLER_AGREE");
  await isvHears(shop, failed, ["allocate", "store.accpeted", "customer.refund"]);
  await shop.refund(failed, "CLOSED", 1);
  await shop.reaches(failed, near, "X_SHOP_ALLOCATION");
  await shop.press(failed, "ship", SHIP(failed));
  await channelHears(failed);
  await shipped(shop, failed, near, 6);
  assert.deepEqual([await shop.stock(near, goods), await shop.stock(far, goods)], [[4, 0], [2, 0]]);
}

async function platformAndPos(shop) {
  const { goods, near, far } = await openTwo(shop, (store, of, quantity) => shop.loadItem(store, of, quantity, "jst"));
  const sold = await shop.sell(1, goods, 1);
  const offered = await posHears(shop, sold, ["allocatedinfo.sync"]);
  assert.deepEqual([offered.store_id, offered.status, offered.type], [String(near), "Allocated", "Store"]);
  await shop.reaches(sold, near, "X_ALLOCATION_NOTIFIED");

  await assert.rejects(shop.answer("accpeted", sold, far), refusedWith(15, /^isv\.not-allocated-there$/));
  succeeded(await shop.answer("refused", sold, near, { message: "店员很忙" }));
  assert.equal((await posHears(shop, sold, ["allocatedinfo.sync", "allocatedinfo.sync"])).store_id, String(far));
  await shop.reaches(sold, far, "X_ALLOCATION_NOTIFIED");
  await shop.stockBecomes(near, goods, [5, 0]);
  await shop.stockBecomes(far, goods, [3, 1]);
  await assert.rejects(shop.answer("accpeted", sold, near), refusedWith(15, /^isv\.order-state-invalid$/));
  succeeded(await shop.answer("accpeted", sold, far));
  await shop.reaches(sold, far, "X_SHOP_ALLOCATION");
  assert.equal((await shop.offlineSend(sold)).shipping.is_success, true);
  const answer = succeeded(await shop.answer("consigned", sold, far, parcel(sold)));
  assert.equal(answer.data.mail_no, waybill(sold));
  await shipped(shop, sold, far, 2);

  // Accepted and taken back over the XML door, by another hand of the same POS.
  const back = await shop.sell(2, goods, 2);
  await shop.reaches(back, near, "X_ALLOCATION_NOTIFIED");
  await overXml(shop, back, near, "X_SHOP_ALLOCATION");
  await shop.reaches(back, near, "X_SHOP_ALLOCATION");
  await shop.refund(back, "WAIT_SELLER_AGREE");
  const asked = await posHears(shop, back, ["allocatedinfo.sync", "customer.refund"]);
  assert.equal(asked.status, "STATUS_REFUNDED");
  await shop.reaches(back, near, "X_SHOP_CANCEL");
  assert.deepEqual(await shop.stock(near, goods), [3, 2]);
  await overXml(shop, back, near, "X_SHOP_CANCEL_CONFIRM");
  await shop.reaches(back, near, "X_SHOP_CANCEL_CONFIRM");
  await assert.rejects(shop.answer("consigned", back, near, parcel(back)), refusedWith(15, /^isv\.order-state-invalid$/));
  await shop.refund(back, "SUCCESS", 1);
  await shop.allTold(back, 2);
  assert.deepEqual([await shop.stock(near, goods), await shop.stock(far, goods)], [[5, 0], [3, 0]]);
}

async function overXml({ merchant }, sold, storeId, status) {
  const xml = await callQimen(merchant.pos, "taobao.qimen.orderStatus.update", `
    <sellerCode>${merchant.id}</sellerCode><parentOrderCode>${sold.tid}</parentOrderCode>
    <orderCodes><orderCode>${sold.oid}</orderCode></orderCodes><storeId>${storeId}</storeId><type>FAHUO</type>
    <status>${status}</status><operator>小王</operator><actionTime>${localTime()}</actionTime>`, { signMethod: "hmac" });
  assert.equal(pick(xml, "flag"), "success", xml);
}

async function isvAndPos(shop) {
  const { goods, near, far } = await openTwo(shop, (...of) => loadOverCloud(shop, ...of));
  const sold = await shop.sell(1, goods, 2);
  await isvHears(shop, sold, ["allocate"]);
  assert.deepEqual(receiver.heard(shop.merchant.pos, sold.tid), [], "nothing is allocated yet");
  await assert.rejects(shop.answer("accpeted", sold, near), refusedWith(15, /^isv\.not-allocated-there$/));

  // The hold stays where it was until the ISV moves it.
  succeeded(await shop.allocate(sold, far));
  await shop.reaches(sold, far, "X_ALLOCATION_NOTIFIED");
  assert.equal((await posHears(shop, sold, ["allocatedinfo.sync"])).store_id, String(far));
  assert.deepEqual([await shop.stock(near, goods), await shop.stock(far, goods)], [[3, 2], [4, 0]]);
  for (let again = 0; again < 2; again += 1) succeeded(await shop.adjust(sold, goods, 2, near, far));
  assert.deepEqual([await shop.stock(near, goods), await shop.stock(far, goods)], [[5, 0], [2, 2]]);

  succeeded(await shop.answer("refused", sold, far, { message: "店员很忙" }));
  await isvHears(shop, sold, ["allocate", "store.refused", "allocate"]);
  // Refused, the units are held where most are: there is nothing to move from the store that refused.
  succeeded(await shop.allocate(sold, near));
  await shop.reaches(sold, near, "X_ALLOCATION_NOTIFIED");
  await assert.rejects(shop.adjust(sold, goods, 2, far, near), refusedWith(15, /^isv\.stock-not-held-there$/));
  assert.deepEqual([await shop.stock(near, goods), await shop.stock(far, goods)], [[3, 2], [4, 0]]);
  await posHears(shop, sold, ["allocatedinfo.sync", "allocatedinfo.sync"]);
  succeeded(await shop.answer("accpeted", sold, near));
  await isvHears(shop, sold, ["allocate", "store.refused", "allocate", "store.accpeted"]);
  await shop.reaches(sold, near, "X_SHOP_ALLOCATION");

  // First the channel, then the platform.
  const early = shop.answer("consigned", sold, near, parcel(sold));
  await assert.rejects(early, refusedWith(15, /^isv\.channel-consign-missing$/));
  await shop.reaches(sold, near, "X_SHOP_ALLOCATION");
  assert.equal((await shop.offlineSend(sold)).shipping.is_success, true);
  succeeded(await shop.answer("consigned", sold, near, parcel(sold)));
  await isvHears(shop, sold, ["allocate", "store.refused", "allocate", "store.accpeted", "store.consigned"]);
  await shipped(shop, sold, near, 7);
  assert.deepEqual([await shop.stock(near, goods), await shop.stock(far, goods)], [[3, 0], [4, 0]]);

  await refundDenied(shop, goods, far);
  assert.deepEqual([await shop.stock(near, goods), await shop.stock(far, goods)], [[3, 0], [3, 0]]);
}

/** The goods have left the shelf already: the store says so by the allocation's code (the published form of §6.5), and ships. */
async function refundDenied(shop, goods, storeId) {
  const sold = await shop.sell(2, goods, 1);
  await isvHears(shop, sold, ["allocate"]);
  succeeded(await shop.allocate(sold, storeId));
  await shop.reaches(sold, storeId, "X_ALLOCATION_NOTIFIED");
  succeeded(await shop.answer("accpeted", sold, storeId));
  await shop.refund(sold, "WAIT_SELLER_AGREE");
  const record = await shop.reaches(sold, storeId, "X_SHOP_CANCEL");
  await posHears(shop, sold, ["allocatedinfo.sync", "customer.refund"]);
  const denied = { allocation_code: record.allocationCode, order_codes: String(sold.oid), store_id: storeId, type: "FAHUO" };
  const said = await shop.pos("taobao.qimen.orderstatus.update", { ...denied, status: "X_SHOP_CANCEL_DENIED", operator: "小王" });
  assert.equal(said.is_success, true);
  await shop.reaches(sold, storeId, "X_SHOP_CANCEL_DENIED");
  await shop.offlineSend(sold);
  succeeded(await shop.answer("consigned", sold, storeId, parcel(sold)));
  await shipped(shop, sold, storeId, 6);
}

/** First stock over the Qimen cloud door, under the names of chapter 6. */
async function loadOverCloud({ merchant }, storeId, { itemId, skuId, outerId }, quantity) {
  const bill = { billNum: `CLOUD-${storeId}`, itemId, skuId, outerId, inventoryType: "CERTAINTY", quantity };
  const stores = [{ warehouseType: "STORE", warehouseId: String(storeId), storeInventories: [bill] }];
  const params = { userId: merchant.id, operationTime: localTime(), stores };
  succeeded(await qimenCloud(merchant.erp)("taobao.qimen.storeinventory.iteminitial", params));
}

const JOURNEYS = { 3.1: platformAndKeeper, 3.2: isvAndKeeper, 3.3: platformAndPos, 3.4: isvAndPos };

let series = 10;
for (const [name, connect] of Object.entries(SDKS)) {
  for (const [mode, journey] of Object.entries(JOURNEYS)) {
    const shop = new Shop(MERCHANTS[mode], connect, (series += 1));
    test(`${name} in mode ${mode}`, () => journey(shop));
  }
}

// An XML client at /router/qimen/service: creates a store, loads and reads stock, accepts and ships.

import assert from "node:assert/strict";
import test from "node:test";

import { payTrade } from "./channel.mjs";
import { NEIGHBOUR, SELLER, eventually, localTime } from "./merchant.mjs";
import { callQimen, pick, pickAll } from "./qimen.mjs";
import { reaches, recordOf, tagForDelivery } from "./top.mjs";

const call = (method, inner, options) => callQimen(SELLER, method, inner, options);

function assertSuccess(xml) {
  assert.match(xml, /<response>/, "the root is exactly <response>: clients cut the text between the tags");
  assert.equal(pick(xml, "flag"), "success", xml);
  assert.equal(pick(xml, "code"), "0", xml);
  return xml;
}

function assertFailure(xml, code) {
  assert.match(xml, /<response>/);
  assert.equal(pick(xml, "flag"), "failure", xml);
  assert.match(pick(xml, "code"), code, xml);
}

const storeXml = (code, name = `${code}店`) => `
  <storeCode>${code}</storeCode><companyName>星盘示例</companyName><storeName>${name}</storeName>
  <storeType>NORMAL</storeType><mainCategory>170403</mainCategory>
  <startTime>00:00</startTime><endTime>00:00:00</endTime>
  <address><province>浙江省</province><city>杭州市</city><area>西湖区</area><detailAddress>文一西路2号</detailAddress></address>
  <storeStatus>NORMAL</storeStatus>
  <storeKeeper><name>小王</name><tel>0571-88888888</tel><mobile>13800000000</mobile></storeKeeper>
  <remark>示例 &amp; 备注</remark><extendProps><key1>v</key1></extendProps>`;

const goodsXml = ({ itemId, skuId }, more = "") =>
  `<storeInventory>${more}<itemId>${itemId}</itemId><outerId>SP-${itemId}</outerId><skuId>${skuId}</skuId></storeInventory>`;

const stockXml = (storeId, goods, { more = "", userId = SELLER.id, time = true } = {}) =>
  `<userId>${userId}</userId>${time ? `<operationTime>${localTime()}</operationTime>` : ""}
  <stores><store><warehouseType>STORE</warehouseType><warehouseId>${storeId}</warehouseId>
  <storeInventories>${goodsXml(goods, more)}</storeInventories></store></stores>`;

const initialXml = (billNum, quantity) =>
  `<billNum>${billNum}</billNum><inventoryType>CERTAINTY</inventoryType><quantity>${quantity}</quantity>`;

async function storeWith(code, goods, quantity) {
  const storeId = pick(assertSuccess(await call("taobao.qimen.store.create", storeXml(code))), "storeId");
  assert.match(storeId, /^[1-9][0-9]*$/);
  const binding = `<actionType>ADD</actionType><itemId>${goods.itemId}</itemId><storeIds><storeId>${storeId}</storeId></storeIds>`;
  assertSuccess(await call("taobao.qimen.itemstore.banding", binding));
  // This door has no method for it: the merchant did it in the console or, as here, by the other door.
  await tagForDelivery(goods.itemId);
  const stock = stockXml(storeId, goods, { more: initialXml(`QM-INIT-${code}`, quantity) });
  assertSuccess(await call("taobao.qimen.storeinventory.iteminitial", stock));
  return storeId;
}

async function stockAt(storeId, goods) {
  const xml = assertSuccess(await call("taobao.qimen.storeinventory.itemquery", stockXml(storeId, goods, { time: false })));
  const certain = pickAll(xml, "quantityDetail").find((detail) => pick(detail, "inventoryType") === "CERTAINTY");
  return Number(pick(certain, "quantity"));
}

const statusXml = (tid, oid, storeId, status, sellerCode = SELLER.id) =>
  `<sellerCode>${sellerCode}</sellerCode><parentOrderCode>${tid}</parentOrderCode>
  <orderCodes><orderCode>${oid}</orderCode></orderCodes><storeId>${storeId}</storeId>
  <type>FAHUO</type><status>${status}</status><operator>小王</operator><actionTime>${localTime()}</actionTime>`;

test("a store is created, stocked, offered an order, accepts and ships it", async () => {
  const goods = { itemId: 530021000001, skuId: 310021000001 };
  const storeId = await storeWith("QM-1", goods, 5);
  const [tid, oid] = [2004574256210000, 2004574256210001];
  await payTrade(tid, [{ oid, ...goods, num: 2 }]);

  const record = await reaches(tid, oid, "X_ALLOCATION_NOTIFIED");
  assert.equal(record.targetCode, storeId);
  assert.equal(await stockAt(storeId, goods), 3);

  for (const status of ["X_SHOP_ALLOCATION", "X_SHOP_HANDLED"]) {
    assertSuccess(await call("taobao.qimen.orderStatus.update", statusXml(tid, oid, storeId, status)));
    await reaches(tid, oid, status);
  }
  assert.equal(await stockAt(storeId, goods), 3);

  // Said again, and by the other spelling: the first answer, and nothing more.
  assertSuccess(await call("taobao.qimen.orderstatus.update", statusXml(tid, oid, storeId, "X_SHOP_ALLOCATION")));
  assert.equal((await recordOf(tid, oid)).orderState, "X_SHOP_HANDLED");
});

test("a store refuses, and the order goes to the other one", async () => {
  const goods = { itemId: 530021000002, skuId: 310021000002 };
  const stores = [await storeWith("QM-2A", goods, 1), await storeWith("QM-2B", goods, 1)];
  const [tid, oid] = [2004574256220000, 2004574256220001];
  await payTrade(tid, [{ oid, ...goods, num: 1 }]);
  const first = (await reaches(tid, oid, "X_ALLOCATION_NOTIFIED")).targetCode;
  assertSuccess(await call("taobao.qimen.orderStatus.update", statusXml(tid, oid, first, "X_SHOP_DENY")));

  const other = stores.find((store) => store !== first);
  await eventually("the other store is offered the order", async () => {
    const record = await recordOf(tid, oid);
    return record?.targetCode === other && record.orderState === "X_ALLOCATION_NOTIFIED";
  });
});

test("every published signing method opens this door, with an XML declaration or without", async () => {
  for (const signMethod of ["md5", "hmac", "hmac-sha256"]) {
    for (const declaration of [true, false]) {
      const xml = assertSuccess(await call("taobao.qimen.storecategory.get", "", { signMethod, declaration }));
      assert.match(pick(xml, "storeCategory"), /170403/);
    }
  }
});

test("the same store again is the same store, other content under its code is refused", async () => {
  const first = pick(assertSuccess(await call("taobao.qimen.store.create", storeXml("QM-4"))), "storeId");
  const again = pick(assertSuccess(await call("taobao.qimen.store.create", storeXml("QM-4"))), "storeId");
  assert.equal(again, first);
  assertFailure(await call("taobao.qimen.store.create", storeXml("QM-4", "另一家店")), /^isv\.store-code-exists$/);
  const kept = assertSuccess(await call("taobao.qimen.store.query", `<storeId>${first}</storeId>`));
  assert.equal(pick(kept, "storeName"), "QM-4店");
  assert.equal(pick(kept, "endTime"), "00:00");
});

test("a stock bill repeated has one effect, with other content it fails by its number", async () => {
  const goods = { itemId: 530021000005, skuId: 310021000005 };
  const storeId = await storeWith("QM-5", goods, 9);
  const update = (quantity) => {
    const more = `<billNum>QM-UPDATE-5</billNum><billType>TAOBAO_EXCLUDED</billType>
      <inventoryType>CERTAINTY</inventoryType><quantity>${quantity}</quantity>`;
    return call("taobao.qimen.storeinventory.itemupdate", stockXml(storeId, goods, { more }));
  };
  assertSuccess(await update(-2));
  assertSuccess(await update(-2));
  assert.equal(await stockAt(storeId, goods), 7);
  const other = await update(-3);
  assert.equal(pick(other, "flag"), "failure", other);
  assert.equal(pick(other, "failedBillNum"), "QM-UPDATE-5");
  assert.equal(await stockAt(storeId, goods), 7);
});

test("what is wrong is refused as published and changes nothing", async () => {
  const goods = { itemId: 530021000006, skuId: 310021000006 };
  const storeId = await storeWith("QM-6", goods, 4);
  const initial = "taobao.qimen.storeinventory.iteminitial";
  const bill = (billNum) => ({ more: initialXml(billNum, 99) });

  assertFailure(await call(initial, stockXml(storeId, goods, bill("X-1")), { secret: "wrong" }), /^sign-check-failure$/);
  assertFailure(await call(initial, stockXml(storeId, goods, bill("B".repeat(51)))), /^isv\.invalid-parameter:.*bill_?num/i);
  assertFailure(await call(initial, stockXml(storeId, goods, { ...bill("X-2"), time: false })), /^isv\.missing-parameter:operation_?time$/i);
  assertFailure(await call(initial, stockXml(storeId, goods, { ...bill("X-3"), userId: NEIGHBOUR.id })), /^isv\.invalid-permission$/);
  assertFailure(await call(initial, stockXml(storeId, goods, bill("X-4")), { customerId: NEIGHBOUR.id }), /./);
  assertFailure(await callQimen(NEIGHBOUR, initial, stockXml(storeId, goods, { ...bill("X-5"), userId: NEIGHBOUR.id })), /./);
  assertFailure(await call(initial, `${stockXml(storeId, goods, bill("X-6"))}<unclosed>`), /./);
  assert.equal(await stockAt(storeId, goods), 4);
});

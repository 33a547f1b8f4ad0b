// npm node-taobao-topclient, unmodified: form parameters at /router/rest, signed with MD5, answers in JSON.

import assert from "node:assert/strict";
import test from "node:test";

import { payTrade } from "./channel.mjs";
import { BASE, NEIGHBOUR, SELLER, localTime } from "./merchant.mjs";
import { connect, reaches, recordOf, signedForm, tagForDelivery } from "./top.mjs";

const KNITWEAR = { itemId: 530011000001, skuId: 310011000001 };
const SCARF = { itemId: 530011000002, skuId: 310011000002 };

const call = connect(SELLER);
const neighbour = connect(NEIGHBOUR);

const storeOf = (code) => ({
  store_code: code,
  company_name: "星盘示例",
  store_name: `${code}店`,
  store_type: "NORMAL",
  main_category: 170403,
  start_time: "00:00",
  end_time: "00:00",
  store_status: "NORMAL",
  address: { province: "浙江省", city: "杭州市", area: "西湖区", detail_address: "文一西路1号" },
  store_keeper: { name: "小王", tel: "0571-88888888", mobile: "13800000000" },
});

const stockOf = (storeId, goods, more) => [
  { warehouse_type: "STORE", warehouse_id: String(storeId), store_inventories: [{ item_id: goods.itemId, sku_id: goods.skuId, outer_id: `SP-${goods.itemId}`, ...more }] },
];

async function createStore(code) {
  const created = await call("taobao.qimen.store.create", storeOf(code));
  assert.equal(created.flag, "success", JSON.stringify(created));
  assert.equal(created.qimen_code, "200");
  assert.ok(created.store_id > 0);
  return created.store_id;
}

async function offer(storeId, goods, billNum, quantity) {
  const bound = await call("taobao.qimen.itemstore.banding", { action_type: "ADD", item_id: goods.itemId, store_ids: String(storeId) });
  assert.equal(bound.flag, "success", JSON.stringify(bound));
  await tagForDelivery(goods.itemId);
  const loaded = await call("taobao.qimen.storeinventory.iteminitial", {
    operation_time: localTime(),
    stores: stockOf(storeId, goods, { bill_num: billNum, inventory_type: "CERTAINTY", quantity }),
  });
  assert.equal(loaded.flag, "success", JSON.stringify(loaded));
}

/** `{ quantity, occupied }` of certain stock. */
async function stockAt(storeId, goods) {
  const answer = await call("taobao.qimen.storeinventory.itemquery", { stores: stockOf(storeId, goods, {}) });
  const [store] = answer.stores.store;
  const details = store.store_inventories.store_inventory[0].quantity_details.quantity_detail;
  const certain = details.find((detail) => detail.inventory_type === "CERTAINTY");
  return { quantity: certain.quantity, occupied: certain.occupy_quantity };
}

const report = (tid, oid, storeId, more = {}) => ({
  tid,
  report_timestamp: Date.now(),
  sub_order_list: [{ tid, sub_oid: oid, store_id: String(storeId), store_type: "Store", code: "0", operator: "小王", ...more }],
});

/** The SDK puts the published error into the exception it throws. */
const refused = (code, subCode) => (error) => {
  assert.equal(error.name, "TOPClientError", String(error));
  assert.equal(error.code, code, error.message);
  if (subCode) assert.match(error.sub_code ?? "", subCode);
  return true;
};

test("a trade is allocated over two stores, accepted and shipped, and the stock adds up", async () => {
  const [near, far] = [await createStore("TOP-1"), await createStore("TOP-2")];
  await offer(near, KNITWEAR, "TOP-INIT-1", 5);
  await offer(far, SCARF, "TOP-INIT-2", 7);

  const tid = 2004574256110000;
  const lines = [
    { oid: 2004574256110001, ...KNITWEAR, num: 1, store: near },
    { oid: 2004574256110002, ...SCARF, num: 2, store: far },
  ];
  await payTrade(tid, lines);

  for (const { oid, store } of lines) {
    const record = await reaches(tid, oid, "X_ALLOCATION_NOTIFIED");
    assert.equal(record.orderType, "STORE_DELIVER");
    assert.equal(record.targetType, "STORE");
    assert.equal(record.targetCode, String(store));
    assert.ok(record.allocationCode, "an allocation code");
  }
  assert.deepEqual(await stockAt(near, KNITWEAR), { quantity: 4, occupied: 1 });

  for (const { oid, store } of lines) {
    const accepted = await call("taobao.omniorder.store.accpeted", report(tid, oid, store));
    assert.equal(accepted.err_code, "0", JSON.stringify(accepted));
    await reaches(tid, oid, "X_SHOP_ALLOCATION");

    const parcel = { logistic_company_code: "SF", logistic_company: "顺丰速运", logistic_no: `SF10000${oid % 100_000_000}` };
    const shipped = await call("taobao.omniorder.store.consigned", report(tid, oid, store, parcel));
    assert.equal(shipped.err_code, "0", JSON.stringify(shipped));
    await reaches(tid, oid, "X_SHOP_HANDLED");
  }
  assert.deepEqual(await stockAt(near, KNITWEAR), { quantity: 4, occupied: 0 });
  assert.deepEqual(await stockAt(far, SCARF), { quantity: 5, occupied: 0 });

  // The connector did not hear the answers and says it all again.
  const [first] = lines;
  const again = await call("taobao.omniorder.store.accpeted", report(tid, first.oid, first.store));
  assert.equal(again.err_code, "0");
  assert.equal((await recordOf(tid, first.oid)).orderState, "X_SHOP_HANDLED");
  assert.deepEqual(await stockAt(near, KNITWEAR), { quantity: 4, occupied: 0 });
});

test("a request repeated byte for byte gets the first answer and changes nothing", async () => {
  const goods = { itemId: 530011000003, skuId: 310011000003 };
  const store = await createStore("TOP-3");
  await offer(store, goods, "TOP-INIT-3", 10);

  const body = signedForm(SELLER, "taobao.qimen.storeinventory.itemupdate", {
    operation_time: localTime(),
    stores: stockOf(store, goods, { bill_num: "TOP-UPDATE-3", bill_type: "TAOBAO_EXCLUDED", inventory_type: "CERTAINTY", quantity: -3 }),
  });
  const send = async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" };
    const answer = await (await fetch(`${BASE}/router/rest`, { method: "POST", headers, body })).json();
    const [content] = Object.values(answer);
    // Names the call, not the answer.
    delete content.request_id;
    return answer;
  };
  const first = await send();
  assert.equal(first.qimen_storeinventory_itemupdate_response?.flag, "success", JSON.stringify(first));
  assert.deepEqual(await send(), first);
  assert.equal((await stockAt(store, goods)).quantity, 7);
  assert.equal(await createStore("TOP-3"), store, "the same store again is the same store");
});

test("a bill number of 51 characters is refused and changes nothing", async () => {
  const goods = { itemId: 530011000004, skuId: 310011000004 };
  const store = await createStore("TOP-4");
  await offer(store, goods, "B".repeat(50), 6);
  const update = (billNum) =>
    call("taobao.qimen.storeinventory.itemupdate", {
      operation_time: localTime(),
      stores: stockOf(store, goods, { bill_num: billNum, bill_type: "BALANCE", inventory_type: "CERTAINTY", quantity: 1 }),
    });
  await assert.rejects(update("流".repeat(51)), refused(41, /^isv\.invalid-parameter:.*bill_num/));
  assert.equal((await stockAt(store, goods)).quantity, 6);
  // Characters are counted, not bytes.
  assert.equal((await update("流".repeat(50))).flag, "success");
  assert.equal((await stockAt(store, goods)).quantity, 7);
});

test("a missing field is named", async () => {
  const { store_name: _, ...nameless } = storeOf("TOP-5");
  await assert.rejects(call("taobao.qimen.store.create", nameless), refused(40, /^isv\.missing-parameter:store_name$/));
  assert.ok(await createStore("TOP-5"), "its code is still free");
});

test("a wrong secret, a wrong session and an unknown method are the published platform errors", async () => {
  const query = (caller, method = "taobao.qimen.storecategory.get", params = {}) => caller(method, params);
  await assert.rejects(query(connect(SELLER, "wrongsecret")), refused(25));
  await assert.rejects(query(connect({ ...SELLER, appKey: "11111111" })), refused(29));
  await assert.rejects(query(connect({ ...SELLER, session: NEIGHBOUR.session })), refused(27));
  await assert.rejects(query(call, "taobao.qimen.store.invent"), refused(22));
  const categories = await query(call);
  assert.ok(JSON.parse(categories.store_category).length > 0);
});

test("the neighbour gets at nothing of ours", async () => {
  const goods = { itemId: 530011000006, skuId: 310011000006 };
  const store = await createStore("TOP-6");
  await offer(store, goods, "TOP-INIT-6", 3);
  const [tid, oid] = [2004574256160000, 2004574256160001];
  await payTrade(tid, [{ oid, ...goods, num: 1 }]);
  await reaches(tid, oid, "X_ALLOCATION_NOTIFIED");

  const ours = { operation_time: localTime(), user_id: SELLER.id };
  const bill = { bill_num: "STOLEN-6", bill_type: "BALANCE", inventory_type: "CERTAINTY", quantity: -1 };
  const attempts = [
    ["taobao.qimen.store.query", { store_id: store }],
    ["taobao.qimen.store.delete", { store_id: store }],
    ["taobao.qimen.store.update", { ...storeOf("STOLEN"), store_id: store }],
    ["taobao.qimen.itemstore.banding", { action_type: "DELETE", item_id: goods.itemId, store_ids: String(store) }],
    ["taobao.trade.fullinfo.get", { tid, fields: "tid,omnichannel_param" }],
    ["taobao.omniorder.store.accpeted", report(tid, oid, store)],
  ];
  for (const [method, params] of attempts) {
    await assert.rejects(neighbour(method, params), refused(15, /^isv\./), method);
  }
  await assert.rejects(
    neighbour("taobao.qimen.storeinventory.itemupdate", { ...ours, stores: stockOf(store, goods, bill) }),
    refused(15, /^isv\.invalid-permission$/),
  );

  assert.equal((await call("taobao.qimen.store.query", { store_id: store })).store_code, "TOP-6");
  assert.equal((await recordOf(tid, oid)).orderState, "X_ALLOCATION_NOTIFIED");
  assert.deepEqual(await stockAt(store, goods), { quantity: 2, occupied: 1 });
});

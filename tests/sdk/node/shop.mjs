// A merchant at work with one SDK: what his ERP, his POS and his ISV ask of the platform, each as thin as the wire allows, and
// what he sees of it. What a call brings is asserted here only where a run could not go on.

import assert from "node:assert/strict";

import { payTrade, tellRefund } from "./channel.mjs";
import { eventually, localTime, parseOmnichannel } from "./merchant.mjs";
import { press, tradeOf } from "./merchants.mjs";

/** Where the buyers of ../../data/trade.json live, and a place farther away. */
export const NEAR = { province: "浙江省", city: "杭州市", area: "西湖区", detail_address: "文一西路1号" };
export const FAR = { province: "上海市", city: "上海市", area: "徐汇区", detail_address: "漕溪北路1号" };

const SCHEME = { jst: "taobao.jst.astrolabe.storeinventory", qimen: "taobao.qimen.storeinventory" };

/** An answer that says success, by whichever of the published names. */
export function succeeded(answer) {
  const said = answer.err_code ?? answer.result_code ?? answer.qimen_code ?? answer.code;
  assert.ok(["0", "200", "Success"].includes(said) || answer.flag === "success", JSON.stringify(answer));
  return answer;
}

/** What a refused call throws; SDKs differ in all but these two. */
export const refusedWith = (code, subCode) => (error) => {
  assert.equal(error.code, code, JSON.stringify(error));
  assert.match(error.sub_code ?? "", subCode);
  return true;
};

export class Shop {
  /** `series` keeps the numbers of one SDK's run of one mode from those of all others. */
  constructor(merchant, connect, series) {
    this.merchant = merchant;
    this.series = series;
    const caller = (account) => account && connect(account);
    [this.erp, this.isv, this.pos] = [merchant.erp, merchant.isv, merchant.pos].map(caller);
    this.storeCode = (name) => `${name}-${series}`;
  }

  goods(number) {
    const itemId = 530040000000 + this.series * 100 + number;
    return { itemId, skuId: itemId - 220000000000, outerId: `SP-${itemId}` };
  }

  /** A store that serves these goods. Opening hours with equal ends mean always open: runs go at night too. */
  async openStore(name, address, goods) {
    const created = await this.erp("taobao.qimen.store.create", {
      store_code: this.storeCode(name),
      company_name: "星盘示例",
      store_name: `${name}店`,
      store_type: "NORMAL",
      main_category: 170403,
      start_time: "00:00",
      end_time: "00:00",
      store_status: "NORMAL",
      address,
      store_keeper: { name: "小王", tel: "0571-88888888", mobile: "13800000000" },
    });
    const storeId = succeeded(created).store_id;
    for (const { itemId } of goods) await this.bind(storeId, itemId);
    return storeId;
  }

  async bind(storeId, itemId) {
    succeeded(await this.erp("taobao.omniorder.item.tag.operate", { item_id: itemId, types: "storeDeliver", status: 1 }));
    succeeded(await this.erp("taobao.qimen.itemstore.banding", { action_type: "ADD", item_id: itemId, store_ids: String(storeId) }));
  }

  /** First certain stock, by listing (§6.3.1); `scheme` is the published family of methods. */
  async loadItem(storeId, goods, quantity, scheme = "qimen") {
    const bill = { bill_num: `INIT-${storeId}-${goods.itemId}`, inventory_type: "CERTAINTY", quantity };
    const stores = stockOf(storeId, { ...named(goods), ...bill });
    succeeded(await this.erp(`${SCHEME[scheme]}.iteminitial`, { operation_time: localTime(), stores }));
  }

  /** §4.2, scheme 1: an article with its listing. Gives the article's id. */
  async addArticle(goods) {
    const added = await this.erp("taobao.scitem.add", { item_name: `货品${goods.itemId}`, outer_code: goods.outerId });
    const scItemId = added.sc_item.item_id;
    const mapped = await this.erp("taobao.scitem.map.add", { item_id: goods.itemId, sku_id: goods.skuId, sc_item_id: scItemId });
    assert.equal(mapped.outer_code, goods.outerId);
    return scItemId;
  }

  /** First certain stock, by article (§6.2.1). */
  async loadArticle(storeId, scItemId, quantity) {
    const bill = { bill_num: `INIT-${storeId}-${scItemId}`, sc_item_id: scItemId, inventory_type: "CERTAINTY", quantity };
    const params = { operation_time: localTime(), stores: stockOf(storeId, bill) };
    succeeded(await this.erp(`${SCHEME.jst}.initial`, params));
  }

  /** `[units that can be sold, units that are held]` of certain stock. */
  async stock(storeId, goods) {
    const asked = { stores: stockOf(storeId, named(goods)) };
    return balanceIn(succeeded(await this.erp("taobao.qimen.storeinventory.itemquery", asked)));
  }

  /** The same by article (§6.2.3). */
  async stockOfArticle(storeId, scItemId) {
    return balanceIn(succeeded(await this.erp(`${SCHEME.jst}.query`, { stores: stockOf(storeId, { sc_item_id: scItemId }) })));
  }

  async stockBecomes(storeId, goods, expected) {
    await eventually(`${expected} at ${storeId}`, async () => String(await this.stock(storeId, goods)) === String(expected));
  }

  /** The buyer pays for so many of the goods. */
  async sell(number, goods, num) {
    const tid = 2004574257000000 + this.series * 10_000 + number * 100;
    const sold = { tid, oid: tid + 1, itemId: goods.itemId };
    await payTrade(tid, [{ ...goods, oid: sold.oid, num }], this.merchant.channelToken);
    return sold;
  }

  /** The buyer's refund is now in this status; `minute` orders what is told of one refund. */
  async refund(sold, status, minute = 0) {
    await tellRefund({ ...sold, status, at: new Date(Date.now() + minute * 60_000) }, this.merchant.channelToken);
  }

  /** The trade as any of his systems reads it. */
  async fullinfo(sold, call = this.erp) {
    const fields = "tid,status,orders.oid,orders.status,orders.invoice_no,omnichannel_param";
    const { trade } = await call("taobao.trade.fullinfo.get", { tid: sold.tid, fields });
    // One SDK gives numbers of more than 15 digits as texts.
    assert.equal(Number(trade.tid), sold.tid);
    return trade;
  }

  async recordOf(sold) {
    return parseOmnichannel((await this.fullinfo(sold)).omnichannel_param).get(String(sold.oid));
  }

  /** Waits until `omnichannel_param` says that the sub-order is at this store in this state; gives its record. */
  reaches(sold, storeId, state) {
    return eventually(`${sold.oid} in ${state} at ${storeId}`, async () => {
      const record = await this.recordOf(sold);
      return record?.orderState === state && record.targetCode === String(storeId) && record;
    });
  }

  /** Waits until everything about the trade has been told to whoever it was for. */
  async allTold(sold, calls) {
    await eventually(`${calls} calls about ${sold.tid} delivered`, async () => {
      const { calls_outward: told } = await tradeOf(this.merchant, sold.tid);
      return told.length === calls && told.every(({ state }) => state.delivered);
    });
  }

  /** The keeper of the store that has the sub-order presses a button. */
  async press(sold, button, body) {
    return press(this.merchant, (await this.recordOf(sold)).allocationCode, button, body);
  }

  /** §6.6.2: the ISV gives the sub-order to a store, or says why not. */
  allocate(sold, storeId) {
    return this.syncAllocation(sold, { status: "Allocated", store_id: String(storeId), store_type: "Store" });
  }

  syncAllocation(sold, line) {
    const params = { tid: sold.tid, report_timestamp: Date.now(), status: line.status, message: line.message };
    const item = { code: "0", tid: sold.tid, sub_oid: sold.oid, ...line };
    return this.isv("taobao.omniorder.allocatedinfo.sync", withoutEmpty({ ...params, sub_order_list: [item] }));
  }

  /** §6.3.4: the ISV brings the hold to the store. */
  adjust(sold, goods, num, from, to) {
    const inventory_adjust_info = {
      bill_num: `ADJUST-${sold.oid}-${to}`,
      tb_trade_order: String(sold.tid),
      tb_sub_trade_order: String(sold.oid),
      target_warehouse_type: "STORE",
      target_warehouse_id: String(to),
      original_warehouse_id: String(from),
      ...named(goods),
      inventory_type: "CERTAINTY",
      quantity: num,
    };
    return this.isv("taobao.qimen.storeinventory.itemadjust", { operation_time: localTime(), inventory_adjust_info });
  }

  /** §6.6.8 to §6.6.10 in the published form: `accpeted`, `refused`, `consigned`. */
  answer(verb, sold, storeId, more = {}, call = this.pos) {
    const item = { tid: sold.tid, sub_oid: sold.oid, store_id: String(storeId), store_type: "Store", operator: "小王", code: "0", ...more };
    return call(`taobao.omniorder.store.${verb}`, { tid: sold.tid, report_timestamp: Date.now(), sub_order_list: [item] });
  }

  /** §3.4: the merchant's own call to the channel. */
  offlineSend(sold) {
    const parcel = { is_split: 1, out_sid: waybill(sold), company_code: "SF" };
    return this.pos("taobao.logistics.offline.send", { tid: sold.tid, sub_tid: String(sold.oid), ...parcel });
  }
}

export const waybill = (sold) => `SF${String(sold.oid).slice(-12)}`;

/** What `consigned` says of the parcel. */
export const parcel = (sold) => ({ logistic_company_code: "SF", logistic_company: "顺丰速运", logistic_no: waybill(sold) });

const named = ({ itemId, skuId, outerId }) => ({ item_id: itemId, sku_id: skuId, outer_id: outerId });

const stockOf = (storeId, inventory) => [
  { warehouse_type: "STORE", warehouse_id: String(storeId), store_inventories: [inventory] },
];

function balanceIn(answer) {
  const [store] = answer.stores.store;
  const details = store.store_inventories.store_inventory[0].quantity_details.quantity_detail;
  const certain = details.find((detail) => detail.inventory_type === "CERTAINTY");
  return [certain.quantity, certain.occupy_quantity];
}

const withoutEmpty = (params) => Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));

// The channel: it delivers paid trades and refunds at the door for channels. Everything in it is made from the published examples
// of ../../data.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { BASE, localTime } from "./merchant.mjs";

const CHANNEL = "tmall";

const published = async (name) => JSON.parse(await readFile(new URL(`../../data/${name}.json`, import.meta.url), "utf8"));

async function deliver(token, what, object) {
  const answer = await fetch(`${BASE}/api/v1/channels/${CHANNEL}/${what}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(object),
  });
  assert.ok(answer.ok, `the channel's ${what} were answered with ${answer.status}: ${await answer.text()}`);
}

/** Has the channel deliver a trade just paid, with one line for each of `lines`: `{ oid, itemId, skuId, num }`. */
export async function payTrade(tid, lines, token = "channel-token") {
  const example = await published("trade");
  const trade = example.trade_fullinfo_get_response.trade;
  const paid = localTime();
  Object.assign(trade, { tid, tid_str: String(tid), created: paid, pay_time: paid, modified: paid });
  const [pattern] = trade.orders.order;
  trade.orders.order = lines.map(({ oid, itemId, skuId, num }) => ({
    ...pattern,
    oid,
    oid_str: String(oid),
    num_iid: itemId,
    sku_id: String(skuId),
    num,
  }));
  delete trade.promotion_details;
  trade.payment = (279 * lines.length).toFixed(2);
  await deliver(token, "trades", example);
}

/** Has the channel tell of a sub-order's refund; each status of one refund must be told at a later second than the one before. */
export async function tellRefund({ tid, oid, itemId, status, at }, token) {
  const example = await published("refund");
  const told = { refund_id: String(oid + 500_000), tid, oid, num_iid: itemId, status, created: localTime(at), modified: localTime(at) };
  Object.assign(example.refund_get_response.refund, told);
  await deliver(token, "refunds", example);
}

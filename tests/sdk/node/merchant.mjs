// The merchant of ../merchant.toml as his connector knows him, and his channel. Used by every run in this folder.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

export const BASE = process.env.ASTROLABE_URL;
assert.ok(BASE, "ASTROLABE_URL must name a running server; `cargo xtask test wire` starts one");

export const SELLER = { id: 21230, appKey: "12345678", secret: "helloworld", session: "test-session" };
export const NEIGHBOUR = { id: 21231, appKey: "87654321", secret: "goodbyeworld", session: "neighbour-session" };

const CHANNEL = { name: "tmall", token: "channel-token" };
const WAIT_MS_MAX = 20_000;
const LOOK_EVERY_MS = 50;

/** `yyyy-MM-dd HH:mm:ss` of the local clock, which is Shanghai's here. */
export function localTime(date = new Date()) {
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}

/** Has the channel deliver a trade just paid, with one line for each of `lines`: `{ oid, itemId, skuId, num }`. */
export async function payTrade(tid, lines) {
  const published = JSON.parse(await readFile(new URL("../../data/trade.json", import.meta.url), "utf8"));
  const trade = published.trade_fullinfo_get_response.trade;
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

  const answer = await fetch(`${BASE}/api/v1/channels/${CHANNEL.name}/trades`, {
    method: "POST",
    headers: { authorization: `Bearer ${CHANNEL.token}`, "content-type": "application/json" },
    body: JSON.stringify(published),
  });
  assert.ok(answer.ok, `the channel's trade was answered with ${answer.status}: ${await answer.text()}`);
}

/** Looks until `probe` gives something, and gives it; fails when it takes too long. Never a fixed pause. */
export async function eventually(what, probe) {
  const end = Date.now() + WAIT_MS_MAX;
  while (Date.now() < end) {
    const found = await probe();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return assert.fail(`${what}: not within ${WAIT_MS_MAX} ms`);
}

/**
 * Reads `omnichannel_param` as connectors do: records by `;`, members by `,`, the name before the first `:`.
 * Gives a map from sub-order to its first record.
 */
export function parseOmnichannel(text) {
  const records = new Map();
  for (const part of (text ?? "").split(";").filter((part) => part.trim())) {
    const members = part.trim().split(",").map((member) => {
      const colon = member.indexOf(":");
      return [member.slice(0, colon), member.slice(colon + 1)];
    });
    const record = Object.fromEntries(members);
    if (!records.has(record.subOrderCode)) records.set(record.subOrderCode, record);
  }
  return records;
}

// The SDK as a connector uses it, and what both runs ask through it.

import assert from "node:assert/strict";
import topClientPackage from "node-taobao-topclient";

import { BASE, SELLER, eventually, localTime, parseOmnichannel } from "./merchant.mjs";

// The package is compiled from a module with a default export.
const TopClient = topClientPackage.default;

/** A connector: the SDK with one account's key and session. It throws the published error. */
export function connect(account, secret = account.secret) {
  const sdk = new TopClient({ appkey: account.appKey, appsecret: secret, REST_URL: `${BASE}/router/rest` });
  return (method, params) => sdk.execute(method, { session: account.session, ...params });
}

/** The body the SDK would send, signed by the SDK, to be sent more than once. */
export function signedForm(account, method, params) {
  const sdk = new TopClient({ appkey: account.appKey, appsecret: account.secret });
  const form = {
    method,
    app_key: account.appKey,
    session: account.session,
    timestamp: localTime(),
    format: "json",
    v: "2.0",
    sign_method: "md5",
  };
  for (const [name, value] of Object.entries(params)) {
    form[name] = typeof value === "object" ? JSON.stringify(value) : value;
  }
  form.sign = sdk.sign(form);
  return new URLSearchParams(form).toString();
}

const call = connect(SELLER);

/** Without the tag an item is not the platform's to route. */
export async function tagForDelivery(itemId) {
  const tagged = await call("taobao.omniorder.item.tag.operate", { item_id: itemId, types: "storeDeliver", status: 1 });
  assert.equal(tagged.code, "0", JSON.stringify(tagged));
}

/** The record of one sub-order in its trade's `omnichannel_param`, if there is one yet. */
export async function recordOf(tid, oid) {
  const answer = await call("taobao.trade.fullinfo.get", { tid, fields: "tid,status,orders,omnichannel_param" });
  assert.equal(answer.trade.tid, tid);
  return parseOmnichannel(answer.trade.omnichannel_param).get(String(oid));
}

export const reaches = (tid, oid, state) =>
  eventually(`${oid} in ${state}`, async () => {
    const record = await recordOf(tid, oid);
    return record?.orderState === state && record;
  });

// A Qimen client as integrators write it by hand: system parameters in the query, the body an XML text, both signed.

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";

import { BASE, localTime } from "./merchant.mjs";

/** Published: names and values joined in the order of the names, the raw body behind them. */
export function sign(method, secret, params, body) {
  const joined = Object.keys(params).sort().map((name) => name + params[name]).join("") + body;
  const digest = {
    md5: () => createHash("md5").update(secret + joined + secret),
    hmac: () => createHmac("md5", secret).update(joined),
    "hmac-sha256": () => createHmac("sha256", secret).update(joined),
  }[method];
  return digest().digest("hex").toUpperCase();
}

/** Calls `method` for `account`; gives the raw text of the answer. */
export async function callQimen(account, method, inner, options = {}) {
  const { signMethod = "md5", secret = account.secret, customerId = account.id, declaration = true } = options;
  const body = `${declaration ? '<?xml version="1.0" encoding="utf-8"?>\n' : ""}<request>${inner}</request>`;
  const params = {
    method,
    app_key: account.appKey,
    timestamp: localTime(),
    format: "xml",
    v: "2.0",
    sign_method: signMethod,
    customerId: String(customerId),
  };
  params.sign = sign(signMethod, secret, params, body);
  const answer = await fetch(`${BASE}/router/qimen/service?${new URLSearchParams(params)}`, {
    method: "POST",
    headers: { "content-type": "text/xml;charset=utf-8" },
    body,
  });
  assert.equal(answer.status, 200, "this door answers 200 always");
  return answer.text();
}

/** The text of the first `<name>` after `from`, cut out as integrators do. */
export function pick(xml, name, from = 0) {
  const start = xml.indexOf(`<${name}>`, from);
  if (start < 0) return undefined;
  const begin = start + name.length + 2;
  return xml.slice(begin, xml.indexOf(`</${name}>`, begin));
}

export function pickAll(xml, name) {
  return [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, "gs"))].map(([, text]) => text);
}

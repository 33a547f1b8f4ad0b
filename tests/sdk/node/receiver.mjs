// What listens while a run lasts: the ISV's and the POS's address for calls of the platform, and the channel's own door. An SPI call
// is checked with the SDK's own checker, and what was heard of a trade is kept in its order.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import spi from "taobao-sdk/lib/spiUtil.js";

import { RECEIVER, eventually } from "./merchant.mjs";
import { PLATFORM_AT_CHANNEL, secretOf } from "./merchants.mjs";
import { sign } from "./qimen.mjs";

/** How old a call may be, as the samples of SDKs have it. */
const AGE_MINUTES_MAX = 5;
const OK = { code: "0", message: "" };
const TURNED_AWAY = { flag: "failure", sub_code: "sign-check-failure", sub_message: "Illegal request" };

/** What a system says to the platform that answers every call at once. */
const SAID = {
  "taobao.qimen.omniorder.allocate": { ...OK, appKey: "23000002" },
  // It says itself what it has allocated, when it has; asked in between, it still thinks.
  "taobao.qimen.omniorder.allocatedinfo.get": { ...OK, status: "Waiting" },
};

export class Receiver {
  #server = createServer((request, response) => this.#answer(request, response));
  #heard = [];
  #turnedAway = [];
  #next = [];

  async open() {
    const [host, port] = RECEIVER.split(":");
    await new Promise((resolve, reject) => this.#server.on("error", reject).listen(Number(port), host, resolve));
  }

  /** Closes it; fails where a call was not signed as it should be. */
  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    assert.deepEqual(this.#turnedAway, [], "calls that the SDK's checker did not let in");
    assert.deepEqual(this.#next, [], "answers that no call came for");
  }

  /** Says this once to the next call of a method about a trade, instead of yes. */
  sayOnce(tid, method, said) {
    this.#next.push({ tid, method, said });
  }

  /** Methods that a system heard about a trade, in order, without what their names begin with. */
  heard(account, tid) {
    return this.#heard.filter((call) => call.appKey === account.appKey && call.tid === tid).map((call) => call.name);
  }

  /** Waits until a system has heard exactly these methods about a trade; gives the fields of the last. */
  hears(account, tid, names) {
    return eventually(`${account.appKey} hears ${names} about ${tid}`, () => {
      const heard = this.heard(account, tid);
      assert.deepEqual(heard.slice(0, names.length), names.slice(0, heard.length), `calls about ${tid}`);
      return heard.length >= names.length && this.#heard.findLast((call) => call.appKey === account.appKey && call.tid === tid).fields;
    });
  }

  async #answer(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString("utf8");
    const call = { url: request.url, headers: request.headers, body };
    const said = request.url.startsWith("/channel") ? this.#atChannel(call) : this.#atSystem(call);
    response.setHeader("content-type", "application/json;charset=utf-8");
    response.end(JSON.stringify(said));
  }

  #atSystem(call) {
    const query = Object.fromEntries(new URLSearchParams(call.url.split("?")[1]));
    if (!isFromThePlatform(call, query)) {
      this.#turnedAway.push(call);
      return TURNED_AWAY;
    }
    const fields = isForm(call) ? Object.fromEntries(new URLSearchParams(call.body)) : JSON.parse(call.body);
    const tid = Number(fields.tid);
    const name = query.method.replace("taobao.qimen.omniorder.", "");
    this.#heard.push({ appKey: query.app_key, tid, name, fields });
    const waiting = this.#next.findIndex((next) => next.tid === tid && next.method === name);
    return waiting < 0 ? (SAID[query.method] ?? OK) : this.#next.splice(waiting, 1)[0].said;
  }

  /** `taobao.logistics.offline.send` as the channel takes it. */
  #atChannel(call) {
    const params = Object.fromEntries(new URLSearchParams(`${call.url.split("?")[1]}&${call.body}`));
    const { sign: received, ...signed } = params;
    if (sign(params.sign_method, PLATFORM_AT_CHANNEL.secret, signed, "") !== received) {
      this.#turnedAway.push(call);
      return { error_response: { code: 25, msg: "Invalid signature" } };
    }
    const name = params.method.replace("taobao.", "");
    this.#heard.push({ appKey: params.app_key, tid: Number(params.tid), name, fields: params });
    return { logistics_offline_send_response: { shipping: { is_success: true } } };
  }
}

const isForm = ({ headers }) => headers["content-type"].startsWith("application/x-www-form-urlencoded");

/**
 * The SDK's own checker takes a body as text to be signed whole, and reads names and values from the address alone. A form's
 * fields are names and values, so who is called with forms hands them over with the address.
 */
function isFromThePlatform(call, query) {
  const { url, headers, body } = call;
  const asText = (secret) => spi.checkSignForSpi(url, body, headers, secret);
  const asFields = (secret) => spi.checkSignForSpi(`${url}&${body}`, "", headers, secret);
  const holds = isForm(call) ? asFields : asText;
  const secret = secretOf(query.app_key);
  return secret !== undefined && holds(secret) && !holds(`${secret}!`) && spi.checkTimestamp(query, AGE_MINUTES_MAX);
}

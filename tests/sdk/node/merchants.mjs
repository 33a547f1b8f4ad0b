// The four merchants of ../merchant.toml, one for each role mode of white paper §3, with their systems and their staff.

import assert from "node:assert/strict";

import { BASE } from "./merchant.mjs";

const APPS = {
  erp: { appKey: "23000001", secret: "secret-of-the-erp" },
  isv: { appKey: "23000002", secret: "secret-of-the-isv" },
  pos: { appKey: "23000003", secret: "secret-of-the-pos" },
};

/** Who signs the platform's own call to the channel. */
export const PLATFORM_AT_CHANNEL = { appKey: "23000009", secret: "secret-of-the-platform" };

/** The secret of the app that a call outward names. */
export const secretOf = (appKey) => Object.values(APPS).find((app) => app.appKey === appKey)?.secret;

const merchant = (mode, id, systems) => ({
  mode,
  id,
  channelToken: `channel-of-${id}`,
  staffToken: `staff-of-${id}`,
  ...Object.fromEntries(systems.map((name) => [name, { ...APPS[name], id, session: `${name}-of-${id}` }])),
});

export const MERCHANTS = {
  3.1: merchant("3.1", 22310, ["erp"]),
  3.2: merchant("3.2", 22320, ["erp", "isv"]),
  3.3: merchant("3.3", 22330, ["erp", "pos"]),
  3.4: merchant("3.4", 22340, ["erp", "isv", "pos"]),
};

async function asStaff({ staffToken }, method, path, body) {
  const answer = await fetch(`${BASE}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${staffToken}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path} was answered with ${answer.status}: ${await answer.clone().text()}`);
  return answer.json();
}

/** What the merchant's staff see of a trade. */
export const tradeOf = (merchant, tid) => asStaff(merchant, "GET", `/trades/${tid}`);

/** A button of the keeper: `accept`, `refuse`, `ship`, `refund-answer`. */
export const press = (merchant, code, button, body = {}) =>
  asStaff(merchant, "POST", `/keeper/assignments/${code}/${button}`, body);

// What every run in this folder needs: the server, the first merchants of ../merchant.toml as their connector knows them, how
// connectors read the time and `omnichannel_param`, and how a run waits.

import assert from "node:assert/strict";

export const BASE = process.env.ASTROLABE_URL;
assert.ok(BASE, "ASTROLABE_URL must name a running server; `cargo xtask test wire` starts one");

/** Where the calls outward of ../merchant.toml go: a run that expects some listens here. */
export const RECEIVER = process.env.ASTROLABE_RECEIVER ?? "127.0.0.1:8190";

export const SELLER = { id: 21230, appKey: "12345678", secret: "helloworld", session: "test-session" };
export const NEIGHBOUR = { id: 21231, appKey: "87654321", secret: "goodbyeworld", session: "neighbour-session" };

const WAIT_MS_MAX = 20_000;
const LOOK_EVERY_MS = 50;

/** `yyyy-MM-dd HH:mm:ss` of the local clock, which is Shanghai's here. */
export function localTime(date = new Date()) {
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
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

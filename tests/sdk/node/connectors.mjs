// The SDKs as connectors use them: each a function that takes an account and gives `call(method, params)`, which resolves to what
// stands inside the answer's root and rejects with the published error's `code` and `sub_code`.

import topClientPackage from "node-taobao-topclient";
import taobaoSdk from "taobao-sdk";
import TopSdk from "topsdk";

import { BASE } from "./merchant.mjs";

// The package is compiled from a module with a default export.
const TopClient = topClientPackage.default;

const isReading = (method) => /\.(get|query|itemquery)$/.test(method);

/** npm node-taobao-topclient: what reads is a GET with everything in its query, what writes is a form; MD5. */
function topClient(account) {
  const sdk = new TopClient({ appkey: account.appKey, appsecret: account.secret, REST_URL: `${BASE}/router/rest` });
  return (method, params) => sdk.execute(method, { session: account.session, ...params }, isReading(method) ? "GET" : "POST");
}

/**
 * npm topsdk: what reads is a GET with a form in its body, what writes is a form; MD5. It checks parameters by rules of its own,
 * leaves structures to its user, and gives numbers of more than 15 digits as texts.
 */
function topSdk(account) {
  const sdk = new TopSdk(account.appKey, account.secret, { endpoint: `${BASE}/router/rest`, useValidators: true });
  const written = ([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : value];
  return (method, params) => {
    const texts = Object.fromEntries(Object.entries({ session: account.session, ...params }).map(written));
    return sdk.execute(method, texts, isReading(method) ? "GET" : "POST");
  };
}

/** npm taobao-sdk, the platform's Node SDK as npm has it: everything in multipart/form-data, MD5. */
function officialSdk(account) {
  return atDoor("/router/rest", account, { session: account.session });
}

function atDoor(door, account, always) {
  const sdk = new taobaoSdk.ApiClient({ appkey: account.appKey, appsecret: account.secret, url: `${BASE}${door}` });
  return (method, params) =>
    new Promise((resolve, reject) => {
      sdk.execute(method, { ...always, ...params }, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
}

/** The same SDK at the Qimen cloud door, whose root it hands over as it is. Names are those of chapter 6. */
export function qimenCloud(account) {
  const call = atDoor("/router/qm", account, { customerId: String(account.id), target_app_key: account.appKey });
  return async (method, params) => {
    const { response } = await call(method, params);
    if (response.flag === "success") return response;
    throw Object.assign(new Error(response.message), response);
  };
}

export const SDKS = { "node-taobao-topclient": topClient, "taobao-sdk": officialSdk, topsdk: topSdk };

// The SDKs as connectors use them: each a function that takes an account and gives `call(method, params)`, which resolves to what
// stands inside the answer's root and rejects with the published error's `code` and `sub_code`.

import topClientPackage from "node-taobao-topclient";
import taobaoSdk from "taobao-sdk";

import { BASE } from "./merchant.mjs";

// The package is compiled from a module with a default export.
const TopClient = topClientPackage.default;

/** npm node-taobao-topclient: everything in a form, structures as JSON, MD5. */
function topClient(account) {
  const sdk = new TopClient({ appkey: account.appKey, appsecret: account.secret, REST_URL: `${BASE}/router/rest` });
  return (method, params) => sdk.execute(method, { session: account.session, ...params });
}

/** npm taobao-sdk, the platform's own for Node: everything in multipart/form-data, MD5. */
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

export const SDKS = { "node-taobao-topclient": topClient, "taobao-sdk": officialSdk };

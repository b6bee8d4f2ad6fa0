// Two other implementations of WeChat Pay's clients against the simulator: wechatpay-axios-plugin and wechatpay-node-v3.
// usage: node clients.js order|after <file.json>; prints one JSON object {axios, node}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { Wechatpay, Rsa, Aes, Formatter } = require("wechatpay-axios-plugin");
const Pay = require("wechatpay-node-v3");
const { PayRequest } = require("wechatpay-node-v3/dist/lib/pay-request");

const [step, file] = process.argv.slice(2);
const given = JSON.parse(readFileSync(file, "utf8"));
const { origin, mchid, serial, privateKey, apiV3Key, appid, certs, order } = given;

const axios = new Wechatpay({ mchid, serial, privateKey, certs, baseURL: `${origin}/` });

class Moved extends PayRequest {
  // node-v3 has the real address in its code; only where it is sent to is changed, what it signs is not
  get(url, headers) { return super.get(this.moved(url), headers); }
  post(url, params, headers) { return super.post(this.moved(url), params, headers); }
  moved(url) { return url.replace("https://api.mch.weixin.qq.com", origin); }
}
const node = new Pay({ appid, mchid, serial_no: serial, publicKey: Buffer.from("unused"), privateKey, key: apiV3Key });
node.createHttp(new Moved());

async function orderBoth() {
  const { data } = await axios.v3.pay.transactions.jsapi.post({ appid, mchid, out_trade_no: "axios0001", ...order });
  const parameters = { timeStamp: `${Formatter.timestamp()}`, nonceStr: Formatter.nonce(), package: `prepay_id=${data.prepay_id}`, signType: "RSA" };
  const text = Formatter.joinedByLineFeed(appid, parameters.timeStamp, parameters.nonceStr, parameters.package);
  const made = await node.transactions_jsapi({ out_trade_no: "node0001", ...order });
  return { axios: { ...parameters, paySign: Rsa.sign(text, privateKey) }, node: made.data };
}

async function after() {
  const amount = { refund: 300, total: order.amount.total, currency: "CNY" };
  const trades = axios.v3.pay.transactions.outTradeNo._number_;
  const { data: trade } = await trades.get({ params: { mchid }, number: "axios0001" });
  const { data: refund } = await axios.v3.refund.domestic.refunds.post({ out_trade_no: "axios0001", out_refund_no: "axiosRefund", amount });
  const { data: refundFound } = await axios.v3.refund.domestic.refunds._number_.get({ number: "axiosRefund" });
  await axios.v3.pay.transactions.jsapi.post({ appid, mchid, out_trade_no: "axios0002", ...order });
  const { status: closed } = await trades.close.post({ mchid }, { number: "axios0002" });
  const absent = await trades.get({ params: { mchid }, number: "axios0003" }).catch((error) => error.response.data.code);
  return { axios: { trade, refund, refundFound, closed, absent, callbacks: given.callbacks.map(readWithAxios) }, node: await afterWithNode(amount) };
}

function readWithAxios({ headers, body }) {
  const text = Formatter.response(headers["wechatpay-timestamp"], headers["wechatpay-nonce"], body);
  const verified = Rsa.verify(text, headers["wechatpay-signature"], certs[headers["wechatpay-serial"]]);
  const { nonce, ciphertext, associated_data } = JSON.parse(body).resource;
  return { verified, content: JSON.parse(Aes.AesGcm.decrypt(ciphertext, apiV3Key, nonce, associated_data)) };
}

async function afterWithNode(amount) {
  const trade = (await node.query({ out_trade_no: "node0001" })).data;
  const refund = (await node.refunds({ out_trade_no: "node0001", out_refund_no: "nodeRefund", amount })).data;
  const refundFound = (await node.find_refunds("nodeRefund")).data;
  await node.transactions_jsapi({ out_trade_no: "node0002", ...order });
  const closed = (await node.close("node0002")).status;
  const absent = JSON.parse((await node.query({ out_trade_no: "node0003" })).error).code;
  const callbacks = [];
  for (const { headers, body } of given.callbacks) {
    // it knows certificates alone
    if (headers["wechatpay-serial"].startsWith("PUB_KEY_ID_")) continue;
    const [timestamp, nonce, signature, serial] = ["timestamp", "nonce", "signature", "serial"].map((name) => headers[`wechatpay-${name}`]);
    const verified = await node.verifySign({ timestamp, nonce, body, serial, signature, apiSecret: apiV3Key });
    const { resource } = JSON.parse(body);
    callbacks.push({ verified, content: node.decipher_gcm(resource.ciphertext, resource.associated_data, resource.nonce, apiV3Key) });
  }
  return { trade, refund, refundFound, closed, absent, callbacks };
}

console.log(JSON.stringify(await (step === "order" ? orderBoth() : after())));

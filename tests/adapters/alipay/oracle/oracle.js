// Alipay's own SDK against the simulated Alipay: node oracle.js INPUT.json; prints what it found as JSON.
import { readFileSync } from "node:fs";
import { AlipaySdk } from "alipay-sdk";

const input = JSON.parse(readFileSync(process.argv[2], "utf8"));
const sdk = new AlipaySdk({ ...input.config, keyType: "PKCS8", camelcase: false });
const found = {};

for (const [name, { method, parameters, validateSign }] of Object.entries(input.calls)) {
  try {
    found[name] = await sdk.exec(method, parameters, { validateSign });
  } catch (error) {
    found[name] = { thrown: `${error.name}: ${error.message}` };
  }
}
found.notices = input.notices.map((fields) => sdk.checkNotifySignV2(fields));
found.pages = input.pages.map(({ method, bizContent }) => sdk.pageExec(method, "GET", { bizContent }));
console.log(JSON.stringify(found));

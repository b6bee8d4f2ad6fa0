// Scanning by the host app around the page. Elsewhere the phone's own camera opens the sticker's page, which leads here.

import { around, askHost } from "./host.js";
import { go } from "./state.js";

export const canScan = () => around.can.includes("scan");

export async function scan() {
  go({ view: "hall", scan: (await askHost("scan")).text });
}

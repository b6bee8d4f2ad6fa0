// The host app around the page, if it is shown in one: asked by messages (docs/sandbox.md, "The bridge").
import { uuid } from "./ids.js";

export const around = { origin: "", app: "", can: [], waiting: new Map() };
// The browser lets nobody else frame the page, but messages come from anywhere.
const framers = document.querySelector('meta[name="framed-by"]').content.split(" ").filter(Boolean);

export function askHost(ask, more = {}, origin = around.origin) {
  return new Promise((done, failed) => {
    const id = uuid();
    around.waiting.set(id, { origin, done, failed });
    parent.postMessage({ yiwang: 1, id, ask, ...more }, origin);
  });
}

addEventListener("message", ({ source, origin, data }) => {
  if (source !== parent || data?.yiwang !== 1) return;
  const asked = around.waiting.get(data.id);
  if (asked?.origin !== origin) return;
  around.waiting.delete(data.id);
  if (data.answer !== null && typeof data.answer === "object") asked.done(data.answer);
  else asked.failed(Object.assign(new Error(String(data.error)), { code: "HOST_APP" }));
});

// Calls `met` once one of the origins that may frame the page answers; nobody need ever.
export async function greet(met) {
  if (parent === window || !framers.length) return;
  const hello = async (origin) => ({ origin, ...(await askHost("hello", {}, origin)) });
  const { origin, app, can } = await Promise.any(framers.map(hello));
  if (typeof app !== "string" || !Array.isArray(can)) return;
  Object.assign(around, { origin, app, can });
  met();
}

// What can be booked.

import { h } from "./element.js";
import { ask, Refused } from "./graph.js";
import { t } from "./language.js";

const SERVICES = `{ appointmentServices { code nameZh nameEn minutes furtherMinutes people namesAll level days releaseAt documentsZh documentsEn drawSeconds
  questions { name titleZh titleEn kind requiredBy choices { value titleZh titleEn } } } }`;
let known = null;

/** Return the services that take appointments; asked for once. */
export async function services() {
  known ??= ask(SERVICES).catch((error) => {
    known = null;
    throw error;
  });
  return (await known).appointmentServices;
}

/** Return a service by its code. Throws Refused. */
export async function service(code) {
  const found = (await services()).find((each) => each.code === code);
  if (!found) throw new Refused("APPOINTMENT_SERVICE_UNKNOWN", "");
  return found;
}

/** Return grey lines where something is about to be. */
export const skeleton = (lines) => h("div", { class: "skeleton", role: "img", "aria-label": t("loading") }, Array.from({ length: lines }, () => h("span")));

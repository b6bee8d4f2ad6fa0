// A new appointment for somebody by their ID number, and moving one that is there.

import { api } from "./api.js";
import { attempt, field, questions, reasons, select } from "./parts.js";
import { kept, picker } from "./picker.js";
import { named, t, toBring } from "./texts.js";
import { wrongNumber } from "./id_numbers.js";
import { Refused } from "/console/api.js";
import { h } from "/console/dom.js";

/** Return the view of a new appointment; `booked(case)` once it is one. */
export function booking({ door, idNumber, booked }) {
  const number = h("input", { id: "id-number", value: idNumber, required: true, autocomplete: "off", spellcheck: "false", maxlength: "40" });
  const service = select("service", door.services.map((each) => [each.service.code, named(each.service)]));
  const people = h("input", { id: "people", type: "number", value: "1", min: "1", required: true });
  const limit = () => {
    const { people: most, namesAll } = offered();
    people.max = String(most);
    people.value = String(namesAll ? most : 1); // all of them are to come
  };
  const offered = () => door.services.find((each) => each.service.code === service.value);
  service.addEventListener("change", limit);
  const rest = h("div", {});
  const send = (event) => {
    event.preventDefault();
    const whom = { idNumber: number.value.trim() };
    const many = Number(people.value);
    const end = h("div", {});
    const held = (made, zone) => end.replaceChildren(finish({ made, zone, whom, offered: offered(), people: many, booked }));
    rest.replaceChildren(picker({ door, service: service.value, people: many, whom, held }), end);
  };
  const form = h("form", { class: "card", onsubmit: send, onchange: () => rest.replaceChildren() },
    h("h1", { tabindex: "-1" }, t("newBooking")),
    h("div", { class: "pair" }, field(t("idNumber"), number), field(t("service"), service), field(t("people"), people)),
    h("div", { class: "row" }, h("button", { class: "main", id: "show-days" }, t("showDays"))));
  if (door.services.length) limit();
  return h("div", {}, form, rest);
}

function finish({ made, zone, whom, offered, people, booked }) {
  const name = h("input", { id: "name", autocomplete: "off", maxlength: "100" });
  const phone = h("input", { id: "phone", type: "tel", autocomplete: "off", maxlength: "40" });
  const others = h("textarea", { id: "companions", rows: String(people - 1 || 1), required: people > 1 && offered.namesAll });
  const answers = questions(offered.questions, ["confirm"]);
  const send = (event) => {
    event.preventDefault();
    attempt(form, async () => {
      const companions = people > 1 ? others.value.split("\n").map((each) => each.trim()).filter(Boolean) : [];
      const { at, why } = wrongNumber(companions, whom.idNumber);
      if (at >= 0) throw new Refused(0, { error: { code: `COMPANION_${why.toUpperCase()}`, details: { number: companions[at] } } });
      booked(await api.book({ hold: made.hold, ...whom, name: name.value.trim(), phone: phone.value.trim(), companions, answers: answers.given() }));
    }, zone);
  };
  const form = h("form", { class: "card", onsubmit: send },
    h("h2", { tabindex: "-1" }, t("confirm")), kept(made, zone), offered.documentsZh.length > 0 && h("p", { id: "bring" }, t("documents", { names: toBring(offered) })),
    h("div", { class: "pair" }, field(`${t("name")} (${t("optional")})`, name), field(`${t("phone")} (${t("phoneFor")})`, phone)),
    people > 1 && field(t("companions"), others), answers.elements,
    h("div", { class: "row" }, h("button", { class: "main", id: "confirm" }, t("confirm"))));
  return form;
}

/** Return the view of moving a case; `moved(case)` once it is. */
export function moving({ door, seen, moved, back }) {
  const end = h("div", {});
  const held = (made, zone) => {
    const reason = reasons();
    const send = (event) => {
      event.preventDefault();
      attempt(form, async () => moved(await api.act(seen.id, "move", { hold: made.hold, reason: reason.value })), zone);
    };
    const form = h("form", { class: "card", onsubmit: send }, kept(made, zone), field(t("reason"), reason),
      h("div", { class: "row" }, h("button", { class: "main", id: "confirm-move" }, t("confirmMove"))));
    end.replaceChildren(form);
  };
  return h("div", {},
    h("div", { class: "card top" }, h("h1", { tabindex: "-1" }, t("move"), " · ", named(seen.service)), h("button", { type: "button", onclick: back }, t("back"))),
    picker({ door, service: seen.service.code, people: seen.people, whom: { moving: seen.id }, held, at: seen.office.code }), end);
}

// What happened to the entries of the one who is signed in, the newest first. Which were read this browser remembers.

import { api } from "./api.js";
import { h, link, say } from "./dom.js";
import { failure } from "./failure.js";
import { when } from "./format.js";
import { markRead, readUpTo } from "./session.js";
import { t } from "./texts.js";

const A_PAGE = 100; // the API's

export async function notices({ again }) {
  const page = await api.notices(0);
  if (!page.notices.length) return [h("p", {}, t("noticesEmpty"))];
  const list = h("ol", { class: "notices" });
  const more = h("button", { type: "button", onclick: () => further() }, t("more"));
  const show = (found) => {
    list.append(...found.notices.map(notice));
    more.hidden = found.notices.length < A_PAGE;
    more.value = found.next;
  };
  const further = async () => {
    const place = list.children.length;
    try {
      show(await api.notices(more.value));
      list.children[place]?.querySelector("a").focus();
    } catch (error) {
      more.replaceWith(failure(error));
    }
  };
  show(page);
  const newest = page.notices[0].id;
  const mark = async () => {
    markRead(newest);
    await again();
    say(t("marked"));
  };
  return [
    newest > readUpTo() ? h("p", {}, h("button", { type: "button", class: "main", onclick: mark }, t("markRead"))) : h("p", { class: "quiet" }, t("allRead")),
    list, more,
  ];
}

function notice(each) {
  const unread = each.id > readUpTo();
  return h("li", { class: unread ? "card unread" : "card" },
    h("p", {}, unread && h("strong", { class: "mark changed" }, t("unread")), " ", h("strong", {}, t(`notice.${each.kind}`)), " ", link(["entry", each.entry], each.entry),
      " ", h("code", {}, each.organisation), " ", when(each.at)),
    h("p", { class: "text" }, each.text));
}

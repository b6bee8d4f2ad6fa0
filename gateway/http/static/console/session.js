// Who is signed in. The credential is kept with the tab, which people can copy and reopen; nothing else is secret.

const CREDENTIAL = "yiwang.credential";
const LANGUAGE = "yiwang.language";

export const credential = () => sessionStorage.getItem(CREDENTIAL) || "";
export const keep = (token) => sessionStorage.setItem(CREDENTIAL, token);
export const forget = () => sessionStorage.removeItem(CREDENTIAL);

/** The part of a credential that may be shown: docs/publishing.md. */
export const keyId = () => credential().split("_")[1] || "";
export const actor = () => "credential:" + keyId();

/** The language that somebody chose here, else the one that the page was served in. */
export const language = () => (localStorage.getItem(LANGUAGE) || document.documentElement.lang) === "en" ? "en" : "zh";
export const speak = (lang) => localStorage.setItem(LANGUAGE, lang);

const readMark = () => `yiwang.read.${keyId()}`;
export const readUpTo = () => Number(localStorage.getItem(readMark())) || 0;
export const markRead = (id) => localStorage.setItem(readMark(), String(id));

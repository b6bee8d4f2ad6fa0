// Asks the browser for a passkey, or to make one, and sends its answer with the form. Forms that need one stay hidden
// where there is no such thing, so the page is whole without this script.
"use strict";

const decode = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function asked(text) {
  const options = JSON.parse(text);
  options.challenge = decode(options.challenge);
  if (options.user) options.user.id = decode(options.user.id);
  for (const each of [...(options.allowCredentials || []), ...(options.excludeCredentials || [])])
    each.id = decode(each.id);
  return { publicKey: options };
}

function answered(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (credential.response[name]) response[name] = encode(credential.response[name]);
  return JSON.stringify({ id: credential.id, rawId: encode(credential.rawId), type: credential.type, response });
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  const alert = form.querySelector("[role=alert]");
  alert.hidden = true;
  try {
    const credential = await navigator.credentials[form.dataset.passkey](asked(form.dataset.options));
    form.elements.credential.value = answered(credential);
    form.submit();
  } catch {
    alert.hidden = false; // whoever cancelled can try again, or go another way
  }
}

if (window.PublicKeyCredential) {
  for (const each of document.querySelectorAll("[data-no-passkeys]")) each.hidden = true;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", send);
  }
}

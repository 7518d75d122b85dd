/* Passkeys: the browser asks the authenticator, and what it answers goes with the form. */
"use strict";

{
  const form = document.querySelector("form[data-passkey]");

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  /* What is bytes to the browser is base64url on the page. */
  function read(json) {
    const options = JSON.parse(json);
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const list of [options.excludeCredentials, options.allowCredentials]) {
      for (const one of list ?? []) one.id = bytes(one.id);
    }
    return options;
  }

  function written({ id, rawId, type, response }) {
    const said = { clientDataJSON: text(response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[part]) said[part] = text(response[part]);
    }
    return JSON.stringify({ id, rawId: text(rawId), type, response: said, clientExtensionResults: {} });
  }

  async function ask(event) {
    event.preventDefault();
    const publicKey = read(form.dataset.options);
    const problem = form.querySelector("[role=alert]");
    problem.textContent = "";
    try {
      const made = form.dataset.passkey === "add";
      const found = await (made ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
      form.elements.answer.value = written(found);
      form.submit();
    } catch {
      problem.textContent = form.dataset.failed;
    }
  }

  if (form && window.PublicKeyCredential) {
    form.hidden = false;
    document.getElementById("no-passkeys").hidden = true;
    form.addEventListener("submit", ask);
  }
}

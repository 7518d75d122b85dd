/* What htmx leaves to us: say each change once, put the focus where the reader goes on, close the menus. */
"use strict";

/* htmx does not wait for its guard, hx-csp, when that comes late or not at all: planted attributes would be obeyed.
   So no request leaves for markup that asks for one without the page's own nonce. */
const nonce = document.querySelector("script[nonce]").nonce;
document.addEventListener("htmx:config:request", (event) => {
  const { target } = event;
  const asks = [...target.attributes].some(({ name }) => /^(data-)?hx-/.test(name));
  if (asks && target.getAttribute("hx-nonce") !== nonce) event.preventDefault();
});

const status = document.getElementById("status");
let clearing = 0;

function announce(text, quiet = false) {
  clearTimeout(clearing);
  status.classList.toggle("vh", quiet);
  status.textContent = text;
  clearing = setTimeout(() => { status.textContent = ""; }, 6000);
}

/* In the one region that speaks: whatever would speak for itself without JavaScript keeps silent then. */
function tell() {
  const told = document.querySelector("[data-announce]");
  if (told) {
    announce(told.dataset.announce, "quiet" in told.dataset);
    told.removeAttribute("data-announce");
    told.removeAttribute("role");
  }
}

/* What had the focus may be swapped away with the rest; this is how its successor is found. */
let left = null;

document.addEventListener("htmx:before:swap", () => {
  const at = document.activeElement;
  left = !at || at === document.body ? null : {
    id: at.id,
    address: at.getAttribute("href"),
    words: at.textContent,
    heading: at.closest("section[aria-labelledby]")?.getAttribute("aria-labelledby"),
    typed: at.type === "search" ? at.value : null,
  };
});

/* The same control, else the link to the same place, else the heading above: the focus is never lost. */
function successor() {
  const same = left.id && document.getElementById(left.id);
  const links = left.address ? [...document.querySelectorAll(`main a[href="${CSS.escape(left.address)}"]`)] : [];
  const link = links.find((one) => one.textContent === left.words) ?? links[0];
  const heading = left.heading && document.getElementById(left.heading);
  if (!same && !link && heading) heading.tabIndex = -1;
  return same || link || heading;
}

/* What is swapped into the dialog opens it. Esc and its buttons close it: the browser gives the focus back. */
const dialog = document.getElementById("dialog");
dialog?.addEventListener("close", () => dialog.querySelector("#dialog-body").replaceChildren());

/* Who goes on typing while the answer to the first letters is on its way loses none of the others. */
function keepTyping() {
  const field = left && left.typed !== null && document.getElementById(left.id);
  if (!field || field.value === left.typed) return;
  field.value = left.typed;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/* After a swap the new content says where the focus belongs (data-focus) and what is to be told (data-announce). */
document.addEventListener("htmx:after:swap", () => {
  if (dialog && !dialog.open && dialog.querySelector("#dialog-body").firstElementChild) dialog.showModal();
  const focus = document.querySelector("[data-focus]");
  if (focus) {
    focus.removeAttribute("data-focus");
    focus.focus({ preventScroll: false });
  } else if (left && (!document.activeElement || document.activeElement === document.body)) {
    successor()?.focus();
  }
  keepTyping();
  tell();
});

/* A server that is out of reach or out of order swaps nothing: tell it, and leave what was typed. */
for (const name of ["htmx:error", "htmx:response:error"]) {
  document.addEventListener(name, (event) => {
    const code = event.detail?.ctx?.response?.raw?.status;
    if (!code || code >= 500) announce(status.dataset.failed);
  });
}

/* The summary of errors of a whole page takes the focus when the page comes; what was done is told a moment later,
   since a status region speaks only of what changes in it. */
const first = document.querySelector("[data-focus]");
first?.focus();
if (first?.readOnly) first.select(); // it is there to be copied
setTimeout(tell, 200);

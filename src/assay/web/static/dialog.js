// What opens in place without a script opens as a modal dialog with one: the focus stays in it, Escape and "Cancel" close it.

import { all, one } from "./page.js";

export function dialog(details) {
  const summary = one("summary", details);
  const body = one(".ask-body", details);
  const modal = document.createElement("dialog");
  modal.className = "ask-dialog";
  modal.setAttribute("aria-labelledby", body.getAttribute("aria-labelledby"));
  const open = details.open;
  details.open = false;
  const opener = document.createElement("button");
  opener.type = "button";
  opener.className = summary.className;
  opener.id = details.id;
  opener.setAttribute("aria-haspopup", "dialog");
  opener.append(...summary.childNodes);
  const cancel = document.createElement("button");
  cancel.type = "button";
  cancel.className = "quiet";
  cancel.textContent = "Cancel";
  cancel.addEventListener("click", () => modal.close());
  (all(".actions", body).at(-1) ?? body).append(cancel);
  modal.append(body);
  details.replaceWith(opener, modal);
  opener.addEventListener("click", () => modal.showModal());
  if (open) modal.showModal();
}

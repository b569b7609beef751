// Rows of fields that grow and shrink in place: the form is sent as its buttons would send it, and only the rows are exchanged.

import { all, one } from "./page.js";

export function growing(form) {
  let busy = false;

  const typed = () => new Map(all("[data-rows] :is(input[type=text], textarea, select)", form).map((field) => [field.id, field.value]));

  async function exchange(button) {
    const sent = typed();
    const body = new URLSearchParams(new FormData(form, button));
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = all("[data-rows]", new DOMParser().parseFromString(await answer.text(), "text/html"));
    if (!fresh.length) throw new Error("an answer without rows");
    const now = typed();
    for (const rows of fresh) document.getElementById(rows.id)?.replaceWith(document.adoptNode(rows));
    for (const [id, value] of now) {
      const field = document.getElementById(id);
      if (field && value !== sent.get(id)) field.value = value; // typed while the answer was on its way
    }
  }

  form.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-row-button]");
    if (!button) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    const group = button.closest("[data-rows]").id;
    const adds = button.value.startsWith("add:");
    try {
      await exchange(button);
    } catch {
      form.requestSubmit(button);
      return;
    } finally {
      busy = false;
    }
    const rows = document.getElementById(group);
    const last = all(".row", rows).at(-1);
    (adds && last ? one("textarea, select, input:not([type=hidden])", last) : (one(".row-in", rows) ?? rows)).focus();
    form.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

// Feedback that is sent as soon as both questions are answered, and again whenever something changes.

import { clock, one } from "./page.js";

export function feedback(form) {
  const state = one("[data-feedback-state]", form);
  let timer = 0;

  async function send() {
    const said = new FormData(form);
    if (!said.get("relevance") || !said.get("fit")) return;
    state.textContent = "Saving…";
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams([...said]), headers: { accept: "application/json" } });
      state.textContent = answer.ok ? `Thank you. Saved ${clock((await answer.json()).savedAt)}` : "Not saved. Reload the page and try again.";
    } catch {
      state.textContent = "Not saved: no connection. Try again with the button.";
    }
  }

  document.addEventListener("input", (event) => {
    if (event.target.form !== form) return;
    clearTimeout(timer);
    timer = setTimeout(send, event.target.type === "radio" ? 150 : 1200);
  });
  form.addEventListener("submit", (event) => {
    if (!new FormData(form).get("relevance") || !new FormData(form).get("fit")) return;
    event.preventDefault();
    send();
  });
}

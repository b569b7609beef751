// What would be recommended, shown in place as soon as an assumption changes.

import { one, swap } from "./page.js";

export function whatIf(form) {
  const outcome = document.getElementById(form.dataset.whatIf);
  const voice = one("[data-what-if-voice]", form.parentElement);
  let asked = 0;

  async function ask() {
    const mine = ++asked;
    outcome.setAttribute("aria-busy", "true");
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    let html = "";
    try {
      const answer = await fetch(`${form.getAttribute("action")}/fragment?${query}`);
      if (mine !== asked) return;
      if (!answer.ok) return form.submit();
      html = await answer.text();
    } catch {
      html = '<div data-said="No connection"><p class="field-error">There is no connection. Try again in a moment.</p></div>';
    }
    if (mine !== asked) return;
    swap(outcome, html);
    outcome.removeAttribute("aria-busy");
    voice.textContent = outcome.firstElementChild?.dataset.said ?? "";
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  form.addEventListener("change", ask);
}

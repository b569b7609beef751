// Waiting for the result: told as it happens, asked for where that is not possible.

import { one, swap } from "./page.js";

export function live(place) {
  const voice = one("[data-status-voice]");

  function show(html) {
    swap(place, html);
    const told = place.firstElementChild.dataset;
    if (told.next) location.replace(told.next);
    else if (voice.textContent !== told.headline) voice.textContent = document.title = told.headline;
    return Boolean(told.next);
  }

  async function poll() {
    try {
      const answer = await fetch(`${place.dataset.status}/fragment`);
      if (answer.ok && show(await answer.text())) return;
    } catch {
      // asked again below
    }
    setTimeout(poll, 2000);
  }

  const source = new EventSource(`${place.dataset.status}/events`);
  source.addEventListener("status", (event) => show(event.data) && source.close());
  source.addEventListener("error", () => {
    source.close();
    setTimeout(poll, 1000);
  });
}

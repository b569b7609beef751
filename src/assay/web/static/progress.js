// How far something is that works in the background: asked for every second, and the page itself again when it has ended.

import { one, swap } from "./page.js";

export function progress(place) {
  const voice = one("[data-run-voice]");

  async function poll() {
    let answer;
    try {
      answer = await fetch(place.dataset.run);
    } catch {
      // asked again below
    }
    if (answer && (answer.redirected || answer.status === 404)) return location.replace(location.pathname);
    if (answer?.ok) {
      swap(place, await answer.text());
      const told = place.firstElementChild.dataset;
      if (told.ended) return location.replace(location.pathname);
      if (voice.textContent !== told.headline) voice.textContent = told.headline;
    }
    setTimeout(poll, 1000);
    return undefined;
  }

  setTimeout(poll, 1000);
}

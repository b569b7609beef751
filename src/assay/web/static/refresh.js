// A part of a page that tells how things stand, asked for again every ten seconds. It never takes anything out of the reader's hands:
// while the focus or a selection is inside, or the page is not looked at, it stays as it is; what was opened stays open.

import { all, clock, one, swap } from "./page.js";

const EVERY = 10000;

export function refresh(place) {
  const voice = one("[data-refresh-voice]");
  const state = one("[data-refresh-state]");

  const inUse = () => place.contains(document.activeElement) || !getSelection().isCollapsed;

  function show(html) {
    const open = all("details[open][id]", place).map((each) => each.id);
    swap(place, html);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    const told = one("[data-headline]", place)?.dataset.headline ?? "";
    if (voice.textContent !== told) voice.textContent = told;
  }

  async function ask() {
    if (!document.hidden && !inUse()) {
      try {
        const answer = await fetch(place.dataset.refresh);
        if (answer.status === 401 || answer.status === 403 || answer.redirected) {
          state.textContent = "Not refreshed any more: your session has ended.";
          return;
        }
        if (answer.ok && !inUse()) show(await answer.text());
        state.textContent = answer.ok ? "Refreshed every ten seconds." : "Could not be refreshed just now.";
      } catch {
        state.textContent = `No connection. What you see is older than ${clock(Date.now())}.`;
      }
    }
    setTimeout(ask, EVERY);
  }

  voice.textContent = one("[data-headline]", place)?.dataset.headline ?? "";
  state.textContent = "Refreshed every ten seconds.";
  setTimeout(ask, EVERY);
}

// A session that is about to end by itself says so two minutes before, and goes on with one press. Nothing on the page is lost by it.

import { all, one } from "./page.js";

const WARNING = 120;
const RECENT = 5 * WARNING;
const AGAIN = 15;
const LONGEST = 2 ** 31 - 1;
const ACTS = ["input", "keydown", "pointerdown", "scroll"];

export function session(dialog) {
  let idleEnd = 0;
  let end = 0;
  let proof = "";
  let acted = 0;
  let timer = 0;
  let ticking = 0;
  let shown = "";

  const left = (until) => (until - Date.now()) / 1000;
  const rest = () => left(Math.min(idleEnd, end));

  function take({ idleLeft, rest: most, csrf }) {
    idleEnd = Date.now() + 1000 * idleLeft;
    end = Date.now() + 1000 * most;
    if (!csrf) return;
    proof = csrf;
    for (const field of all("input[name=csrf]")) field.value = csrf;
  }

  function lookAfter(seconds) {
    clearTimeout(timer);
    timer = setTimeout(look, Math.min(1000 * Math.max(seconds, 1), LONGEST));
  }

  async function ask(method) {
    const headers = { accept: "application/json", ...(method === "POST" && { "x-csrf-token": proof }) };
    const answer = await fetch("/session", { method, headers });
    if (answer.ok) take(await answer.json());
    return answer;
  }

  // Another tab may have gone on meanwhile, so the server is asked before anybody is.
  async function look() {
    let answer;
    try {
      answer = await ask("GET");
      if (answer.ok && rest() <= WARNING + 5 && idleEnd <= end && left(acted) > -RECENT) answer = await ask("POST");
    } catch {
      return lookAfter(AGAIN);
    }
    if (answer.status === 401) return show("over");
    if (!answer.ok) return lookAfter(AGAIN);
    if (rest() > WARNING + 5) {
      hide();
      return lookAfter(rest() - WARNING);
    }
    show(idleEnd <= end ? "idle" : "rest");
    lookAfter(Math.min(AGAIN, rest() + 1));
  }

  function show(which) {
    if (shown === which) return;
    shown = which;
    for (const part of all("[data-when]", dialog)) part.hidden = part.dataset.when !== which;
    dialog.setAttribute("aria-labelledby", `still-there-${which}`);
    clearInterval(ticking);
    if (which !== "over") ticking = setInterval(count, 1000);
    count();
    if (!dialog.open) dialog.showModal();
    one("[data-when]:not([hidden]) :is(button, a)", dialog).focus();
  }

  function hide() {
    clearInterval(ticking);
    shown = "";
    if (dialog.open) dialog.close();
  }

  function count() {
    const seconds = Math.max(0, Math.ceil(rest()));
    const told = seconds > 90 ? "2 minutes" : seconds > 60 ? "a minute and a half" : `${seconds} second${seconds === 1 ? "" : "s"}`;
    for (const place of all("[data-countdown]", dialog)) place.textContent = told;
  }

  // Whoever closes the question, by whatever means, is there.
  dialog.addEventListener("close", () => {
    if (shown !== "idle") return;
    shown = "";
    acted = Date.now();
    look();
  });
  for (const button of all("[data-stay], [data-close]", dialog)) button.addEventListener("click", () => dialog.close());
  for (const act of ACTS) {
    addEventListener(act, (event) => {
      if (!dialog.contains(event.target)) acted = Date.now();
    }, { capture: true, passive: true });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && (shown || rest() <= WARNING)) look();
  });
  take({ idleLeft: Number(dialog.dataset.idle), rest: Number(dialog.dataset.rest) });
  lookAfter(rest() - WARNING);
}

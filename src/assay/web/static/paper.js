// An assessment that saves itself: while one types, after a lost connection, after an ended session, from several windows.

import { forget, isStored, keep, kept, PREFIX } from "./drafts.js";
import { all, clock, one } from "./page.js";

export function paper(form) {
  const prefix = `${PREFIX}${form.dataset.paper}:`;
  const here = `/assessments/${form.dataset.paper}`;
  const state = one("[data-save-state]");
  const voice = one("[data-save-voice]");
  const pending = new Map();
  const refused = new Set();
  const arrived = performance.getEntriesByType("navigation")[0]?.responseStart ?? 0;
  const serverIsAhead = Date.parse(form.dataset.now) - (performance.timeOrigin + arrived);
  let csrf = form.elements.csrf.value;
  let timer = 0;
  let pause = 2000;
  let sending = null;
  let closed = false;

  const questionOf = (id) => one(`[data-question="${id}"]`, form);

  function say(text, trouble = false, link = null) {
    if (trouble && state.textContent !== text) voice.textContent = text;
    if (!trouble && state.classList.contains("trouble")) voice.textContent = text;
    state.textContent = text;
    state.classList.toggle("trouble", trouble);
    if (link) state.append(" ", Object.assign(document.createElement("a"), link));
  }

  function entriesOf(id) {
    return [...new FormData(form)].filter(([name]) => name.startsWith(`answer-${id}`));
  }

  function momentOf(id) {
    const seen = Date.parse(questionOf(id).dataset.answeredAt ?? "") || 0;
    return new Date(Math.max(Date.now() + serverIsAhead, seen + 1)).toISOString();
  }

  function touched(question) {
    const id = question.dataset.question;
    const answer = { entries: entriesOf(id), at: momentOf(id) };
    pending.set(id, answer);
    refused.delete(id);
    keep(prefix + id, answer);
    if (!closed) say(navigator.onLine ? "Saving…" : "Offline: kept in this browser, will be sent", !navigator.onLine);
    clearTimeout(timer);
    timer = setTimeout(flush, 700);
  }

  function restore() {
    for (const [key, answer] of kept(prefix)) {
      const id = key.slice(prefix.length);
      const question = questionOf(id);
      if (!question || Date.parse(answer.at) <= (Date.parse(question.dataset.answeredAt ?? "") || 0)) {
        forget(key);
        continue;
      }
      fill(question, answer.entries);
      pending.set(id, answer);
    }
    if (pending.size) flush();
  }

  function fill(question, entries) {
    for (const field of all("[name^='answer-']", question)) {
      const given = entries.filter(([name]) => name === field.name).map(([, value]) => value);
      if (field.type === "radio" || field.type === "checkbox") field.checked = given.includes(field.value);
      else field.value = given[0] ?? "";
    }
    question.dispatchEvent(new CustomEvent("filled"));
  }

  function flush(last = false) {
    clearTimeout(timer);
    if (closed || !pending.size) return Promise.resolve();
    sending ??= send(last === true).finally(() => {
      sending = null;
    });
    return sending;
  }

  async function send(last) {
    const batch = new Map(pending);
    say("Saving…");
    let answer;
    try {
      answer = await post(batch, last);
    } catch {
      return later("Offline: kept in this browser, will be sent");
    }
    if (answer.status >= 500 || answer.status === 429) return later("Not saved yet: kept in this browser, will be sent");
    if (answer.status === 401 || answer.status === 403) {
      const back = { href: `/sign-in?next=${here}`, textContent: "Sign in" };
      return say("You are signed out. Your answers are kept in this browser.", true, back);
    }
    if (answer.status === 409 || answer.status === 410) {
      closed = true;
      return say("This assessment is closed.", true, { href: here, textContent: "See why" });
    }
    if (!answer.ok) return say("This could not be saved. It is kept in this browser.", true);
    received(batch, await answer.json());
    if (pending.size) timer = setTimeout(flush, 100);
  }

  async function post(batch, last) {
    const body = new URLSearchParams({ batch: [...crypto.getRandomValues(new Uint32Array(4))].join("-") });
    for (const [id, { entries, at }] of batch) {
      for (const [name, value] of [[`shown-${id}`, ""], [`at-${id}`, at], ...entries]) body.append(name, value);
    }
    const ask = () => fetch(form.action, { method: "POST", body, keepalive: last, headers: { accept: "application/json", "x-csrf-token": csrf } });
    const answer = await ask();
    if (answer.status !== 403) return answer;
    const session = await fetch("/session", { headers: { accept: "application/json" } });
    if (!session.ok) return session;
    form.elements.csrf.value = csrf = (await session.json()).csrf;
    return ask();
  }

  function later(text) {
    say(isStored() ? text : "Offline: keep this page open, your answers will be sent", true);
    timer = setTimeout(flush, pause);
    pause = Math.min(2 * pause, 30000);
  }

  function received(batch, receipt) {
    pause = 2000;
    for (const [id, answer] of batch) {
      const question = questionOf(id);
      const problem = receipt.problems[id];
      const error = one("[data-error]", question);
      error.textContent = problem ?? "";
      error.hidden = !problem;
      for (const field of all("[name^='answer-']", question)) field.toggleAttribute("aria-invalid", Boolean(problem));
      for (const field of all("[aria-invalid]", question)) field.setAttribute("aria-invalid", "true");
      if (pending.get(id) !== answer) continue;
      pending.delete(id);
      if (problem) {
        refused.add(id);
        continue;
      }
      forget(prefix + id);
      question.dataset.answeredAt = answer.at;
      if (receipt.shown[id]) form.elements[`shown-${id}`].value = receipt.shown[id];
    }
    if (receipt.remaining) mark(receipt);
    if (receipt.superseded.length) say("Answered later in another place.", true, { href: here, textContent: "Reload to see it" });
    else if (refused.size) say("Saved, except what is marked", true);
    else if (!pending.size) say(`Saved ${clock(receipt.savedAt ?? Date.now())}`);
  }

  function mark(receipt) {
    const progress = one("[data-progress]");
    one("[data-answered]", progress).textContent = receipt.answered;
    one(".bar-fill", progress).setAttribute("width", (100 * receipt.answered) / Number(progress.dataset.total));
    for (const chip of all("[data-chip]")) {
      const done = !receipt.remaining.includes(chip.dataset.chip);
      chip.classList.toggle("done", done);
      one("[data-chip-state]", chip).textContent = done ? ", answered" : ", not answered";
    }
  }

  form.addEventListener("input", (event) => {
    const question = event.target.closest("[data-question]");
    if (question && event.target.name) touched(question);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const onwards = event.submitter?.value === "review";
    await flush();
    await flush();
    if (refused.size) {
      if (onwards) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "then", value: "review" }));
      form.submit();
    } else if (!pending.size && onwards) {
      location.assign(`${here}/review`);
    } else if (!pending.size && !state.classList.contains("trouble")) {
      say(`Saved ${clock(Date.now())}`);
    }
  });
  addEventListener("online", () => flush());
  addEventListener("visibilitychange", () => document.visibilityState === "hidden" && flush(true));
  addEventListener("beforeunload", (event) => {
    if (pending.size && !isStored()) event.preventDefault();
  });
  restore();
}

// What the pages do better with a script: answers saved while typing, orders moved by buttons, a status that tells itself.
// Every page works without it.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const twoDigits = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const clock = (when) => new Date(when).toLocaleTimeString("en-GB", twoDigits);

// --- Times in the reader's own zone ---------------------------------------------------------------------------------------------

function localTimes(root = document) {
  for (const time of all("time[datetime]", root)) {
    const when = new Date(time.dateTime);
    const told = time.textContent;
    const day = { day: "numeric", month: /[a-z]{4}/i.test(told.replace("UTC", "")) ? "long" : "short", year: /\d{4}/.test(told) ? "numeric" : undefined };
    const parts = [];
    if (/[a-z]/i.test(told.replace("UTC", ""))) parts.push(when.toLocaleDateString("en-GB", day));
    if (told.includes(":")) parts.push(clock(when));
    time.textContent = parts.join(", ");
  }
}

function timeLeft() {
  for (const place of all("[data-left]")) {
    const minutes = Math.max(0, Math.floor((Date.parse(place.dataset.left) - Date.now()) / 60000));
    const parts = { day: Math.floor(minutes / 1440), hour: Math.floor(minutes / 60) % 24, minute: minutes % 60 };
    const told = Object.entries(parts).filter(([, count]) => count).map(([name, count]) => `${count} ${name}${count === 1 ? "" : "s"}`);
    place.textContent = told.slice(0, 2).join(" ") || "less than a minute";
  }
}

// --- Moving about the page ------------------------------------------------------------------------------------------------------

function reveal() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let around = target.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
  target.scrollIntoView({ block: "nearest" });
}

function swap(place, html) {
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  localTimes(place);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

// --- Answers that a browser keeps until they have arrived -----------------------------------------------------------------------

const PREFIX = "assay:";
const memory = new Map();
let storageWorks = true;

function keep(key, value) {
  memory.set(key, value);
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    storageWorks = false;
  }
}

function forget(key) {
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    storageWorks = false;
  }
}

function kept(prefix) {
  const found = new Map();
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(prefix)) found.set(key, JSON.parse(localStorage.getItem(key)));
    }
  } catch {
    storageWorks = false;
  }
  return found;
}

function paper(form) {
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
    say(storageWorks ? text : "Offline: keep this page open, your answers will be sent", true);
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
    if (pending.size && !storageWorks) event.preventDefault();
  });
  restore();
}

function unsent(banner) {
  banner.hidden = !kept(`${PREFIX}${banner.dataset.unsent}:`).size;
}

function signOut(form) {
  form.addEventListener("submit", (event) => {
    const left = [...kept(PREFIX).keys()];
    const question = "Some answers have not been sent yet. Sign out and delete them from this browser?";
    if (left.length && !confirm(question)) event.preventDefault();
    else left.forEach(forget);
  });
}

// --- Fields ---------------------------------------------------------------------------------------------------------------------

function changed(field) {
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function arrow(direction) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: `quiet ${direction}` });
  button.innerHTML = '<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M10 16V4M5 9l5-5 5 5"></path></svg>';
  return button;
}

function sortable(places) {
  const question = places.closest("[data-question]");
  const selects = all("select", places);
  const texts = new Map([...selects[0].options].filter((option) => option.value).map((option) => [option.value, option.textContent]));
  const list = Object.assign(document.createElement("ol"), { className: "sortable" });
  const note = Object.assign(document.createElement("p"), { className: "sort-note muted small" });
  const voice = Object.assign(document.createElement("p"), { className: "unseen" });
  voice.setAttribute("role", "status");
  let order = [];

  const isSet = () => selects.every((select) => select.value);

  function write(values) {
    selects.forEach((select, index) => {
      select.value = values[index] ?? "";
    });
    changed(selects[0]);
  }

  function move(id, by) {
    const from = order.indexOf(id);
    const to = from + by;
    if (to < 0 || to >= order.length) return;
    order.splice(to, 0, ...order.splice(from, 1));
    write(order);
    draw();
    const buttons = all("button", list.children[to]);
    (by < 0 ? buttons[0] : buttons[1]).focus();
    voice.textContent = `${texts.get(id)}: now in place ${to + 1} of ${order.length}`;
  }

  function row(id, index) {
    const item = document.createElement("li");
    const text = Object.assign(document.createElement("span"), { textContent: texts.get(id), dir: "auto" });
    const up = arrow("up");
    const down = arrow("down");
    up.setAttribute("aria-label", `Move up: ${texts.get(id)}`);
    down.setAttribute("aria-label", `Move down: ${texts.get(id)}`);
    up.setAttribute("aria-disabled", index === 0);
    down.setAttribute("aria-disabled", index === order.length - 1);
    up.addEventListener("click", () => move(id, -1));
    down.addEventListener("click", () => move(id, 1));
    item.append(text, up, down);
    return item;
  }

  function draw() {
    const chosen = selects.map((select) => select.value);
    const valid = isSet() && new Set(chosen).size === texts.size;
    if (valid) order = chosen;
    else if (order.length !== texts.size) order = [...texts.keys()];
    list.classList.toggle("unset", !isSet());
    list.replaceChildren(...order.map(row));
    const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet small", textContent: isSet() ? "Clear this answer" : "Keep this order" });
    button.addEventListener("click", () => {
      write(isSet() ? [] : order);
      draw();
      one("button", note).focus();
    });
    note.replaceChildren(isSet() ? "Your order." : "Not answered yet: move something, or", button);
  }

  places.hidden = true;
  places.after(list, note, voice);
  question.addEventListener("filled", draw);
  draw();
}

function counted(field) {
  const place = document.getElementById(field.getAttribute("aria-describedby").split(" ")[0]);
  const most = Number(field.dataset.max);
  const least = Number(field.dataset.words ?? 0);
  const number = new Intl.NumberFormat("en-GB");

  function count() {
    const length = [...field.value].length;
    const written = field.value.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu)?.length ?? 0;
    const told = [];
    if (field.dataset.words !== undefined) told.push(`${number.format(written)} word${written === 1 ? "" : "s"}${written < least ? `, at least ${least} asked for` : ""}`);
    told.push(length > most ? `${number.format(length - most)} characters too long` : `${number.format(most - length)} characters left`);
    place.textContent = told.join(" · ");
    place.classList.toggle("over", length > most);
  }

  if (field.dataset.words === undefined && most <= 200) return;
  field.addEventListener("input", count);
  field.closest("[data-question]").addEventListener("filled", count);
  count();
}

function clearable(button) {
  const question = button.closest("[data-question]");
  const radios = all("input[type=radio]", question);
  const show = () => {
    button.hidden = !radios.some((radio) => radio.checked);
  };
  button.addEventListener("click", () => {
    radios.forEach((radio) => {
      radio.checked = false;
    });
    radios[0].focus();
    changed(radios[0]);
  });
  question.addEventListener("input", show);
  question.addEventListener("filled", show);
  show();
}

function copyable(button) {
  const source = one("[data-copy-source]", button.parentElement);
  button.hidden = false;
  button.addEventListener("click", async () => {
    source.select();
    try {
      await navigator.clipboard.writeText(source.value);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
    }
  });
}

// --- Waiting for the result -----------------------------------------------------------------------------------------------------

function live(place) {
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

// --- Feedback -------------------------------------------------------------------------------------------------------------------

function feedback(form) {
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

// --- Begin ----------------------------------------------------------------------------------------------------------------------

const ENHANCEMENTS = {
  "[data-sort]": sortable,
  "[data-count]": counted,
  "[data-clear]": clearable,
  "[data-copy]": copyable,
  "[data-paper]": paper,
  "[data-unsent]": unsent,
  "[data-sign-out]": signOut,
  "[data-status]": live,
  "[data-feedback]": feedback,
  "[data-focus]": (place) => place.focus(),
};
localTimes();
for (const [selector, enhance] of Object.entries(ENHANCEMENTS)) all(selector).forEach(enhance);
addEventListener("hashchange", reveal);
document.addEventListener("click", (event) => event.target.closest("a[href^='#']") && setTimeout(reveal));
addEventListener("beforeprint", () => all("details").forEach((each) => {
  each.open = true;
}));
setInterval(timeLeft, 30000);
reveal();
document.documentElement.dataset.ready = "";

// What the pages do better with a script: answers saved while typing, orders moved by buttons, a status that tells itself.
// Every page works without it. Each enhancement is loaded only where a page asks for it.

import { all, localTimes } from "./page.js";

const ENHANCEMENTS = [
  ["[data-sort]", "fields", "sortable"],
  ["[data-count]", "fields", "counted"],
  ["[data-clear]", "fields", "clearable"],
  ["[data-copy]", "fields", "copyable"],
  ["[data-paper]", "paper", "paper"],
  ["[data-unsent]", "drafts", "unsent"],
  ["[data-sign-out]", "drafts", "signOut"],
  ["[data-status]", "status", "live"],
  ["[data-feedback]", "feedback", "feedback"],
  ["[data-dialog]", "dialog", "dialog"],
  ["[data-what-if]", "what_if", "whatIf"],
  ["[data-session]", "session", "session"],
  ["[data-refresh]", "refresh", "refresh"],
  ["[data-run]", "progress", "progress"],
  ["[data-most-bytes]", "upload", "upload"],
  ["[data-walk]", "walk", "walk"],
  ["[data-rows-form]", "rows", "growing"],
  ["[data-validate]", "checking", "checked"],
];

function timeLeft() {
  for (const note of all("[data-ends-soon]")) note.hidden = Date.parse(note.dataset.endsSoon) - Date.now() > 3600000;
  for (const place of all("[data-left]")) {
    const minutes = Math.max(0, Math.floor((Date.parse(place.dataset.left) - Date.now()) / 60000));
    const parts = { day: Math.floor(minutes / 1440), hour: Math.floor(minutes / 60) % 24, minute: minutes % 60 };
    const told = Object.entries(parts).filter(([, count]) => count).map(([name, count]) => `${count} ${name}${count === 1 ? "" : "s"}`);
    place.textContent = told.slice(0, 2).join(" ") || "less than a minute";
  }
}

function reveal() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let around = target.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
  target.scrollIntoView({ block: "nearest" });
}

async function begin() {
  localTimes();
  const wanted = ENHANCEMENTS.filter(([selector]) => all(selector).length);
  const modules = await Promise.all(wanted.map(([, file]) => import(`./${file}.js`)));
  wanted.forEach(([selector, , name], index) => all(selector).forEach(modules[index][name]));
  all("[data-focus]").forEach((place) => place.focus());
  reveal();
  document.documentElement.dataset.ready = "";
}

addEventListener("hashchange", reveal);
document.addEventListener("click", (event) => event.target.closest("a[href^='#']") && setTimeout(reveal));
addEventListener("beforeprint", () => all("details").forEach((each) => {
  each.open = true;
}));
setInterval(timeLeft, 30000);
begin();

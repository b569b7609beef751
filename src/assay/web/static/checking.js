// What does not fit in a form is told while somebody types, field by field, once they have been there. It never stands in the way.

import { all, one } from "./page.js";

const PAUSE = 600;

export function checked(form) {
  const been = new Set(all("[aria-invalid]", form).map((field) => field.id));
  const place = one("[data-standing]", form);
  const usual = place.textContent;
  let waiting = 0;
  let asking = null;

  function place_for(name) {
    const field = document.getElementById(name);
    if (!field || !form.contains(field)) return null;
    const told = document.getElementById(`${name}-error`);
    if (told) return told;
    const made = Object.assign(document.createElement("span"), { className: "field-error", id: `${name}-error` });
    if (field.matches("fieldset")) one("legend", field).after(made);
    else field.before(made);
    return made;
  }

  function tell(name, sentence) {
    const field = document.getElementById(name);
    const told = place_for(name);
    if (!told) return;
    if (told.textContent !== sentence) told.textContent = sentence;
    describe(field, told.id, true);
    if (!field.matches("fieldset")) field.setAttribute("aria-invalid", "true");
  }

  function untell(told) {
    const field = document.getElementById(told.id.replace(/-error$/, ""));
    if (field) {
      field.removeAttribute("aria-invalid");
      describe(field, told.id, false);
    }
    told.remove();
  }

  function describe(field, id, on) {
    const ids = new Set((field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
    if (on) ids.add(id);
    else ids.delete(id);
    if (ids.size) field.setAttribute("aria-describedby", [...ids].join(" "));
    else field.removeAttribute("aria-describedby");
  }

  function show(problems) {
    for (const told of all(".field-error", form)) if (!(told.id.replace(/-error$/, "") in problems)) untell(told);
    for (const [name, sentence] of Object.entries(problems)) if (been.has(name)) tell(name, sentence);
    const count = Object.keys(problems).length;
    place.textContent = count ? `${count === 1 ? "One thing" : `${count} things`} still to be filled in or put right.` : usual;
    place.classList.toggle("stands", count > 0);
  }

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.dataset.validate, { method: "POST", body, headers: { Accept: "application/json" }, signal: asking.signal });
      if (answer.ok) show((await answer.json()).problems);
    } catch {
      // offline or overtaken by the next one: the server looks again when the form is sent
    }
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  }

  function visited(event) {
    const field = event.target;
    if (!field.name) return;
    been.add(field.id);
    const group = field.closest("fieldset[id]");
    if (group && event.type === "focusout" && !group.contains(event.relatedTarget)) been.add(group.id);
    soon();
  }

  form.addEventListener("focusout", visited);
  form.addEventListener("input", (event) => {
    if (event.target.value) been.add(event.target.id);
    soon();
  });
}

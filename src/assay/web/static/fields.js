// Fields that do more: orders moved by buttons, counted texts, answers taken back, links copied.

import { all, one } from "./page.js";

function changed(field) {
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function arrow(direction) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: `quiet ${direction}` });
  button.innerHTML = '<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M10 16V4M5 9l5-5 5 5"></path></svg>';
  return button;
}

export function sortable(places) {
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

export function counted(field) {
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

export function clearable(button) {
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

export function copyable(button) {
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

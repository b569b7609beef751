// What every script needs: finding elements, telling times in the reader's own zone, replacing a part of a page.

export const all = (selector, root = document) => [...root.querySelectorAll(selector)];
export const one = (selector, root = document) => root.querySelector(selector);
const twoDigits = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
export const clock = (when) => new Date(when).toLocaleTimeString("en-GB", twoDigits);

export function localTimes(root = document) {
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

export function swap(place, html) {
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  localTimes(place);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

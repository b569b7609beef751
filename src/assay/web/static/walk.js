// A list that is walked with the keyboard: j and k, or the arrows, move between its rows; a slash goes to its search.
// The keys mean this only while the focus is in the table (WCAG 2.1.4), so that nobody who speaks or types elsewhere meets them.

import { all, one } from "./page.js";

const STEPS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

export function walk(section) {
  const links = all("[data-row]", section);
  const table = links[0]?.closest(".scroll");
  if (!table) return;

  function go(index) {
    const link = links[Math.min(Math.max(index, 0), links.length - 1)];
    link.focus();
    link.scrollIntoView({ block: "nearest" });
  }

  table.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = event.target.closest("tr");
    const at = links.findIndex((link) => link.closest("tr") === row);
    if (event.key in STEPS) go(at < 0 ? 0 : at + STEPS[event.key]);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(links.length - 1);
    else if (event.key === "/") one("input[name=name]", section).focus();
    else return;
    event.preventDefault();
  });
}

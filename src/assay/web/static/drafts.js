// Answers that a browser keeps until they have arrived, and who must know of them: the review, and whoever signs out.

export const PREFIX = "assay:";
let storageWorks = true;

export const isStored = () => storageWorks;

export function keep(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    storageWorks = false;
  }
}

export function forget(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    storageWorks = false;
  }
}

export function kept(prefix) {
  const found = new Map();
  for (const key of keys().filter((each) => each.startsWith(prefix))) {
    try {
      found.set(key, JSON.parse(localStorage.getItem(key)));
    } catch {
      forget(key); // not one of ours
    }
  }
  return found;
}

function keys() {
  try {
    return Object.keys(localStorage);
  } catch {
    storageWorks = false;
    return [];
  }
}

export function unsent(banner) {
  banner.hidden = !kept(`${PREFIX}${banner.dataset.unsent}:`).size;
}

export function signOut(form) {
  form.addEventListener("submit", (event) => {
    const left = [...kept(PREFIX).keys()];
    const question = "Some answers have not been sent yet. Sign out and delete them from this browser?";
    if (left.length && !confirm(question)) event.preventDefault();
    else left.forEach(forget);
  });
}

// What the behaviours share
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// Says something to a screen reader, in the hidden status line at the end of each page
export const announce = (text) => { const line = $('[data-announce]'); if (line) line.textContent = text; };

// A behaviour is attached to the elements of the page, and again to those that arrive later with `attach(root)`
const behaviours = [];
const attached = new WeakMap();
const attachOne = ([selector, start], root) => {
  for (const element of $$(selector, root)) {
    const known = attached.get(element) ?? new Set();
    if (known.has(start)) continue;
    attached.set(element, known.add(start));
    start(element);
  }
};
export const behaviour = (selector, start) => { behaviours.push([selector, start]); attachOne([selector, start], document); };
export const attach = (root) => { for (const one of behaviours) attachOne(one, root); };

export const grouped = (number) => Number(number).toLocaleString('en');

// Menus: arrow keys, and a place next to the button where anchor positioning is missing
import { $, $$ } from './dom.js';

document.addEventListener('keydown', (event) => {
  const menu = event.target.closest?.('.menu:popover-open');
  if (!menu || !['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(event.key)) return;
  // In a search box Home, End and Up belong to the text
  if (event.target.matches('input:not([type="checkbox"])') && event.key !== 'ArrowDown') return;
  const items = $$('.menu-item, .choice input', menu).filter((item) => !item.disabled && item.checkVisibility());
  if (!items.length) return;
  const at = items.indexOf(event.target);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  event.preventDefault();
  items.at(next % items.length)?.focus();
});

const place = (menu, opener) => {
  const button = opener.getBoundingClientRect();
  const top = menu.matches('.menu-up') ? button.top - menu.offsetHeight - 8 : Math.min(button.bottom, innerHeight - menu.offsetHeight - 12);
  const left = menu.matches('.menu-end') ? button.right - menu.offsetWidth : button.left;
  menu.style.top = `${Math.max(8, top)}px`;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
};

// Several buttons may open one menu: it belongs to the one that was pressed last
const openers = new Map();
document.addEventListener('click', (event) => {
  const opener = event.target.closest('[popovertarget]');
  if (opener) openers.set(opener.getAttribute('popovertarget'), opener);
}, true);

document.addEventListener('toggle', (event) => {
  const menu = event.target;
  if (!menu.matches?.('.menu')) return;
  const opener = openers.get(menu.id) ?? $(`[popovertarget="${CSS.escape(menu.id)}"]`);
  opener?.setAttribute('aria-expanded', String(event.newState === 'open'));
  if (event.newState !== 'open') return;
  if (opener && !CSS.supports('position-area', 'block-end')) place(menu, opener);
  if (!menu.contains(document.activeElement)) $('.menu-item, select, button, input:not([type="hidden"])', menu)?.focus({ preventScroll: true });
}, true);
// Whoever comes back by the browser's Back finds the page without the menu that led away from it
addEventListener('pagehide', () => { for (const open of $$(':popover-open')) open.hidePopover(); });

// "/" goes to the search box
import { $ } from './dom.js';

document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest('input, textarea, select, dialog, :popover-open')) return;
  const box = $('[data-hotkey="/"]');
  if (box?.checkVisibility()) { event.preventDefault(); box.focus(); box.select(); }
});

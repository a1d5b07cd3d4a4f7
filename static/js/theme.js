// Theme: applied at once, stored by the form on the server
import { $$, behaviour } from './dom.js';

behaviour('[data-theme-choice]', (button) => {
  button.addEventListener('click', (event) => {
    event.preventDefault();
    const root = document.documentElement;
    if (button.value === 'system') delete root.dataset.theme;
    else root.dataset.theme = button.value;
    for (const choice of $$('[data-theme-choice]')) choice.setAttribute('aria-pressed', String(choice === button));
    const body = new URLSearchParams(new FormData(button.form, button));
    // The answer sends to a page; following it would use up that page's flash
    fetch(button.form.action, { method: 'POST', body, redirect: 'manual' }).catch(() => {});
  });
});

// Dialogs: a link to #id opens it as a modal, from this page or another; without script :target shows it
import { $ } from './dom.js';

const open = (dialog) => {
  if (!dialog.matches('dialog') || dialog.matches(':modal')) return;
  dialog.removeAttribute('open'); // the server may have opened it in place, with errors
  dialog.showModal();
  // The first of several radio buttons gets the focus, whichever is chosen
  const first = document.activeElement;
  if (first?.type === 'radio' && !first.checked) $(`[name="${first.name}"]:checked`, dialog)?.focus();
};
const named = (hash) => (hash.length > 1 ? document.getElementById(hash.slice(1)) : null);
const fromAddress = () => {
  const dialog = named(location.hash);
  if (!dialog?.matches('dialog')) return;
  history.replaceState(null, '', location.pathname + location.search);
  open(dialog);
};

document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-dialog]');
  const dialog = opener && named(opener.hash);
  if (dialog?.matches('dialog')) {
    event.preventDefault();
    opener.closest('[popover]')?.hidePopover();
    open(dialog);
    return;
  }
  const closer = event.target.closest('[data-close]');
  const shown = closer?.closest('dialog');
  if (shown?.open && !shown.matches('[data-error]')) { event.preventDefault(); shown.close(); }
});
addEventListener('hashchange', fromAddress);

fromAddress();
const returned = $('dialog[open]');
if (returned) open(returned);

// The menu of a row: one for the whole list, told for which row it is opened. Without script its button is a link to the account.
import { $, $$, behaviour } from './dom.js';

let shown = null;

const aim = (menu, { opener, address }) => {
  const here = $('#row [name="next"]')?.value ?? '';
  for (const item of $$('[data-to]', menu)) {
    const { to, fits } = item.dataset;
    if (to.startsWith('#')) item.href = address.pathname + address.search + to;
    else if (item.matches('a')) item.href = `${address.pathname}/${to}?${new URLSearchParams({ next: here })}`;
    else item.formAction = `${address.pathname}/${to}`;
    item.hidden = fits !== undefined && !fits.split(' ').includes(opener.dataset.is ?? '0');
  }
};

behaviour('a.row-more', (link) => {
  const menu = document.getElementById('row-menu');
  if (!menu) return;
  const opener = document.createElement('button');
  opener.type = 'button';
  opener.className = link.className;
  opener.setAttribute('aria-label', link.getAttribute('aria-label'));
  opener.setAttribute('aria-expanded', 'false');
  if (link.dataset.is) opener.dataset.is = link.dataset.is;
  opener.setAttribute('popovertarget', menu.id);
  const address = new URL(link.href);
  opener.addEventListener('click', () => {
    // Open for another row, it would be closed by this one's button
    if (shown !== opener && menu.matches(':popover-open')) menu.hidePopover();
    shown?.setAttribute('aria-expanded', 'false');
    shown = opener;
    aim(menu, { opener, address });
  });
  link.replaceWith(opener);
});

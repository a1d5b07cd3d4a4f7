// Selection in a list: the count, the page's box, Shift-click ranges, Clear and Escape, and "all that match".
// Rows are looked up each time, because a filter may have replaced them.
import { $, $$, announce, behaviour, grouped } from './dom.js';

const BOX = 'tbody .check input';

behaviour('[data-list]', (list) => {
  const boxes = () => $$(BOX, list);
  const scope = () => $('[data-scope]', list);
  let last = null;

  const show = (say) => {
    const all = boxes();
    const page = $('[data-select-page]', list);
    if (!page) return;
    const onPage = all.filter((box) => box.checked).length;
    const matching = Boolean(scope());
    const number = matching ? Number(list.dataset.total) : onPage;
    const count = $('[data-selected-count]', list);
    if (count) count.textContent = matching ? `All ${grouped(number)} selected` : `${grouped(number)} selected`;
    page.checked = onPage > 0 && onPage === all.length;
    page.indeterminate = onPage > 0 && onPage < all.length;
    for (const suffix of $$('[data-selected-suffix]', list)) {
      suffix.textContent = number ? ` ${suffix.dataset.selectedSuffix} ${grouped(number)}` : '';
    }
    const offer = $('[data-select-matching]', list);
    if (offer) offer.hidden = matching;
    if (say) announce(number ? `${grouped(number)} selected` : 'Selection cleared');
  };
  // Whoever unticks a row no longer means all that match
  const endScope = () => scope()?.remove();
  // What is ticked by hand takes the place of the selection in the address: a reload must not bring that one back
  const forget = () => {
    const url = new URL(location.href);
    if (!url.searchParams.has('selection')) return;
    url.searchParams.delete('selection');
    history.replaceState(null, '', url);
  };
  const setAll = (on) => {
    if (!on) endScope();
    forget();
    for (const box of boxes()) box.checked = on;
    show(true);
  };

  list.addEventListener('click', (event) => {
    const box = event.target.closest(BOX);
    if (box) {
      const all = boxes();
      if (event.shiftKey && last && last !== box && all.includes(last)) {
        const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
        for (const between of all.slice(from, to + 1)) between.checked = box.checked;
      }
      last = box;
      if (!box.checked) endScope();
      forget();
      show(true);
    } else if (event.target.closest('[data-clear]')) {
      event.preventDefault();
      setAll(false);
      $('[data-select-page]', list)?.focus();
    }
  });
  // Without this Enter would press the form's first button, which only sends what is ticked
  list.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.target.matches('[data-select-page], ' + BOX)) event.preventDefault();
  });
  list.addEventListener('change', (event) => {
    if (event.target.matches('[data-select-page]')) setAll(event.target.checked);
  });
  list.addEventListener('muster:replaced', () => { last = null; show(false); });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || $(':popover-open') || $('dialog[open]')) return;
    if (!boxes().some((box) => box.checked)) return;
    setAll(false);
    $('[data-select-page]', list)?.focus();
  });
  // The way back may bring ticks with it, on rows that are others by now: what the page came with holds
  addEventListener('pageshow', (event) => {
    const returned = event.persisted || performance.getEntriesByType('navigation')[0]?.type === 'back_forward';
    if (returned) for (const box of boxes()) box.checked = box.defaultChecked;
    show(false);
  });
  show(false);
});

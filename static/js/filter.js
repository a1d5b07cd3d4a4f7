// Filters of a list take effect while one types or chooses: the page is fetched for the new filters and the parts of the
// list that depend on them (data-region) are replaced, so that focus and caret stay. Whatever goes wrong, the form is sent.
import { $, $$, announce, attach } from './dom.js';

const PAUSE = 250; // milliseconds without a key before a search is sent
const timers = new WeakMap();
const requests = new WeakMap();

// Of a whole token only its public part is looked for: its secret must not get into an address.
const withoutSecret = (text) => text.replace(/(mst[rw]_[0-9A-Za-z]{12})_[0-9A-Za-z]+/g, '$1');

const address = (form) => {
  const url = new URL(form.getAttribute('action') || location.pathname, location.href);
  const fields = [...new FormData(form)].map(([name, value]) => [name, withoutSecret(value)]);
  const filled = fields.filter(([, value]) => value !== '');
  url.search = new URLSearchParams(filled).toString();
  return url;
};

const replaceRegions = (list, fresh) => {
  const focused = document.activeElement?.id;
  for (const region of $$('[data-region]', list)) {
    const next = $(`[data-region="${region.dataset.region}"]`, fresh);
    if (!next) continue;
    const arrived = document.importNode(next, true);
    region.replaceWith(arrived);
    attach(arrived.parentElement);
  }
  list.dataset.total = fresh.dataset.total;
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
  list.dispatchEvent(new CustomEvent('muster:replaced'));
};

const apply = async (form) => {
  const list = form.closest('[data-list]');
  clearTimeout(timers.get(form));
  requests.get(form)?.abort();
  if (!list) return form.requestSubmit();
  const request = new AbortController();
  requests.set(form, request);
  const url = address(form);
  list.setAttribute('aria-busy', 'true');
  try {
    const answer = await fetch(url, { signal: request.signal, headers: { Accept: 'text/html' } });
    if (!answer.ok || answer.redirected) throw new Error(`answered ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = $('[data-list]', page);
    if (!fresh) throw new Error('no list in the answer');
    replaceRegions(list, fresh);
    history.replaceState(null, '', url);
    for (const field of $$('[data-here]')) field.value = url.pathname + url.search;
    announce($('[data-summary]', list)?.dataset.summary ?? '');
  } catch (problem) {
    if (problem.name === 'AbortError') return;
    form.submit();
  }
  if (requests.get(form) === request) list.removeAttribute('aria-busy');
};

document.addEventListener('change', (event) => {
  const form = event.target.form;
  if (form?.matches('[data-autosubmit]') && event.target.type !== 'search') apply(form);
});
document.addEventListener('input', (event) => {
  const form = event.target.form;
  if (!form?.matches('[data-autosubmit]') || event.target.type !== 'search') return;
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => apply(form), PAUSE));
});
document.addEventListener('submit', (event) => {
  if (!event.target.matches('[data-autosubmit]')) return;
  event.preventDefault();
  apply(event.target);
});

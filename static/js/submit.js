// A form is sent once: the answer to a second click would take the place of the first one's, and a token's value stands in
// that one only. While it is carried out it shows that; the way back from the answer, and stopping the load, make it ready again.
const RESEND_AFTER = 10000; // milliseconds after which a form may be sent again where the browser does not say that it was stopped

let sent = null;
const settle = () => {
  sent?.form.removeAttribute('aria-busy');
  sent?.button?.removeAttribute('data-busy');
  sent = null;
};

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post') return;
  if (sent?.form === form && event.timeStamp - sent.at < RESEND_AFTER) { event.preventDefault(); return; }
  settle();
  sent = { form, button: event.submitter, at: event.timeStamp };
  form.setAttribute('aria-busy', 'true');
  event.submitter?.setAttribute('data-busy', '');
});
addEventListener('pageshow', settle);
window.navigation?.addEventListener('navigateerror', settle);

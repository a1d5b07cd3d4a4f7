// A form is sent once: the answer to a second click would take the place of the first one's, and a token's value stands in
// that one only. The way back from the answer makes the form ready again.

let sent = null;
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post') return;
  if (sent === form) event.preventDefault();
  sent = form;
});
addEventListener('pageshow', () => { sent = null; });

// Copy buttons. Over plain http the clipboard is closed to pages: the value is selected and copied the old way, and where
// that is closed, too, the button says which keys to press.
import { $, announce, behaviour } from './dom.js';

const SHOWN = 2000; // milliseconds

const select = (source) => {
  if (source.select) source.select();
  else getSelection().selectAllChildren(source);
};

const copied = async (source) => {
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    return true;
  } catch {
    select(source);
    return document.execCommand('copy');
  }
};

const keys = /Mac|iP(hone|ad)/.test(navigator.platform) ? '⌘C' : 'Ctrl+C';

behaviour('[data-copy]', (button) => {
  const label = $('[data-copy-label]', button);
  const idle = label.textContent;
  let timer = null;
  button.addEventListener('click', async () => {
    const done = await copied(document.getElementById(button.dataset.copy));
    label.textContent = done ? 'Copied' : `Press ${keys}`;
    announce(done ? 'Copied' : `Selected. Press ${keys} to copy it.`);
    clearTimeout(timer);
    if (done) timer = setTimeout(() => { label.textContent = idle; }, SHOWN);
  });
});
behaviour('[data-select-on-focus]', (input) => input.addEventListener('focus', () => input.select()));

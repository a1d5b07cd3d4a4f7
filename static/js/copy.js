// Copy buttons; where the clipboard is closed to the page, the value is selected for copying by hand
import { $, announce, behaviour } from './dom.js';

const select = (source) => {
  if (source.select) source.select();
  else getSelection().selectAllChildren(source);
};

behaviour('[data-copy]', (button) => {
  const label = $('[data-copy-label]', button);
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      label.textContent = 'Copied';
      announce('Copied');
      setTimeout(() => { label.textContent = 'Copy'; }, 2000);
    } catch {
      select(source);
      announce('Selected. Copy it by hand');
    }
  });
});
behaviour('[data-select-on-focus]', (input) => input.addEventListener('focus', () => input.select()));

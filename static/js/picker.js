// Role pickers and the list of endpoints: narrowed by the words that are typed. A picker's button waits until something is chosen
import { $, $$, behaviour } from './dom.js';

const narrow = (box) => {
  const list = document.getElementById(box.dataset.filter);
  const words = box.value.toLowerCase().split(/\s+/);
  const fits = (choice) => words.every((word) => (choice.dataset.filterItem || choice.textContent.toLowerCase()).includes(word));
  const choices = $$('.choice, [data-filter-item]', list);
  // What is ticked stays in sight: what will be applied is what is seen.
  for (const choice of choices) {
    choice.hidden = !$('input:checked', choice) && !fits(choice);
  }
  for (const group of $$('[data-filter-group]', list)) {
    group.hidden = $$('[data-filter-item]', group).every((item) => item.hidden);
  }
  const none = $('[data-filter-empty]', list);
  if (none) none.hidden = choices.some((choice) => !choice.hidden);
};

behaviour('[data-filter]', (box) => box.addEventListener('input', () => narrow(box)));

behaviour('[data-picker]', (picker) => {
  const show = () => {
    const button = $('[data-picker-submit]', picker);
    if (button) button.disabled = !$('.choice input:checked', picker);
  };
  picker.addEventListener('change', show);
  // Enter presses the picker's own button, and not the first one of the form that its boxes belong to
  picker.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !event.target.matches('input')) return;
    event.preventDefault();
    $('[data-picker-submit]:enabled', picker)?.click();
  });
  addEventListener('pageshow', show);
  // What was chosen stays when a picker is closed by mistake; what was typed does not
  picker.addEventListener('toggle', (event) => {
    const box = $('[data-filter]', picker);
    if (event.newState === 'closed' && box?.value) { box.value = ''; narrow(box); }
  });
  show();
});

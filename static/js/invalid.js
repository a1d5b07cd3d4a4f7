// A form that came back in error: the field that the page names, or the first in question, has the focus
import { $ } from './dom.js';

const wrong = $('[aria-invalid="true"][autofocus]') ?? $('[aria-invalid="true"]');
if (wrong && !document.activeElement?.matches('[aria-invalid="true"]') && wrong.checkVisibility()) wrong.focus();

// Muster: enhancement only. Every page works without script. One file for each behaviour.
import './copy.js';
import './dialog.js';
import './filter.js';
import './hotkey.js';
import './invalid.js';
import './menu.js';
import './picker.js';
import './retry.js';
import './row-menu.js';
import './selection.js';
import './submit.js';
import './theme.js';

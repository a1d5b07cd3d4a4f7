// While the database is gone: looks every other second whether it is back, and then goes where the page's link leads
import { behaviour } from './dom.js';

const PAUSE = 2000; // milliseconds

behaviour('[data-retry]', (link) => {
  const look = async () => {
    try {
      if ((await fetch('/readyz')).ok) { location.replace(link.href); return; }
    } catch { /* not back yet */ }
    setTimeout(look, PAUSE);
  };
  setTimeout(look, PAUSE);
});

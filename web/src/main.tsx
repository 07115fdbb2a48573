import '@fontsource-variable/commissioner/flar.css';
import './look/tokens.css';
import './look/components.css';
import './look/app.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { recognise } from './models/account.ts';
import { startFinding } from './models/finding.ts';
import { startHallway } from './models/hallway.ts';
import { startKeys } from './models/keys.ts';
import { startLock } from './models/lock.ts';
import { startNews } from './models/news.ts';
import { startPlanNews } from './models/plan-news.ts';
import { startStage } from './models/stage.ts';
import { startTalks } from './models/talks.ts';
import { startTitle } from './models/title.ts';
import { startVisits } from './models/visit.ts';
import { go, startRouter } from './router.ts';

// These run as long as the page does.
startRouter();
startHallway();
startVisits();
startStage();
startLock();
startKeys();
startTitle();
startPlanNews();
startNews();
startTalks();
startFinding();
void recognise();

render(<App />, document.body);

// The next time the app opens without the node, too. Not while it is built anew
// with every change; and a browser may not let it, as in private windows.
if (import.meta.env.PROD) {
  // A notification was pressed that leads to a screen.
  navigator.serviceWorker?.addEventListener('message', ({ data }) => go(String(data.go)));
  addEventListener('load', () => {
    navigator.serviceWorker?.register('/sw.js', { updateViaCache: 'none' }).catch(() => {});
  });
}

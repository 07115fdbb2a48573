import { recogniseAgain } from '../models/account.ts';
import { Scene } from '../parts/brand.tsx';
import { Icon } from '../parts/icon.tsx';
import { Landing } from '../parts/shell.tsx';
import { to } from '../router.ts';
import { t } from '../words/index.ts';

/** An address where nothing is. */
export function NowhereScreen() {
  const words = t().nowhere;
  return (
    <Landing art={<Scene />}>
      <h1 tabIndex={-1}>{words.heading}</h1>
      <p class="lead">{words.why}</p>
      <a class="btn ink w" href={to.hallway}>
        {t().over.hallway}
      </a>
    </Landing>
  );
}

/** The node cannot be reached; it is asked again and again. */
export function OfflineScreen() {
  const words = t().trouble;
  return (
    <main class="pane" id="main">
      <div class="banner">
        <Icon name="wifi-off" />
        <span class="grow">{words.offline}</span>
        <button type="button" class="btn s" data-test="try-now" onClick={recogniseAgain}>
          {words.now}
        </button>
      </div>
      <div class="pad stack">
        <h1 tabIndex={-1}>{words.offlineTitle}</h1>
        <p class="soft">{words.offlineWhy}</p>
        <div class="load" role="status" aria-label={t().loading} />
      </div>
    </main>
  );
}

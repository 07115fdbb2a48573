import type { ComponentChild } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Part } from '../models/later.ts';
import { t } from '../words/index.ts';
import { Icon } from './icon.tsx';
import { Bones } from './loadable.tsx';
import { BackTop, Porch } from './shell.tsx';

/** Shows a screen of a part that is loaded when it is first looked at. */
export function Later<Screens>({
  of,
  show,
}: {
  of: Part<Screens>;
  show: (screens: Screens) => ComponentChild;
}) {
  useEffect(() => void of.load(), [of]);
  const there = of.there.value;
  if (there && there !== 'failed') return <>{show(there)}</>;
  return (
    <Porch>
      <BackTop />
      <div class="pad stack roomy" aria-busy={!there}>
        <h1 class="vh" tabIndex={-1}>
          {t().loading}
        </h1>
        {there === 'failed' ? (
          <div class="stack failed">
            <p class="err" role="alert">
              <Icon name="triangle-alert" />
              {t().problems.offline}
            </p>
            <button type="button" class="btn" data-test="load-again" onClick={() => void of.load()}>
              {t().again}
            </button>
          </div>
        ) : (
          <Bones />
        )}
      </div>
    </Porch>
  );
}

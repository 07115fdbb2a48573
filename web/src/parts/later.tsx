import { signal } from '@preact/signals';
import type { ComponentChild } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '../words/index.ts';
import { Icon } from './icon.tsx';
import { Bones } from './loadable.tsx';
import { BackTop, Porch } from './shell.tsx';

type Screens = typeof import('../screens/people/index.tsx');

const screens = signal<Screens | 'failed' | undefined>(undefined);

async function load(): Promise<void> {
  if (typeof screens.peek() === 'object') return;
  screens.value = undefined;
  screens.value = await import('../screens/people/index.tsx').catch(() => 'failed' as const);
}

/** Shows a screen that is loaded when it is first looked at: those of people and their profiles. */
export function Later({ show }: { show: (screens: Screens) => ComponentChild }) {
  useEffect(() => void load(), []);
  const there = screens.value;
  if (typeof there === 'object') return <>{show(there)}</>;
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
            <button type="button" class="btn" data-test="load-again" onClick={() => void load()}>
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

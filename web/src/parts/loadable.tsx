import type { ComponentChildren } from 'preact';
import type { Resource } from '../models/resource.ts';
import { problemWords, t } from '../words/index.ts';
import { Icon } from './icon.tsx';

/** Shows what was asked for, or that it is on its way, or why it is not to be had. */
export function Loadable<T>({
  of,
  children,
  waiting,
}: {
  of: Resource<T>;
  children: (value: T) => ComponentChildren;
  waiting?: ComponentChildren;
}) {
  const shown = of.shown.value;
  switch (shown.kind) {
    case 'loading':
      return <div aria-busy="true">{waiting ?? <Bones />}</div>;
    case 'failed':
      return (
        <div class="stack failed">
          <p class="err">
            <Icon name="triangle-alert" />
            {problemWords(shown.problem)}
          </p>
          <button type="button" class="btn" onClick={() => void of.refresh()}>
            {t().again}
          </button>
        </div>
      );
    case 'ready':
      return <>{children(shown.value)}</>;
  }
}

export function Bones() {
  return (
    <div class="stack">
      <span class="vh">{t().loading}</span>
      <div class="skel half" />
      <div class="skel" />
      <div class="skel most" />
    </div>
  );
}

import type { ComponentChild } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Part } from '../models/later.ts';
import { t } from '../words/index.ts';
import { Scene } from './brand.tsx';
import { Icon } from './icon.tsx';
import { Bones } from './loadable.tsx';
import { BackTop, Landing, Porch, Threshold } from './shell.tsx';

/**
 * Shows a screen of a part that is loaded when it is first looked at. `alone`, it is
 * for somebody who is not in the house yet.
 */
export function Later<Screens>({
  of,
  show,
  alone,
}: {
  of: Part<Screens>;
  show: (screens: Screens) => ComponentChild;
  alone?: boolean;
}) {
  useEffect(() => void of.load(), [of]);
  const there = of.there.value;
  if (there && there !== 'failed') return <>{show(there)}</>;
  const failed = there === 'failed' && (
    <div class="stack failed">
      <p class="err" role="alert">
        <Icon name="triangle-alert" />
        {t().problems.offline}
      </p>
      <button type="button" class="btn" data-test="load-again" onClick={() => void of.load()}>
        {t().again}
      </button>
    </div>
  );
  const heading = (
    <h1 class="vh" tabIndex={-1}>
      {t().loading}
    </h1>
  );
  if (alone) {
    return failed ? (
      <Landing art={<Scene />}>
        {heading}
        {failed}
      </Landing>
    ) : (
      <Threshold />
    );
  }
  return (
    <Porch>
      <BackTop />
      <div class="pad stack roomy" aria-busy={!there}>
        {heading}
        {failed || <Bones />}
      </div>
    </Porch>
  );
}

import type { QueueDecision } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { log } from '../../models/ward.ts';
import { Loadable } from '../../parts/loadable.tsx';
import { More } from '../../parts/more.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { w } from '../../words/ward.ts';
import { Before } from './decided.tsx';

/** All that was decided, for wardens: the newest first, with who decided and why. */
export function LogScreen() {
  const words = w();
  useEffect(() => void log.refresh(), []);
  return (
    <Porch>
      <BackTop up={{ href: to.queue, says: words.queue.title }} />
      <div class="pad stack wide-gap narrow">
        <div class="stack close">
          <h1 tabIndex={-1}>{words.queue.log}</h1>
          <p class="soft">{words.queue.logWhy}</p>
        </div>
        <Loadable of={log}>{(found) => <Decisions of={found} />}</Loadable>
      </div>
    </Porch>
  );
}

function Decisions({ of }: { of: readonly QueueDecision[] }) {
  const all = w();
  if (of.length === 0) return <p data-test="log-empty">{all.queue.logNone}</p>;
  return (
    <>
      <ul class="stack roomy bare" data-test="log">
        {of.map((one) => (
          <li class="stack tight" key={one.id} data-test={`decision-${one.id}`}>
            <p>
              {all.kinds[one.about.kind]}:{' '}
              <a href={to.entry(one.entry)} dir="auto">
                {one.about.name || all.nameless[one.about.kind]}
              </a>
            </p>
            <Before of={one} />
          </li>
        ))}
      </ul>
      <More of={log} says={all.queue.more} test="log-more" />
    </>
  );
}

import type { QueueItem } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { queue } from '../../models/ward.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { More } from '../../parts/more.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { day, list } from '../../words/index.ts';
import { w } from '../../words/ward.ts';

/** What there is to judge. */
export function QueueScreen() {
  const words = w().queue;
  useEffect(() => void queue.refresh(), []);
  return (
    <Porch>
      <BackTop />
      <div class="pad stack wide-gap narrow">
        <div class="stack close">
          <h1 tabIndex={-1}>{words.title}</h1>
          <p class="soft">{words.why}</p>
          <a class="btn s align-start" href={to.log} data-test="to-log">
            {words.log}
          </a>
        </div>
        <Loadable of={queue}>{(found) => <Entries of={found} />}</Loadable>
      </div>
    </Porch>
  );
}

function Entries({ of }: { of: readonly QueueItem[] }) {
  const words = w().queue;
  const open = of.filter((one) => one.open);
  const decided = of.filter((one) => !one.open);
  return (
    <>
      <section class="stack close">
        <h2 class="sub bare-sub">{words.open}</h2>
        {open.length === 0 ? (
          <div data-test="queue-empty">
            <p>{words.none}</p>
            <p class="meta">{words.noneWhy}</p>
          </div>
        ) : (
          <Rows of={open} />
        )}
      </section>
      {decided.length > 0 && (
        <section class="stack close">
          <h2 class="sub bare-sub">{words.decided}</h2>
          <Rows of={decided} />
        </section>
      )}
      <More of={queue} says={words.more} test="queue-more" />
    </>
  );
}

function Rows({ of }: { of: QueueItem[] }) {
  return (
    <ul class="list" data-test="queue">
      {of.map((one) => (
        <li key={one.id}>
          <Row of={one} />
        </li>
      ))}
    </ul>
  );
}

/** What was reported how often, in words. */
export function counted(of: QueueItem): string {
  const words = w().queue;
  const parts = [];
  if (of.words > 0) parts.push(words.reports(of.words));
  if (of.voices > 0) parts.push(words.voices(of.voices));
  return list(parts);
}

function Row({ of }: { of: QueueItem }) {
  const all = w();
  const { kind, name, id } = of.about;
  const why = of.reasons.map((reason) => all.reasons[reason]);
  return (
    <a class="row" href={to.entry(of.id)} data-test={`entry-${of.id}`}>
      {kind === 'person' ? (
        <Face id={id} name={name ?? ''} picture={of.person?.picture} size={40} />
      ) : (
        <Icon name={kind === 'club' ? 'users' : kind === 'plan' ? 'calendar' : 'door-open'} />
      )}
      <span class="grow">
        <b dir="auto">{name || all.nameless[kind]}</b>
        <span>
          {all.kinds[kind]} · {counted(of)} · {all.queue.since(day(of.since))}
        </span>
        {why.length > 0 && <span>{list(why)}</span>}
      </span>
      {of.again && <span class="meta">{all.queue.again}</span>}
    </a>
  );
}

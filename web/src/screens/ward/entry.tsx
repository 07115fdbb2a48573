import { useSignal } from '@preact/signals';
import type { DecisionWhat, Person, QueueEntry, ThingKind, Versioned } from '@stoa/client';
import { decide } from '@stoa/client/moderation';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { house, seen } from '../../models/account.ts';
import { say } from '../../models/notices.ts';
import { entry } from '../../models/ward.ts';
import { countQueue } from '../../models/warden.ts';
import { Face } from '../../parts/face.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { Sure } from '../../parts/sure.tsx';
import { to } from '../../router.ts';
import { fieldWords } from '../../words/index.ts';
import { w } from '../../words/ward.ts';
import { Before, By } from './decided.tsx';
import { Thing } from './mine.tsx';

const whyMax = 500;
const daysMost = 365;

/** Something that was reported, with all that there is about it, for whoever judges it. */
export function EntryScreen({ id }: { id: string }) {
  const found = entry(id);
  useEffect(() => void found.refresh(), [found]);
  return (
    <Porch>
      <BackTop up={{ href: to.queue, says: w().queue.title }} />
      <div class="pad stack wide-gap narrow">
        {found.shown.value.kind !== 'ready' && (
          <h1 class="vh" tabIndex={-1}>
            {w().queue.title}
          </h1>
        )}
        <Loadable of={found}>{(of) => <Entry of={of} />}</Loadable>
      </div>
    </Porch>
  );
}

function Entry({ of }: { of: Versioned<QueueEntry> }) {
  const words = w().queue;
  const e = of.value;
  return (
    <>
      <div class="stack close" data-test="entry">
        <Heading small>
          <Thing of={e.about} />
        </Heading>
        {e.about.kind !== 'person' &&
          (e.person ? <Named title={words.concerns} of={e.person} /> : null)}
        {!e.person && <p class="meta">{words.nobody}</p>}
      </div>
      {e.reports.length > 0 && (
        <Part title={words.said}>
          {e.reports.map((one) => (
            <li class="stack tight" key={one.id} data-test="said">
              <b>{w().reasons[one.reason]}</b>
              {one.text ? (
                <p class="bio" dir="auto">
                  {one.text}
                </p>
              ) : (
                <p class="soft">{words.noText}</p>
              )}
              <By of={one.by} at={one.made} />
            </li>
          ))}
        </Part>
      )}
      {e.heard.length > 0 && (
        <Part title={words.heard}>
          {e.heard.map((one) => (
            <li class="stack tight" key={one.id} data-test="heard">
              <b>{one.title ? words.heardOf(one.title) : words.heardOver}</b>
              <By of={one.by} at={one.made} />
              <p class="meta">{words.heardWhy}</p>
              <code class="wrap-anywhere">stoa report open --key FILE {one.id}</code>
            </li>
          ))}
        </Part>
      )}
      {e.decisions.length > 0 && (
        <Part title={words.before}>
          {e.decisions.map((one) => (
            <li class="stack tight" key={one.id}>
              <Before of={one} />
            </li>
          ))}
        </Part>
      )}
      {e.judge && e.person ? <Deciding of={of} /> : <p class="soft">{words.notYours}</p>}
    </>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="stack close">
      <h2 class="sub bare-sub">{title}</h2>
      <ul class="stack roomy">{children}</ul>
    </section>
  );
}

function Named({ title, of }: { title: string; of: Person }) {
  return (
    <a class="row" href={to.person(of.id)}>
      <Face id={of.id} name={of.name} picture={of.picture} size={40} />
      <span class="grow">
        <b dir="auto">{of.name}</b>
        <span>{title}</span>
      </span>
    </a>
  );
}

/** What can be decided about a thing. */
function choices({ about, decisions }: QueueEntry): DecisionWhat[] {
  const of: Record<ThingKind, DecisionWhat[]> = {
    person: ['remove'],
    club: ['remove'],
    plan: ['remove'],
    room: ['close_room'],
  };
  const held = decisions.some((d) => !d.lifted && d.what !== 'lift' && d.what !== 'nothing');
  return [
    'nothing',
    'warning',
    ...of[about.kind],
    'suspend',
    'ban',
    ...(held ? (['lift'] as const) : []),
  ];
}

function Deciding({ of }: { of: Versioned<QueueEntry> }) {
  const words = w().decide;
  const { value: e, version } = of;
  const what = useSignal<DecisionWhat | ''>('');
  const days = useSignal('7');
  const why = useSignal('');
  const hitch = useSignal('');
  const sure = useSignal(false);
  const found = entry(e.id);

  const ask = () => {
    const missing = !what.value ? words.choose : !why.value.trim() ? words.reason : '';
    hitch.value = missing;
    if (missing) {
      document.getElementById(what.value ? 'decide-why' : 'decide-nothing')?.focus();
    } else {
      sure.value = true;
    }
  };
  const send = async () => {
    if (!what.value) return;
    const decision = {
      what: what.value,
      reason: why.value.trim(),
      ...(what.value === 'suspend' ? { days: Number(days.value) } : {}),
    };
    try {
      found.set(await decide(house, e.id, decision, version));
      say(words.done);
      what.value = '';
      why.value = '';
      countQueue();
    } catch (thrown) {
      const problem = seen(thrown);
      if (problem.code === 'changed_meanwhile') {
        const by = problem.problem.decision;
        hitch.value = by ? words.meanwhile(w().whats[by.what]) : words.changed;
        await found.refresh();
      } else {
        hitch.value = fieldWords(problem);
      }
    }
    sure.value = false;
  };
  return (
    <form
      class="stack roomy"
      noValidate
      data-test="decide"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <h2 class="h3">{words.title}</h2>
      <fieldset class="field">
        <legend>{words.what}</legend>
        <ul class="list">
          {choices(e).map((one) => (
            <li key={one}>
              <label class="row">
                <span class="grow">
                  <b>{words.do[one]}</b>
                  <span>{words.means[one]}</span>
                </span>
                <input
                  id={`decide-${one}`}
                  type="radio"
                  name="what"
                  data-test={`decide-${one}`}
                  checked={what.value === one}
                  onChange={() => {
                    what.value = one;
                    hitch.value = '';
                  }}
                />
              </label>
            </li>
          ))}
        </ul>
      </fieldset>
      {what.value === 'suspend' && (
        <div class="field">
          <label for="decide-days">{words.days}</label>
          <input
            id="decide-days"
            data-test="decide-days"
            type="number"
            min={1}
            max={daysMost}
            value={days.value}
            onInput={(event) => (days.value = event.currentTarget.value)}
          />
        </div>
      )}
      <div class="field">
        <label for="decide-why">{words.why}</label>
        <textarea
          id="decide-why"
          data-test="decide-why"
          rows={4}
          maxLength={whyMax}
          dir="auto"
          value={why.value}
          onInput={(event) => (why.value = event.currentTarget.value)}
        />
      </div>
      {hitch.value && (
        <p class="err" role="alert" data-test="decide-hitch">
          <Icon name="triangle-alert" />
          {hitch.value}
        </p>
      )}
      <button type="submit" class="btn ink align-start" data-test="decide-now">
        {words.title}
      </button>
      {sure.value && what.value && (
        <Sure
          title={words.sure}
          why={`${words.do[what.value]}: ${words.means[what.value]}`}
          yes={words.yes}
          test="decide-yes"
          onYes={send}
          onClose={() => (sure.value = false)}
        />
      )}
    </form>
  );
}

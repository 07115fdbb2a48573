import { signal, useSignal } from '@preact/signals';
import type { Plan } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { myID } from '../../models/account.ts';
import { going, isAsked, plans, stayAway, which, whiches } from '../../models/plans.ts';
import { byDay, dayOf } from '../../models/when.ts';
import { attempt } from '../../parts/attempt.ts';
import { Columns } from '../../parts/brand.tsx';
import { Face } from '../../parts/face.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { PhoneTop, Porch } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { clock, day as dayAndMonth } from '../../words/index.ts';
import { longDay, s, weekday } from '../../words/schedule.ts';
import { CalendarSheet } from './calendar.tsx';
import { Month } from './month.tsx';

const asMonth = signal(false);

/** What is coming: by day, or as a month where there is room for one. */
export function ScheduleScreen() {
  const words = s().list;
  const all = plans(which.value);
  const sheet = useSignal(false);
  useEffect(() => void all.refresh(), [all]);
  const newPlan = (
    <a class="btn w" href={to.newPlan} data-test="plan-room">
      <Icon name="calendar-plus" />
      {words.plan}
    </a>
  );
  const subscribe = (
    <>
      <p class="meta">{s().calendar.what}</p>
      <button
        type="button"
        class="chip align-start"
        data-test="subscribe"
        onClick={() => (sheet.value = true)}
      >
        <Icon name="link" />
        {s().calendar.subscribe}
      </button>
    </>
  );
  return (
    <Porch
      aside={
        <div class="pad stack">
          {newPlan}
          {subscribe}
        </div>
      }
      bar={<div class="bar only-phone">{newPlan}</div>}
    >
      <PhoneTop />
      <div class="pad stack schedule">
        <Heading>{words.title}</Heading>
        <div class="flex wrap">
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is no flex container everywhere */}
          <div class="chips grow" role="group" aria-label={words.which}>
            {whiches.map((one) => (
              <button
                key={one}
                type="button"
                class="chip"
                aria-pressed={which.value === one}
                data-test={`which-${one}`}
                onClick={() => (which.value = one)}
              >
                {words.whiches[one]}
              </button>
            ))}
          </div>
          {/* biome-ignore lint/a11y/useSemanticElements: as above */}
          <div class="chips not-phone" role="group" aria-label={words.as}>
            {[false, true].map((month) => (
              <button
                key={String(month)}
                type="button"
                class="chip"
                aria-pressed={asMonth.value === month}
                data-test={month ? 'as-month' : 'as-list'}
                onClick={() => (asMonth.value = month)}
              >
                <Icon name={month ? 'calendar' : 'list'} />
                {month ? words.asMonth : words.asList}
              </button>
            ))}
          </div>
        </div>
        <Loadable of={all}>
          {(found) => (
            <>
              {asMonth.value && (
                <div class="not-phone">
                  <Month plans={found} />
                </div>
              )}
              <div class={asMonth.value ? 'only-phone' : undefined}>
                {found.length === 0 ? (
                  <p class="soft" data-test="no-plans">
                    {words.none[which.value]}
                  </p>
                ) : (
                  byDay(found).map(([day, some]) => <Day key={day} day={day} plans={some} />)
                )}
              </div>
            </>
          )}
        </Loadable>
        <div class="only-phone stack">{subscribe}</div>
      </div>
      {sheet.value && <CalendarSheet onClose={() => (sheet.value = false)} />}
    </Porch>
  );
}

/** A day and what is on it. */
export function Day({ day, plans }: { day: string; plans: readonly Plan[] }) {
  const date = new Date(`${day}T12:00`);
  return (
    <section aria-label={longDay(date)}>
      <div class="day">
        <h2>{near(day) ?? weekday(date)}</h2>
        {near(day) ? longDay(date) : dayAndMonth(`${day}T12:00`)}
      </div>
      <ul class="list bare">
        {plans.map((p) => (
          <Entry key={p.id} plan={p} />
        ))}
      </ul>
    </section>
  );
}

/** Today and tomorrow by their names. */
function near(day: string): string | undefined {
  const words = s().list;
  const now = new Date();
  if (day === dayOf(now)) return words.today;
  now.setDate(now.getDate() + 1);
  return day === dayOf(now) ? words.tomorrow : undefined;
}

function Entry({ plan: p }: { plan: Plan }) {
  const words = s().list;
  const me = myID.value;
  const busy = useSignal(false);
  const goes = p.mine?.going === true;
  const said = [
    p.club?.name ?? words.noClub,
    ...(p.recorded ? [words.recorded] : []),
    ...(p.state === 'cancelled' ? [words.cancelled] : []),
    ...(p.state === 'over' ? [words.over] : []),
    ...(isAsked(p, me) ? [words.asked] : []),
  ];
  const toggle = async () => {
    if (busy.peek()) return;
    busy.value = true;
    const done = goes ? stayAway(p.id) : going(p.id, 15);
    if (await attempt(() => done, goes ? undefined : words.going))
      await plans(which.peek()).refresh();
    busy.value = false;
  };
  return (
    <li class={p.state === 'cancelled' || p.state === 'over' ? 'cal gone' : 'cal'}>
      <time dateTime={p.starts}>{clock(p.starts)}</time>
      <div class="stack tight">
        <h3 dir="auto">
          <a class="cover" href={to.plan(p.id)} data-test={`plan-${p.id}`}>
            {p.title}
          </a>
        </h3>
        <span class="meta">{said.join(' · ')}</span>
        <span class="flex">
          <span class="pile">
            {p.hosts
              .filter((h) => h.accepted)
              .map((h) => (
                <Face key={h.id} id={h.id} name={h.name} picture={h.picture} size={32} />
              ))}
          </span>
          <span class="meta">
            {p.hosts
              .filter((h) => h.accepted)
              .map((h) => h.name)
              .join(', ')}
          </span>
        </span>
        {p.state === 'open' && (
          <span class="flex live-words">
            <Columns />
            <b>{words.now}</b>
          </span>
        )}
      </div>
      {p.state === 'planned' && (
        <button
          type="button"
          class="btn s icon"
          aria-pressed={goes}
          aria-label={words.go(p.title)}
          data-test={`go-${p.id}`}
          onClick={() => void toggle()}
        >
          <Icon name={goes ? 'check' : 'plus'} />
        </button>
      )}
    </li>
  );
}

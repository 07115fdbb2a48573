import { useSignal } from '@preact/signals';
import type { Plan } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { house, myID } from '../../models/account.ts';
import {
  cancel,
  going,
  host,
  isAsked,
  mayOpen,
  open,
  plan,
  reminders,
  stayAway,
} from '../../models/plans.ts';
import { looked } from '../../models/title.ts';
import { isTwice } from '../../models/when.ts';
import { attempt } from '../../parts/attempt.ts';
import { Columns } from '../../parts/brand.tsx';
import { Face } from '../../parts/face.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { share } from '../../parts/share.ts';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { Sure } from '../../parts/sure.tsx';
import { go, to } from '../../router.ts';
import { languageName } from '../../words/form.ts';
import { clock, fenceWords, t } from '../../words/index.ts';
import { lengthWords, s, whole, zoneName } from '../../words/schedule.ts';
import { topicName } from '../../words/topics.ts';

/** A room to come: what, when, by whom, and whether I come. */
export function PlanScreen({ id }: { id: string }) {
  const found = plan(id);
  useEffect(() => void found.refresh(), [found]);
  const shown = found.shown.value;
  const gone = shown.kind === 'failed' && shown.problem.code === 'no_plan';
  const title = shown.kind === 'ready' ? shown.value.value.title : '';
  useEffect(() => {
    looked.value = title;
    return () => {
      looked.value = '';
    };
  }, [title]);
  return (
    <Porch aside={shown.kind === 'ready' && <Beside plan={shown.value.value} />}>
      <BackTop up={{ href: to.schedule, says: s().plan.schedule }} />
      <div class="pad stack roomy narrow">
        {gone ? (
          <Gone />
        ) : (
          <>
            {shown.kind !== 'ready' && (
              <h1 class="vh" tabIndex={-1}>
                {s().plan.name}
              </h1>
            )}
            <Loadable of={found}>{({ value }) => <There plan={value} />}</Loadable>
          </>
        )}
      </div>
    </Porch>
  );
}

function Gone() {
  const words = s().gone;
  return (
    <div class="stack" data-test="no-plan">
      <Heading>{words.heading}</Heading>
      <p class="soft">{words.why}</p>
      <a class="btn align-start" href={to.schedule}>
        {words.back}
      </a>
    </div>
  );
}

function There({ plan: p }: { plan: Plan }) {
  const words = s().plan;
  const ends = new Date(Date.parse(p.starts) + p.minutes * 60_000).toISOString();
  const me = myID.value;
  const ahead = p.state === 'planned' || p.state === 'open';
  return (
    <>
      <div class="stack">
        <Heading>
          <span dir="auto">{p.title}</span>
        </Heading>
        {p.state === 'cancelled' && <p class="banner">{words.cancelled}</p>}
        {p.state === 'over' && <p class="banner">{words.over}</p>}
        <p>
          <time class="h3" dateTime={p.starts} data-test="plan-starts">
            {whole(p.starts)}
          </time>
          <br />
          <span class="meta">
            {words.zone(zoneName(p.starts))} · {lengthWords(p.minutes)}, {words.until(clock(ends))}
          </span>
          {isTwice(p.starts) && <span class="meta"> {words.twice}</span>}
        </p>
        {p.recorded && (
          <div class="pin recorded" data-test="recorded">
            <Icon name="mic" />
            <span>
              <b>{words.recorded}</b>
              <br />
              <span class="meta">{words.recordedWhy}</span>
            </span>
          </div>
        )}
      </div>
      {isAsked(p, me) && ahead && <Asked plan={p} />}
      {p.state === 'open' && p.room && (
        <a class="btn live w" href={to.room(p.room)} data-test="enter-plan">
          <Columns />
          {words.enter}
        </a>
      )}
      {ahead && <Going plan={p} />}
      {p.may_edit && ahead && <Hosting plan={p} me={me} />}
      {p.about && (
        <p class="bio" dir="auto">
          {p.about}
        </p>
      )}
      <div class="only-phone">
        <Facts plan={p} />
      </div>
      <div class="flex wrap">
        {p.state !== 'cancelled' && (
          <a
            class="btn"
            href={house.planCalendarURL(p.id)}
            download="stoa.ics"
            data-test="add-plan"
          >
            <Icon name="calendar-plus" />
            {words.add}
          </a>
        )}
        <button
          type="button"
          class="btn"
          data-test="share-plan"
          onClick={() =>
            void share(new URL(to.plan(p.id), location.href).href, p.title, words.shared)
          }
        >
          <Icon name="share-2" />
          {words.share}
        </button>
        {!p.may_edit && (
          <a class="btn" href={to.report('plan', p.id)} data-test="report-plan">
            <Icon name="flag" />
            {t().toWardens}
          </a>
        )}
      </div>
    </>
  );
}

/** The answer of somebody who was asked to host. */
function Asked({ plan: p }: { plan: Plan }) {
  const words = s().plan;
  const say = (accept: boolean) =>
    attempt(() => host(p.id, accept), accept ? words.accepted : words.declined);
  return (
    <section class="stack tight asked" data-test="asked">
      <h2 class="h3">{words.asked}</h2>
      <p class="soft">{words.askedWhy}</p>
      <div class="flex wrap">
        <button type="button" class="btn ink" data-test="accept" onClick={() => void say(true)}>
          {words.accept}
        </button>
        <button type="button" class="btn" data-test="decline" onClick={() => void say(false)}>
          {words.decline}
        </button>
      </div>
    </section>
  );
}

function Going({ plan: p }: { plan: Plan }) {
  const words = s().plan;
  const goes = p.mine?.going === true;
  const remind = p.mine?.remind_minutes;
  const choices = [...new Set([...reminders, ...(remind === undefined ? [] : [remind])])].sort(
    (a, b) => a - b,
  );
  return (
    <section class="stack tight">
      <div class="flex wrap">
        <button
          type="button"
          class={goes ? 'btn' : 'btn ink'}
          aria-pressed={goes}
          data-test="going"
          onClick={() =>
            void attempt(() => (goes ? stayAway(p.id) : going(p.id, 15)), goes ? '' : words.going)
          }
        >
          <Icon name={goes ? 'check' : 'plus'} />
          {goes ? words.going : words.go}
        </button>
        <span class="meta num" data-test="goers">
          {words.goers(p.going)}
        </span>
      </div>
      {goes && p.state === 'planned' && (
        <div class="field">
          <label for="remind">{words.remind}</label>
          <select
            id="remind"
            data-test="remind"
            aria-describedby="remind-where"
            value={remind ?? ''}
            onChange={(event) => {
              const at = event.currentTarget.value;
              void attempt(() => going(p.id, at === '' ? undefined : Number(at)));
            }}
          >
            <option value="">{words.remindNever}</option>
            {choices.map((n) => (
              <option key={n} value={n}>
                {words.remindAt(n)}
              </option>
            ))}
          </select>
          <span class="meta" id="remind-where">
            {words.remindWhere}{' '}
            <a href={to.telling} data-test="to-telling">
              {words.remindMore}
            </a>
          </span>
        </div>
      )}
    </section>
  );
}

/** What hosts may do. */
function Hosting({ plan: p, me }: { plan: Plan; me: string }) {
  const words = s().plan;
  const asking = useSignal(false);
  const early = new Date(Date.parse(p.starts) - 15 * 60_000).toISOString();
  const openNow = () =>
    attempt(async () => {
      const { value } = await open(p.id);
      if (value.room) go(to.room(value.room));
    });
  if (p.state !== 'planned') return null;
  return (
    <section class="stack close hosting">
      {mayOpen(p) ? (
        <button
          type="button"
          class="btn live w"
          data-test="open-plan"
          onClick={() => void openNow()}
        >
          {words.openNow}
        </button>
      ) : (
        <p class="meta">{words.early(clock(early))}</p>
      )}
      <p class="meta">{words.openWhy}</p>
      <div class="flex wrap">
        <a class="btn" href={to.editPlan(p.id)} data-test="edit-plan">
          {words.edit}
        </a>
        {p.hosts[0]?.id !== me && (
          <button
            type="button"
            class="btn"
            data-test="leave-hosting"
            onClick={() => void attempt(() => host(p.id, false))}
          >
            {words.leave}
          </button>
        )}
        <button
          type="button"
          class="btn danger"
          data-test="cancel-plan"
          onClick={() => (asking.value = true)}
        >
          {words.cancel}
        </button>
      </div>
      {asking.value && (
        <Sure
          title={words.cancel}
          why={words.cancelWhy}
          yes={words.cancelSure}
          test="cancel-sure"
          onYes={async () => {
            if (await attempt(() => cancel(p.id), words.cancelled)) asking.value = false;
          }}
          onClose={() => (asking.value = false)}
        />
      )}
    </section>
  );
}

function Beside({ plan: p }: { plan: Plan }) {
  return (
    <div class="pad">
      <Facts plan={p} />
    </div>
  );
}

/** Who hosts it, and for whom. */
function Facts({ plan: p }: { plan: Plan }) {
  const words = s().plan;
  return (
    <div class="stack roomy">
      <section>
        <h2 class="sub bare-sub">{words.hosts}</h2>
        <ul class="list">
          {p.hosts.map((h) => (
            <li key={h.id}>
              <a class="row" href={to.person(h.id)}>
                <Face id={h.id} name={h.name} picture={h.picture} size={40} />
                <span class="grow">
                  <b>{h.name}</b>
                  {!h.accepted && <span>{words.waiting}</span>}
                </span>
              </a>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h2 class="sub bare-sub">{words.who}</h2>
        <p>{words.whos[p.visibility]}</p>
        {p.club && (
          <p>
            <a href={to.club(p.club.id)}>{p.club.name}</a>
          </p>
        )}
        {p.invited && p.invited.length > 0 && (
          <p class="meta">
            {words.invited}: {p.invited.map(({ name }) => name).join(', ')}
          </p>
        )}
        {p.topics && <p class="meta">{p.topics.map(topicName).join(' · ')}</p>}
        {p.language && <p class="meta">{words.spoken(languageName(p.language))}</p>}
        {p.fence && <p class="meta">{fenceWords(p.fence)}</p>}
      </section>
    </div>
  );
}

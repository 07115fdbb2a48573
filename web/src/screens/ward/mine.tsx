import { useSignal } from '@preact/signals';
import type { MyDecision, NamedThing } from '@stoa/client';
import { answerDecision } from '@stoa/client/moderation';
import { useEffect } from 'preact/hooks';
import { house, seen } from '../../models/account.ts';
import { say } from '../../models/notices.ts';
import { decisions, reports, whereIs } from '../../models/ward.ts';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { day, dayAndClock, fieldWords, t } from '../../words/index.ts';
import { w } from '../../words/ward.ts';
import { Answered } from './decided.tsx';

const answerMax = 1000;

/** A thing by its name, and where it is. */
export function Thing({ of, plain }: { of: NamedThing; plain?: boolean }) {
  const words = w();
  const name = of.name || words.nameless[of.kind];
  return (
    <span dir="auto">
      {words.kinds[of.kind]}: {of.name && !plain ? <a href={whereIs(of)}>{name}</a> : name}
    </span>
  );
}

/** What I have reported, and whether it is decided. */
export function ReportsScreen() {
  const words = w().reports;
  useEffect(() => void reports.refresh(), []);
  return (
    <Porch>
      <BackTop up={{ href: to.settings, says: t().nav.settings }} />
      <div class="pad stack roomy narrow">
        <h1 tabIndex={-1}>{words.title}</h1>
        <p class="soft">{words.why}</p>
        <Loadable of={reports}>
          {(list) =>
            list.length === 0 ? (
              <p data-test="no-reports">{words.none}</p>
            ) : (
              <ul class="list" data-test="my-reports">
                {list.map((one) => (
                  <li class="row" key={one.id}>
                    <Icon name="flag" />
                    <span class="grow">
                      <b>
                        <Thing of={one.about} />
                      </b>
                      <span>
                        {one.reason ? w().reasons[one.reason] : words.voice} · {day(one.made)}
                      </span>
                      {one.text && <span dir="auto">{one.text}</span>}
                    </span>
                    <span class="meta">{words.state[one.state]}</span>
                  </li>
                ))}
              </ul>
            )
          }
        </Loadable>
      </div>
    </Porch>
  );
}

/** What was decided about me, and my answers. */
export function DecisionsScreen() {
  const words = w().decisions;
  return (
    <Porch>
      <BackTop up={{ href: to.settings, says: t().nav.settings }} />
      <div class="pad stack roomy narrow">
        <h1 tabIndex={-1}>{words.title}</h1>
        <p class="soft">{words.why}</p>
        <Decisions />
      </div>
    </Porch>
  );
}

/** The list of them, also for who is kept out. */
export function Decisions({ out }: { out?: boolean }) {
  const words = w().decisions;
  useEffect(() => void decisions.refresh(), []);
  return (
    <Loadable of={decisions}>
      {(list) =>
        list.length === 0 ? (
          <p data-test="no-decisions">{words.none}</p>
        ) : (
          <ul class="stack roomy bare" data-test="my-decisions">
            {list.map((one) => (
              <li key={one.id} class="stack close">
                <Decided of={one} out={out} />
              </li>
            ))}
          </ul>
        )
      }
    </Loadable>
  );
}

function Decided({ of, out }: { of: MyDecision; out?: boolean | undefined }) {
  const words = w().decisions;
  const lasting = of.what === 'suspend' || of.what === 'ban';
  return (
    <>
      <h2 class="h3">{w().whats[of.what]}</h2>
      <p class="meta">
        {dayAndClock(of.made)} · <Thing of={of.about} plain={out === true} />
        {lasting && <> · {of.ends ? words.until(dayAndClock(of.ends)) : words.forGood}</>}
        {of.lifted && <> · {words.lifted(day(of.lifted))}</>}
      </p>
      <p class="bio" dir="auto">
        {of.reason}
      </p>
      {of.answer && <Answered title={words.yours}>{of.answer}</Answered>}
      {of.open && <Answer of={of} />}
    </>
  );
}

function Answer({ of }: { of: MyDecision }) {
  const words = w().decisions;
  const open = useSignal(false);
  const text = useSignal('');
  const hitch = useSignal('');
  const busy = useSignal(false);
  const field = `answer-${of.id}`;
  if (!open.value) {
    return (
      <button
        type="button"
        class="btn s align-start"
        data-test="answer"
        onClick={() => (open.value = true)}
      >
        {words.answer}
      </button>
    );
  }
  const send = async () => {
    busy.value = true;
    hitch.value = '';
    try {
      await answerDecision(house, of.id, text.value.trim());
      say(words.sent);
      await decisions.refresh();
    } catch (thrown) {
      hitch.value = fieldWords(seen(thrown));
    }
    busy.value = false;
  };
  return (
    <form
      class="stack close"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <div class="field">
        <label for={field}>{words.answerTitle}</label>
        <textarea
          id={field}
          data-test="answer-text"
          rows={4}
          maxLength={answerMax}
          dir="auto"
          value={text.value}
          aria-describedby={`${field}-why`}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
        <span class="meta" id={`${field}-why`}>
          {words.answerWhy}
        </span>
      </div>
      {hitch.value && (
        <p class="err" role="alert">
          <Icon name="triangle-alert" />
          {hitch.value}
        </p>
      )}
      <button
        type="submit"
        class="btn ink align-start"
        data-test="answer-send"
        disabled={busy.value || !text.value.trim()}
      >
        {words.send}
      </button>
    </form>
  );
}

import { useSignal } from '@preact/signals';
import type { Person } from '@stoa/client';
import type { Line, Talk } from '@stoa/client/conversations';
import { useEffect, useRef } from 'preact/hooks';
import {
  accept,
  begin,
  draftOf,
  isAlone,
  isMine,
  leave,
  leftOf,
  markSeen,
  mayTakeBack,
  othersOf,
  type Shown,
  send,
  shownOf,
  takeBack,
  talk,
  talks,
  waits,
} from '../../models/conversations.ts';
import { announce, say } from '../../models/notices.ts';
import { looked } from '../../models/title.ts';
import { Composer } from '../../parts/composer.tsx';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Lines } from '../../parts/lines.tsx';
import { Bones } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { Sure } from '../../parts/sure.tsx';
import { go, to } from '../../router.ts';
import { clock, day, firstName, t } from '../../words/index.ts';
import { c } from '../../words/messages.ts';
import { namesOf } from './list.tsx';
import { People, PeopleSheet, Silent } from './people.tsx';

/** One conversation. */
export function TalkScreen({ id }: { id: string }) {
  const words = c();
  useEffect(() => void begin(), []);
  const found = talk(id);
  const names = found && namesOf(found);
  useEffect(() => {
    looked.value = names ?? '';
    return () => {
      looked.value = '';
    };
  }, [names]);
  const up = { href: to.messages, says: words.title };
  if (!found) {
    return (
      <Porch>
        <BackTop up={up} />
        <div class="pad stack" aria-busy={!talks.value}>
          {talks.value ? (
            <div class="stack close" data-test="no-talk">
              <h1 tabIndex={-1}>{words.gone}</h1>
              <p class="soft">{words.goneWhy}</p>
            </div>
          ) : (
            <>
              <h1 class="vh" tabIndex={-1}>
                {words.title}
              </h1>
              <Bones />
            </>
          )}
        </div>
      </Porch>
    );
  }
  return <Open talk={found} up={up} />;
}

function Open({ talk: of, up }: { talk: Talk; up: { href: string; says: string } }) {
  const words = c();
  const leaving = useSignal(false);
  const looking = useSignal(false);
  const others = othersOf(of);
  const [first] = others;
  return (
    <Porch
      bare
      aside={
        <div class="pad stack">
          <h2 class="sub bare-sub">{words.members}</h2>
          <People talk={of} />
          <p class="meta">{words.sealed}</p>
        </div>
      }
    >
      <div class="chat talk" data-test="talk">
        <BackTop up={up}>
          {first && (
            <a
              class="btn icon bare"
              href={to.report('person', first.id)}
              aria-label={t().toWardens}
              data-test="report-person"
            >
              <Icon name="flag" />
            </a>
          )}
          <button
            type="button"
            class="btn icon bare"
            aria-label={words.members}
            data-test="talk-people"
            onClick={() => (looking.value = true)}
          >
            <Icon name="users" />
          </button>
          <button
            type="button"
            class="btn icon bare"
            aria-label={words.leave}
            data-test="leave-talk"
            onClick={() => (leaving.value = true)}
          >
            <Icon name="log-out" />
          </button>
        </BackTop>
        <div class="pad talk-head">
          <h1 class="h3 row" tabIndex={-1}>
            {first && <Face id={first.id} name={first.name} picture={first.picture} size={40} />}
            <span class="grow" dir="auto">
              {of.two && first ? <a href={to.person(first.id)}>{first.name}</a> : namesOf(of)}
            </span>
            <Silent talk={of} />
          </h1>
        </div>
        <Said talk={of} />
        {of.mine === 'asked' ? <Asked talk={of} /> : <Write talk={of} />}
      </div>
      {looking.value && <PeopleSheet talk={of} onClose={() => (looking.value = false)} />}
      {leaving.value && (
        <Sure
          title={words.leaveSure}
          why={words.leaveWhy}
          yes={words.leaveYes}
          test="leave-yes"
          onClose={() => (leaving.value = false)}
          onYes={async () => {
            if (await leave(of.id)) go(to.messages, 'replace');
          }}
        />
      )}
    </Porch>
  );
}

function Said({ talk: of }: { talk: Talk }) {
  const words = c();
  const last = of.lines.at(-1);
  const came = useRef(last?.seq);
  useEffect(() => {
    const look = () => {
      if (of.unread > 0 && document.visibilityState === 'visible') markSeen(of.id);
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [last?.seq, of.unread]);
  useEffect(() => {
    if (last && last.seq !== came.current && last.kind === 'text' && !last.mine) {
      const by = of.people.find((p) => p.person.id === last.from)?.person;
      announce(words.said(by ? firstName(by.name) : '', last.text));
    }
    came.current = last?.seq;
  }, [last?.seq]);
  const taken = of.lines.filter((l) => l.kind === 'taken');
  const known = useRef(taken);
  useEffect(() => {
    const more = taken.findLast((l) => known.current.every((k) => k.seq !== l.seq));
    known.current = taken;
    // In place of what was announced, which may be what was taken back.
    if (more) announce(eventWords(more, of.people.find((p) => p.person.id === more.from)?.person));
  }, [taken.length]);
  return (
    <Lines
      label={words.lines}
      newest={words.newest}
      last={last?.seq}
      toLast={last?.kind === 'text' && last.mine}
      empty={
        <>
          <p>{words.nothing}</p>
          <p class="meta">{words.sealed}</p>
        </>
      }
    >
      {shownOf(of.lines).map((shown) => (
        <One key={`${shown.line.seq}-${shown.line.kind}`} shown={shown} talk={of} />
      ))}
    </Lines>
  );
}

function One({ shown: { line, first, day: newDay }, talk: of }: { shown: Shown; talk: Talk }) {
  const tapped = useSignal(false);
  const by = line.kind === 'gap' ? undefined : of.people.find((p) => p.person.id === line.from);
  const person: Person | undefined = by?.person;
  const date = newDay && <p class="meta gap-line">{day(line.at)}</p>;
  if (line.kind !== 'text') {
    return (
      <li class="said first" data-test={`line-${line.kind}`}>
        {date}
        <p class="meta">{eventWords(line, person)}</p>
      </li>
    );
  }
  const mayUndo = mayTakeBack(line);
  return (
    <li class={first ? 'said first' : 'said'} data-test="line">
      {date}
      {first && person && (
        <Face id={person.id} name={person.name} picture={person.picture} size={36} />
      )}
      <div class="grow">
        {first && (
          <p class="said-by">
            <b dir="auto">
              {person?.name}
              {line.mine && <span class="meta"> {t().you}</span>}
            </b>
            <time class="meta num" dateTime={line.at}>
              {clock(line.at)}
            </time>
          </p>
        )}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: a tap shows its button, which keys reach at once */}
        {/* biome-ignore lint/a11y/noNoninteractiveElementInteractions: as above */}
        <p
          class="said-text"
          dir="auto"
          onClick={mayUndo ? () => (tapped.value = !tapped.value) : undefined}
        >
          {line.text}
        </p>
        {mayUndo && <Undo talk={of} line={line} shown={tapped.value} />}
      </div>
    </li>
  );
}

/** What a line says that is not written by anybody. */
function eventWords(line: Exclude<Line, { kind: 'text' }>, person: Person | undefined): string {
  const words = c();
  if (line.kind === 'gap') return words.gap;
  const name = person?.name ?? '';
  if (line.kind === 'taken') return isMine(line) ? words.tookBack : words.taken(name);
  return isMine(line) ? words.ownDevice : words.newDevice(name);
}

interface UndoProps {
  talk: Talk;
  line: Line & { kind: 'text' };
  /** Whether the message was tapped. */
  shown: boolean;
}

/** Takes back what one has written: there for keys, for who points at it, and for a tap. */
function Undo({ talk: { id }, line: { seq, text }, shown }: UndoProps) {
  const words = c();
  const busy = useSignal(false);
  const why = `undo-${seq}`;
  return (
    <div class={shown ? 'undo shown' : 'undo'}>
      <button
        type="button"
        class="btn s"
        aria-label={words.takeBackThis(text.slice(0, 60))}
        aria-describedby={why}
        title={words.takeBackWhy}
        data-test="take-back"
        disabled={busy.value}
        onClick={async ({ currentTarget }) => {
          const lines = currentTarget.closest<HTMLElement>('.lines');
          busy.value = true;
          const done = await takeBack(id, seq);
          busy.value = false;
          if (!done) return;
          lines?.focus(); // the button is gone
        }}
      >
        {words.takeBack}
      </button>
      <span class="meta" id={why}>
        {words.takeBackWhy}
      </span>
    </div>
  );
}

/** Somebody whom one does not follow has written: is one in it? */
function Asked({ talk: of }: { talk: Talk }) {
  const words = c();
  const busy = useSignal(false);
  const by = of.people.find((p) => p.person.id === of.starter)?.person;
  const answer = async (yes: boolean) => {
    busy.value = true;
    const done = yes ? await accept(of.id) : await leave(of.id);
    busy.value = false;
    if (!done || yes) return;
    say(words.declined);
    go(to.messages, 'replace');
  };
  return (
    <section class="composer" aria-label={words.asks(by?.name ?? '')} data-test="asked">
      <p class="stack close full">
        <b>{words.asks(by?.name ?? '')}</b>
        <span class="meta">{words.asksWhy}</span>
      </p>
      <button
        type="button"
        class="btn grow"
        data-test="decline-talk"
        disabled={busy.value}
        onClick={() => void answer(false)}
      >
        {words.decline}
      </button>
      <button
        type="button"
        class="btn ink grow"
        data-test="accept-talk"
        disabled={busy.value}
        onClick={() => void answer(true)}
      >
        {words.accept}
      </button>
    </section>
  );
}

const leftFrom = 200; // characters

function Write({ talk: of }: { talk: Talk }) {
  const words = c();
  const closed = isAlone(of) ? words.alone : waits(of) ? words.waits : '';
  if (closed) {
    return (
      <p class="meta chat-closed" data-test="talk-waits">
        <Icon name="clock" />
        {closed}
      </p>
    );
  }
  return (
    <Composer
      draft={draftOf(of.id)}
      left={leftOf(of.id)}
      leftFrom={leftFrom}
      words={words}
      test={{ write: 'write-message', send: 'send-message' }}
      onSend={() => void send(of.id)}
    />
  );
}

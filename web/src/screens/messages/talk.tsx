import { useSignal } from '@preact/signals';
import type { Person } from '@stoa/client';
import type { Talk } from '@stoa/client/conversations';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import {
  accept,
  begin,
  draftOf,
  isAlone,
  leave,
  leftOf,
  markSeen,
  othersOf,
  type Shown,
  send,
  shownOf,
  talk,
  talks,
  waits,
} from '../../models/conversations.ts';
import { announce, say } from '../../models/notices.ts';
import { looked } from '../../models/title.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Bones } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { Sure } from '../../parts/sure.tsx';
import { go, to } from '../../router.ts';
import { clock, day, firstName, t } from '../../words/index.ts';
import { c } from '../../words/messages.ts';
import { namesOf } from './list.tsx';

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
  const others = othersOf(of);
  const [first] = others;
  return (
    <Porch bare aside={<People talk={of} />}>
      <div class="chat talk" data-test="talk">
        <BackTop up={up}>
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
          </h1>
        </div>
        <Lines talk={of} />
        {of.mine === 'asked' ? <Asked talk={of} /> : <Composer talk={of} />}
      </div>
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

/** Who is in it, beside what they write. */
function People({ talk: of }: { talk: Talk }) {
  const words = c();
  return (
    <div class="pad stack">
      <h2 class="sub bare-sub">{words.members}</h2>
      <ul class="list">
        {of.people.map(({ person: p, state }) => (
          <li key={p.id}>
            <a class="row" href={to.person(p.id)}>
              <Face id={p.id} name={p.name} picture={p.picture} size={40} />
              <span class="grow">
                <b dir="auto">{p.name}</b>
                {state !== 'in' && <span>{words.state[state]}</span>}
              </span>
            </a>
          </li>
        ))}
      </ul>
      <p class="meta">{words.sealed}</p>
    </div>
  );
}

const nearEnd = 60; // pixels from which on one follows what comes

function Lines({ talk: of }: { talk: Talk }) {
  const words = c();
  const scroll = useRef<HTMLDivElement>(null);
  const [behind, setBehind] = useState(false);
  const follows = useRef(true);
  const last = of.lines.at(-1);
  const toEnd = () => scroll.current?.scrollTo({ top: scroll.current.scrollHeight });
  useLayoutEffect(() => {
    if (follows.current || (last?.kind === 'text' && last.mine)) toEnd();
    else setBehind(true);
  }, [last?.seq]);
  const came = useRef(last?.seq);
  useEffect(() => {
    if (of.unread > 0) markSeen(of.id);
    if (last && last.seq !== came.current && last.kind === 'text' && !last.mine) {
      const by = of.people.find((p) => p.person.id === last.from)?.person;
      announce(words.said(by ? firstName(by.name) : '', last.text));
    }
    came.current = last?.seq;
  }, [last?.seq, of.unread]);
  const scrolled = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = scroll.current ?? {};
    follows.current = scrollHeight - scrollTop - clientHeight < nearEnd;
    if (follows.current) setBehind(false);
  };
  return (
    <>
      <div
        class="lines"
        ref={scroll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be reached by keys
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={words.lines}
        data-test="lines"
        onScroll={scrolled}
      >
        {of.lines.length === 0 ? (
          <div class="lines-empty stack close">
            <p>{words.nothing}</p>
            <p class="meta">{words.sealed}</p>
          </div>
        ) : (
          <ol>
            {shownOf(of.lines).map((shown) => (
              <One key={`${shown.line.seq}-${shown.line.kind}`} shown={shown} talk={of} />
            ))}
          </ol>
        )}
      </div>
      {behind && (
        <button type="button" class="btn s to-newest" onClick={toEnd}>
          <Icon name="chevron-down" />
          {words.newest}
        </button>
      )}
    </>
  );
}

function One({ shown: { line, first, day: newDay }, talk: of }: { shown: Shown; talk: Talk }) {
  const words = c();
  const by = line.kind === 'gap' ? undefined : of.people.find((p) => p.person.id === line.from);
  const person: Person | undefined = by?.person;
  const date = newDay && <p class="meta gap-line">{day(line.at)}</p>;
  if (line.kind !== 'text') {
    const isMe = line.kind === 'device' && !othersOf(of).some((p) => p.id === line.from);
    return (
      <li class="said first" data-test={`line-${line.kind}`}>
        {date}
        <p class="meta">
          {line.kind === 'gap'
            ? words.gap
            : isMe
              ? words.ownDevice
              : words.newDevice(person?.name ?? '')}
        </p>
      </li>
    );
  }
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
        <p class="said-text" dir="auto">
          {line.text}
        </p>
      </div>
    </li>
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

const shownFrom = 200; // characters left

function Composer({ talk: of }: { talk: Talk }) {
  const words = c();
  const area = useRef<HTMLTextAreaElement>(null);
  const draft = draftOf(of.id);
  const text = draft.value;
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${Math.min(element.scrollHeight + 2, 132)}px`;
  }, [text]);
  const closed = isAlone(of) ? words.alone : waits(of) ? words.waits : '';
  if (closed) {
    return (
      <p class="meta chat-closed" data-test="talk-waits">
        <Icon name="clock" />
        {closed}
      </p>
    );
  }
  const left = leftOf(of.id);
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send(of.id);
        area.current?.focus();
      }}
    >
      <div class="field grow">
        <label class="vh" for="write">
          {words.write}
        </label>
        <textarea
          id="write"
          ref={area}
          rows={1}
          placeholder={words.write}
          data-test="write-message"
          autocomplete="off"
          enterkeyhint="send"
          value={text}
          aria-invalid={left < 0}
          aria-describedby={left < shownFrom ? 'write-left' : undefined}
          onInput={(event) => {
            draft.value = event.currentTarget.value;
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void send(of.id);
          }}
        />
      </div>
      {left < shownFrom && (
        <span id="write-left" class={left < 0 ? 'err num' : 'meta num'}>
          {words.left(left)}
        </span>
      )}
      <button
        type="submit"
        class="btn icon ink"
        aria-label={words.send}
        data-test="send-message"
        disabled={!text.trim() || left < 0}
      >
        <Icon name="send" />
      </button>
    </form>
  );
}

import type { Talk } from '@stoa/client/conversations';
import { useEffect } from 'preact/hooks';
import {
  begin,
  failed,
  inbox,
  lastText,
  othersOf,
  refresh,
  requests,
} from '../../models/conversations.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Bones } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { clock, day, firstName, list, problemWords, t } from '../../words/index.ts';
import { c } from '../../words/messages.ts';
import { Silent } from './people.tsx';

/** The conversations one is in, and those that others ask one into. */
export function MessagesScreen() {
  const words = c();
  useEffect(() => void begin(), []);
  const shown = inbox.value;
  return (
    <Porch
      aside={
        <div class="pad stack">
          <p class="meta">{words.sealed}</p>
          <p class="meta">{words.here}</p>
        </div>
      }
    >
      <BackTop>
        <a class="btn bare" href={to.newMessage} data-test="new-message">
          <Icon name="plus" />
          {words.new}
        </a>
      </BackTop>
      <div class="pad stack roomy narrow">
        <h1 tabIndex={-1}>{words.title}</h1>
        {failed.value && (
          <div class="stack failed">
            <p class="err" role="alert">
              <Icon name="triangle-alert" />
              {problemWords(failed.value)}
            </p>
            <button type="button" class="btn" onClick={() => void refresh()}>
              {t().again}
            </button>
          </div>
        )}
        {!shown && !failed.value && (
          <div aria-busy="true">
            <Bones />
          </div>
        )}
        <Requests />
        {shown && shown.length > 0 && (
          <ul class="list" data-test="talks">
            {shown.map((talk) => (
              <Row key={talk.id} talk={talk} />
            ))}
          </ul>
        )}
        {shown?.length === 0 && requests.value.length === 0 && (
          <div class="stack close" data-test="no-talks">
            <h2 class="h3">{words.none}</h2>
            <p class="soft">{words.noneWhy}</p>
          </div>
        )}
        <p class="meta only-phone">{words.sealed}</p>
      </div>
    </Porch>
  );
}

/** What others ask: apart from the rest, and nobody is told that it was looked at. */
function Requests() {
  const words = c();
  const { value: asked } = requests;
  if (asked.length === 0) return null;
  return (
    <details class="fold plain-fold" data-test="requests">
      <summary>
        <b>{words.requests(asked.length)}</b>
      </summary>
      <p class="meta">{words.requestsWhy}</p>
      <ul class="list">
        {asked.map((talk) => (
          <Row key={talk.id} talk={talk} />
        ))}
      </ul>
    </details>
  );
}

function Row({ talk }: { talk: Talk }) {
  const words = c();
  const others = othersOf(talk);
  const [first] = others;
  const last = lastText(talk);
  const names = namesOf(talk);
  const by = last && others.find((p) => p.id === last.from);
  const said =
    last &&
    (last.mine
      ? words.youSaid(last.text)
      : talk.two || !by
        ? last.text
        : words.said(firstName(by.name), last.text));
  return (
    <li>
      <a class="row" href={to.talk(talk.id)} data-test={`talk-${talk.id}`}>
        {first && <Face id={first.id} name={first.name} picture={first.picture} size={48} />}
        <span class="grow">
          <b>
            <span dir="auto">{names}</span> <Silent talk={talk} />
          </b>
          <span class="two-lines" dir="auto">
            {said ?? words.nothing}
          </span>
        </span>
        <span class="meta num">
          {talk.unread > 0 && (
            <b class={talk.silent ? 'unseen still' : 'unseen'} data-test="unread">
              {talk.unread}
              <span class="vh">{words.unread(talk.unread)}</span>
            </b>
          )}
          {when(last?.at ?? talk.changed)}
        </span>
      </a>
    </li>
  );
}

/** The time of today, and else the day. */
function when(at: string): string {
  const today = new Date(at).toDateString() === new Date().toDateString();
  return today ? clock(at) : day(at);
}

/** "Aylin, Jonas and Thea" */
export function namesOf(talk: Talk): string {
  const others = othersOf(talk);
  return others.length === 1
    ? (others[0]?.name ?? '')
    : list(others.map((p) => firstName(p.name))) || t().none;
}

import type { ChatPolicy, Seat } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import {
  draft,
  gaps,
  type Line,
  left,
  linesOf,
  mayWrite,
  openChat,
  read,
  send,
  unread,
  wide,
} from '../../../models/beside.ts';
import { isStrange } from '../../../models/lock.ts';
import { act, closeSheet, iModerate, sheet } from '../../../models/stage.ts';
import { Laurel } from '../../../parts/brand.tsx';
import { Composer } from '../../../parts/composer.tsx';
import { Face } from '../../../parts/face.tsx';
import { Icon } from '../../../parts/icon.tsx';
import { Lines } from '../../../parts/lines.tsx';
import { SheetHead } from '../../../parts/sheet.tsx';
import { b } from '../../../words/beside.ts';
import { clock, t } from '../../../words/index.ts';
import { Queue } from './queue.tsx';

/** Opens the chat, and says how much there is to read. */
export function ChatButton() {
  const words = b().chat;
  const n = unread.value;
  return (
    <button
      type="button"
      class="btn icon only-phone"
      aria-label={n > 0 ? `${words.open}, ${words.unread(n)}` : words.open}
      aria-expanded={sheet.value.kind === 'chat'}
      data-test="chat"
      onClick={openChat}
    >
      <Icon name="message" />
      {n > 0 && <sup class="quiet">{n > 99 ? '99+' : n}</sup>}
    </button>
  );
}

/** What stands beside the room on wide screens: whose turn it is, and what people write. */
export function Side({ seat }: { seat: Seat }) {
  if (!wide.value) return null;
  const hands = seat.hands.value.length;
  return (
    <>
      {(iModerate(seat) || hands > 0) && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be reached by keys
        <section class="pad stack side-queue" tabIndex={0} aria-labelledby="queue-title">
          <h2 class="sub bare-sub" id="queue-title">
            {t().hands.raised(hands)}
          </h2>
          <Queue seat={seat} />
        </section>
      )}
      <section class="chat" aria-labelledby="chat-title">
        <h2 class="sub" id="chat-title">
          {b().chat.title}
        </h2>
        <Chat seat={seat} />
      </section>
    </>
  );
}

export function ChatSheet({ seat }: { seat: Seat }) {
  return (
    <div class="chat" data-test="chat-sheet">
      <SheetHead id="sheet" onClose={closeSheet}>
        {b().chat.title}
      </SheetHead>
      <Chat seat={seat} />
    </div>
  );
}

/** What people write, and where one writes oneself. */
function Chat({ seat }: { seat: Seat }) {
  const words = b().chat;
  const lines = linesOf(seat.writings.value, gaps.value);
  useEffect(read, []);
  return (
    <>
      {iModerate(seat) && <Policy seat={seat} />}
      <Lines
        label={words.messages}
        newest={words.newest}
        last={lines.at(-1)?.n}
        empty={
          <>
            <p>{words.empty}</p>
            <p class="meta">{words.sealed}</p>
          </>
        }
      >
        {lines.map((line) => (
          <Said key={line.n} seat={seat} line={line} />
        ))}
      </Lines>
      <Write seat={seat} />
    </>
  );
}

function Said({ seat, line }: { seat: Seat; line: Line }) {
  const words = b().chat;
  const { who, name, text, first, gap, at } = line;
  const mine = seat.me.value?.who === who;
  const person = seat.view.value.people.find((p) => p.who === who);
  const strange = text !== undefined && isStrange(line);
  return (
    <li class={first ? 'said first' : 'said'} data-test="said">
      {gap && <p class="meta gap-line">{words.gap}</p>}
      {first && <Face id={who} name={name} picture={person?.picture} size={36} />}
      <div class="grow">
        {first && (
          <p class="said-by">
            <b>
              {person?.role === 'moderator' && <Laurel />}
              {name}
              {mine && <span class="meta"> {t().you}</span>}
            </b>
            <time class="meta num" dateTime={new Date(at).toISOString()}>
              {clock(new Date(at).toISOString())}
            </time>
          </p>
        )}
        {text === undefined ? (
          <p class="meta taken-back">{takenBack(seat, line)}</p>
        ) : (
          <p class="said-text" dir="auto">
            {text}
          </p>
        )}
        {strange && (
          <p class="meta ink-1">
            <Icon name="triangle-alert" />
            {words.newDevice}
          </p>
        )}
      </div>
      {text !== undefined && (mine || iModerate(seat)) && (
        <button
          type="button"
          class="btn s icon bare take-back"
          aria-label={words.takeBack(text.slice(0, 60))}
          data-test="unsay"
          onClick={() => void act((s) => s.unsay(line.n))}
        >
          <Icon name="x" />
        </button>
      )}
    </li>
  );
}

function takenBack(seat: Seat, { who, unsaid }: Line): string {
  const words = b().chat;
  const by = seat.view.value.people.find((p) => p.who === unsaid);
  return by && unsaid !== who ? words.takenBackBy(by.name) : words.takenBack;
}

const policies: ChatPolicy[] = ['everyone', 'stage', 'off'];

/** For moderators: who may write. */
function Policy({ seat }: { seat: Seat }) {
  const words = b().chat;
  const { chat } = seat.view.value;
  return (
    <details class="fold" data-test="chat-policy">
      <summary>{words.whoMay(words.policy[chat])}</summary>
      <div class="chips">
        {policies.map((p) => (
          <button
            type="button"
            class="chip"
            key={p}
            aria-pressed={p === chat}
            data-test={`chat-${p}`}
            onClick={() => void act((s) => s.setChat(p))}
          >
            {words.policy[p]}
          </button>
        ))}
      </div>
    </details>
  );
}

const leftFrom = 100; // characters

function Write({ seat }: { seat: Seat }) {
  const words = b().chat;
  const { chat } = seat.view.value;
  if (!mayWrite(seat)) {
    return (
      <p class="meta chat-closed" data-test="chat-closed">
        <Icon name="lock" />
        {words.closed[chat === 'stage' ? 'stage' : 'off']}
      </p>
    );
  }
  return (
    <Composer
      draft={draft}
      left={left.value}
      leftFrom={leftFrom}
      words={words}
      test={{ write: 'write', send: 'send' }}
      onSend={() => void send()}
    />
  );
}

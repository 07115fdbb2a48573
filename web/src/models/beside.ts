import { computed, effect, signal } from '@preact/signals';
import {
  type Emoji,
  emojis,
  hostOf,
  isOpen,
  isQuiet,
  type Pinning,
  type Reactions,
  type Seat,
  type Writing,
} from '@stoa/client';
import { b } from '../words/beside.ts';
import { firstName, list, problemWords, t } from '../words/index.ts';
import { w } from '../words/safety.ts';
import { seen } from './account.ts';
import { announce, say } from './notices.ts';
import { act, closeSheet, sheet } from './stage.ts';
import { seat } from './visit.ts';

/** What happens in a room beside the voices. It is loaded with a room. */

/** Whether there is room for a column of its own. */
const wideMedia = matchMedia('(min-width: 1100px)');
export const wide = signal(wideMedia.matches);

// --- what is written ---

const writingMax = 500; // characters

/** What one is about to write. */
export const draft = signal('');
/** How many more characters it may have. */
export const left = computed(() => writingMax - [...draft.value].length);
/** How many messages have come since one last looked. */
export const unread = signal(0);
/** After which messages one was away, by their numbers. */
export const gaps = signal<readonly number[]>([]);

/** How many views of the chat there are to see. */
const reading = signal(0);

/** Says that the chat is seen; returns how to say that it is not any more. */
export function read(): () => void {
  reading.value++;
  return () => {
    reading.value--;
  };
}

/** Shows the chat, or goes to where one writes in it. */
export function openChat(): void {
  if (wide.peek()) document.getElementById('write')?.focus();
  else sheet.value = { kind: sheet.peek().kind === 'chat' ? 'none' : 'chat' };
}

/** Whether I may write, now. */
export function mayWrite(here: Seat): boolean {
  const { chat } = here.view.value;
  const me = here.me.value;
  const role = me?.role;
  if (me && isQuiet(me, here.view.value)) return false;
  return role !== undefined && (chat === 'everyone' || (chat === 'stage' && role !== 'listener'));
}

/** Sends what one has written. It stays where it is when it cannot be sent. */
export async function send(): Promise<void> {
  const here = seat.peek();
  const text = draft.peek().trim();
  if (!here || !text) return;
  draft.value = '';
  try {
    await here.say(text);
  } catch (thrown) {
    if (!draft.peek()) draft.value = text;
    const problem = seen(thrown);
    const { code, retryAfter } = problem;
    say(code === 'too_many' && retryAfter ? b().chat.slow(retryAfter) : problemWords(problem));
  }
}

export interface Line extends Writing {
  /** Begins what this person writes: their name stands above. */
  first: boolean;
  /** One was away before it came. */
  gap: boolean;
}

const together = 120_000; // ms

/** Messages as they are shown: those of one person, soon after one another, have one head. */
export function linesOf(writings: readonly Writing[], away: readonly number[]): Line[] {
  return writings.map((one, i) => {
    const before = writings[i - 1];
    const gap = before !== undefined && away.some((n) => n >= before.n && n < one.n);
    const first = gap || before?.who !== one.who || one.at - before.at > together;
    return { ...one, first, gap };
  });
}

const gatherFor = 1500; // ms

/**
 * Tells what comes, gathered: the first after a moment, so that a flood is one
 * piece of news. Returns what takes one in, and how to stop.
 */
export function gathered<T>(tell: (all: T[]) => void, wait = gatherFor) {
  let all: T[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const take = (one: T) => {
    all.push(one);
    timer ??= setTimeout(() => {
      const told = all;
      all = [];
      timer = undefined;
      tell(told);
    }, wait);
  };
  return { take, stop: () => clearTimeout(timer) };
}

/** What is said of new messages to those who listen to the page. */
export function newsOf(news: readonly Writing[], read: boolean): string {
  const words = b().chat;
  const [only] = news;
  if (!read) return words.some;
  if (news.length > 1 || !only?.text) return words.many(news.length);
  return words.said(firstName(only.name), only.text);
}

// --- reactions ---

const floatsMax = 24;
const floatFor = 1600; // ms
const sumFor = 4000; // ms

/** An emoji on its way up. */
export interface Float {
  id: number;
  emoji: string;
  x: number;
  y: number;
}

export const floats = signal<readonly Float[]>([]);
/** How people have reacted in the last seconds. */
export const sum = signal<ReadonlyMap<string, number>>(new Map());

let lastFloat = 0;
let sumTimer: ReturnType<typeof setTimeout> | undefined;
const still = matchMedia('(prefers-reduced-motion: reduce)');

/** Reacts. Doing it too often does nothing. */
export async function react(emoji: Emoji): Promise<void> {
  try {
    await seat.peek()?.react(emoji);
  } catch (thrown) {
    const problem = seen(thrown);
    if (problem.code !== 'too_many') say(problemWords(problem));
  }
}

/** What is new of reactions, with what was there before. */
export function added(
  before: ReadonlyMap<string, number>,
  counts: Readonly<Record<string, number>>,
): Map<string, number> {
  const after = new Map(before);
  for (const emoji of emojis) {
    const n = counts[emoji] ?? 0;
    if (n > 0) after.set(emoji, (after.get(emoji) ?? 0) + n);
  }
  return after;
}

function reacted({ counts, by }: Reactions): void {
  sum.value = added(sum.peek(), counts);
  clearTimeout(sumTimer);
  sumTimer = setTimeout(() => {
    sum.value = new Map();
  }, sumFor);
  if (still.matches || document.hidden) return;
  const rest = new Map(Object.entries(counts));
  const from = (emoji: string, element: Element | null) => {
    const box = element?.getBoundingClientRect();
    if (!box?.width || floats.peek().length >= floatsMax) return;
    const x = box.left + box.width / 2 + (Math.random() - 0.5) * 24;
    float({ id: ++lastFloat, emoji, x, y: box.top + Math.min(box.height / 2, 60) });
  };
  for (const { who, emoji } of by) {
    const face = document.querySelector(`[data-test="person-${CSS.escape(who)}"]`);
    if (!face || !emojis.includes(emoji as Emoji)) continue;
    rest.set(emoji, (rest.get(emoji) ?? 0) - 1);
    from(emoji, face);
  }
  // Of the others it is not known where they stand.
  const button = document.querySelector('[data-test="react"]');
  for (const [emoji, n] of rest) {
    if (!emojis.includes(emoji as Emoji)) continue;
    for (let i = 0; i < Math.min(n, 4); i++) from(emoji, button);
  }
}

function float(one: Float): void {
  floats.value = [...floats.peek(), one];
  setTimeout(() => {
    floats.value = floats.peek().filter(({ id }) => id !== one.id);
  }, floatFor);
}

/** "3 × applause, a heart" */
export function sumWords(counts: ReadonlyMap<string, number>): string {
  const { names, sum } = b().reactions;
  return list([...counts].map(([emoji, n]) => sum(n, names[emoji] ?? emoji)));
}

// --- links ---

/** An address as browsers write it. Nothing, when it may not be shown to all. */
export function tidied(text: string): string | undefined {
  const typed = text.trim();
  const url = /^[a-z][a-z0-9+.-]*:/i.test(typed) ? typed : `https://${typed}`;
  if (!typed.includes('.') || /\s/.test(typed) || !hostOf(url)) return undefined;
  return new URL(url).href;
}

/** The links that may be shown, with where they lead. */
export const links = (here: Seat): (Pinning & { host: string })[] =>
  (here.view.value.pins ?? []).flatMap((pin) => {
    const host = hostOf(pin.url);
    return host ? [{ ...pin, host }] : [];
  });

// --- the poll ---

/** The result that one does not want to see any more, by its poll. */
export const hidden = signal(0);

export interface Option {
  text: string;
  count: number;
  /** Of all who have answered, 0 to 1. */
  share: number;
  mine: boolean;
}

/** How the options of the poll stand. */
export function optionsOf(here: Seat): Option[] {
  const { poll } = here.view.value;
  const counts = poll?.counts ?? here.tally.value?.counts ?? [];
  const all = counts.reduce((sum, n) => sum + n, 0);
  return (poll?.options ?? []).map((text, n) => {
    const count = counts[n] ?? 0;
    return { text, count, share: all > 0 ? count / all : 0, mine: here.myVote.value === n };
  });
}

/** What most have chosen, if that is one. */
export function bestOf(options: readonly string[], counts: readonly number[]): string | undefined {
  const most = Math.max(...counts);
  const best = options.filter((_, n) => counts[n] === most);
  return most > 0 && best.length === 1 ? best[0] : undefined;
}

/** Chooses an option. */
export const choose = (poll: number, option: number) => act((here) => here.vote(poll, option));

/** Does what a form is for, and closes it when that is done. */
export const doThen = (what: (here: Seat) => Promise<unknown>) =>
  act(async (here) => {
    await what(here);
    closeSheet();
  });

// --- the clock ---

/** Whether one wants to see for how long people have spoken. */
export const showsClock = signal(false);

/** 2:05 */
export const figure = (seconds: number) =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

/** How long somebody has spoken, and beside who has spoken longest on the stage, 0 to 1. */
export function spokenBy(here: Seat, who: string): { seconds: number; share: number } | undefined {
  const clock = here.clock.value;
  if (!clock || !showsClock.value) return undefined;
  const seconds = clock.get(who) ?? 0;
  const longest = Math.max(...here.stage.value.map((p) => clock.get(p.who) ?? 0));
  return { seconds, share: longest > 0 ? seconds / longest : 0 };
}

/** Follows what happens beside the voices of the room one is in; returns how to stop. */
export function startBeside(): () => void {
  const resized = () => {
    wide.value = wideMedia.matches;
  };
  wideMedia.addEventListener('change', resized);
  const stops = [
    () => wideMedia.removeEventListener('change', resized),
    effect(() => {
      const here = seat.value;
      draft.value = '';
      unread.value = 0;
      gaps.value = [];
      floats.value = [];
      sum.value = new Map();
      hidden.value = 0;
      if (!here) return;
      return followed(here);
    }),
    effect(() => {
      if (reading.value > 0) unread.value = 0;
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function followed(here: Seat): () => void {
  const news = gathered<Writing>((all) => announce(newsOf(all, reading.peek() > 0)));
  const reactions = gathered<Reactions>((all) => {
    const counts = all.reduce((sum, one) => added(sum, one.counts), new Map<string, number>());
    if (counts.size > 0) announce(b().reactions.told(sumWords(counts)));
  }, 5000);
  let last = here.writings.peek().at(-1)?.n ?? 0;
  let away = false;
  const stops = [
    effect(() => {
      const fresh = here.writings.value.filter(({ n }) => n > last);
      last = here.writings.value.at(-1)?.n ?? last;
      const others = fresh.filter(({ who }) => who !== here.me.peek()?.who);
      if (reading.peek() === 0) unread.value = unread.peek() + others.length;
      // While nobody looks, it is said once that there is something.
      for (const one of others) if (reading.peek() > 0 || unread.peek() === 1) news.take(one);
    }),
    effect(() => {
      const state = here.state.value;
      if (state === 'reconnecting') away = true;
      if (state !== 'live' || !away) return;
      away = false;
      if (last > 0) gaps.value = [...gaps.peek(), last];
    }),
    here.watchReactions((one) => {
      reacted(one);
      reactions.take(one);
    }),
    here.watch((event, before) => {
      const people = [...here.view.peek().people, ...before.people];
      const nameOf = (who: string) => people.find((p) => p.who === who)?.name ?? t().none;
      const words = b();
      if (event.chat_set) say(words.chat.set[event.chat_set.policy]);
      else if (event.shielded) say(event.shielded.on ? w().isUp : w().isDown);
      else if (event.pinned) {
        const { by, url, text } = event.pinned;
        say(words.pins.pinned(nameOf(by), text || hostOf(url) || ''));
      } else if (event.poll_opened) {
        const { by, question } = event.poll_opened;
        announce(words.poll.asked(nameOf(by), question));
      } else if (event.poll_closed && before.poll && isOpen(before.poll)) {
        const { question, options } = before.poll;
        const best = bestOf(options, event.poll_closed.counts);
        announce(best ? words.poll.over(question, best) : words.poll.overTie(question));
      }
    }),
    news.stop,
    reactions.stop,
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

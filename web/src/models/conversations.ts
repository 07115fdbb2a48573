import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { openDevice, type Person, type StoaError, watchConversations } from '@stoa/client';
import {
  Conversations,
  type Line,
  messageMax,
  type Talk,
  takeBackFor,
  Unreachable,
} from '@stoa/client/conversations';
import { problemWords } from '../words/index.ts';
import { c } from '../words/messages.ts';
import { account, house, live, myID, seen } from './account.ts';
import { say } from './notices.ts';
import { unreadTalks } from './talks.ts';

/** Conversations, as this browser reads and writes them. */

const own = signal<Conversations | undefined>(undefined);
/** Whom the conversations that are open belong to. */
let whose = '';
/** That they could not be read. */
export const failed = signal<StoaError | undefined>(undefined);

/** All that one is in, or undefined until they are there. */
export const talks: ReadonlySignal<Talk[] | undefined> = computed(() => own.value?.talks.value);
/** Those that one is in. */
export const inbox = computed(() => talks.value?.filter((t) => t.mine === 'in'));
/** Whether there is something to read in a conversation of which one wants to hear. */
export const calls = (t: Talk): boolean => t.unread > 0 && !t.silent;
/** Those that others ask one into. */
export const requests = computed(() => talks.value?.filter((t) => t.mine === 'asked') ?? []);

export const talk = (id: string) => talks.value?.find((t) => t.id === id);

/** Opens what this browser has, and reads what there is; once for each who signs in. */
export async function begin(): Promise<void> {
  const who = myID.peek();
  if (!who || whose === who) return;
  whose = who;
  const opened = new Conversations(house, who, await openDevice(who));
  if (whose !== who) return;
  own.value = opened;
  await refresh();
}

/** Takes this browser out of all conversations, and forgets what was written there. */
export async function leaveAll(): Promise<void> {
  const who = myID.peek();
  const here = own.peek() ?? new Conversations(house, who, await openDevice(who));
  await here.leaveAll();
}

export async function refresh(): Promise<void> {
  try {
    await own.peek()?.refresh();
    failed.value = undefined;
  } catch (thrown) {
    failed.value = seen(thrown);
  }
}

effect(() => {
  const connection = live.value;
  if (account.value.kind === 'out') {
    own.value = undefined;
    whose = '';
  }
  if (!connection || !own.value) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = watchConversations(connection, () => {
    clearTimeout(timer);
    timer = setTimeout(() => void refresh(), 150); // what comes together is read together
  });
  const back = effect(() => {
    if (connection.open.value) void refresh();
  });
  return () => {
    clearTimeout(timer);
    stop();
    back();
  };
});
effect(() => {
  unreadTalks.value = inbox.value?.filter(calls).length ?? 0;
});

/** Begins a conversation with people, or finds the one there is; its id, or nothing. */
export async function startWith(people: readonly string[]): Promise<string | undefined> {
  await begin();
  try {
    const id = await own.peek()?.begin(people);
    await refresh();
    return id;
  } catch (thrown) {
    say(problemOf(thrown));
    return undefined;
  }
}

// --- one conversation ---

const drafts = new Map<string, Signal<string>>();

/** What one has begun to write in a conversation. */
export function draftOf(id: string): Signal<string> {
  const there = drafts.get(id) ?? signal('');
  drafts.set(id, there);
  return there;
}

/** How many characters are left. */
export const leftOf = (id: string) => messageMax - draftOf(id).value.trim().length;

/** Sends what one has written; it stays when it cannot be sent. */
export async function send(id: string): Promise<void> {
  const draft = draftOf(id);
  const text = draft.value.trim();
  if (!text || text.length > messageMax) return;
  draft.value = '';
  try {
    await own.peek()?.write(id, text);
  } catch (thrown) {
    if (!draft.value) draft.value = text;
    say(problemOf(thrown));
  }
}

/** Takes back what one has written. */
export const takeBack = (id: string, seq: number) => act(() => own.peek()?.takeBack(id, seq));
/** Takes people into a conversation: they read what is written from then on. */
export const add = (id: string, people: readonly string[]) =>
  act(() => own.peek()?.add(id, people));
export const accept = (id: string) => act(() => own.peek()?.accept(id));
export const leave = (id: string) => act(() => own.peek()?.leave(id));
/** Says whether one wants to hear nothing of a conversation. */
export const silence = (id: string, silent: boolean) => act(() => own.peek()?.silence(id, silent));
export const markSeen = (id: string) => void own.peek()?.see(id);

async function act(what: () => Promise<void> | undefined): Promise<boolean> {
  try {
    await what();
    return true;
  } catch (thrown) {
    say(problemOf(thrown));
    return false;
  }
}

function problemOf(thrown: unknown): string {
  if (thrown instanceof Unreachable) return c().unreachable;
  const problem = seen(thrown);
  if (problem.code === 'unanswered') return c().unanswered;
  return problem.code === 'late_to_take_back' ? c().late : problemWords(problem);
}

// --- as they are shown ---

/** How many people are in a conversation at most. */
export const most = 12;

/** Whether somebody is in it, or asked to be. */
export const isThere = ({ state }: Talk['people'][number]): boolean => state !== 'left';

/** Those in a conversation besides oneself. */
export const othersOf = (t: Talk): Person[] =>
  t.people.filter((p) => p.person.id !== myID.peek()).map((p) => p.person);

/** Whether one waits for an answer before one may write more: what one took back counts. */
export const waits = (t: Talk): boolean =>
  t.people.every((p) => p.person.id === myID.peek() || p.state !== 'in') &&
  t.lines.filter((l) => (l.kind === 'text' && l.mine) || (l.kind === 'taken' && isMine(l)))
    .length >= 3;

/** Whether one has written a line oneself, on whichever device. */
export const isMine = (l: Line): boolean => l.kind !== 'gap' && l.from === myID.peek();

/** Whether one may still take a line back. */
export const mayTakeBack = (l: Line, now = Date.now()): boolean =>
  l.kind === 'text' && isMine(l) && now - Date.parse(l.at) < takeBackFor;

/** Whether all others have left. */
export const isAlone = (t: Talk): boolean =>
  t.people.every((p) => p.person.id === myID.peek() || p.state === 'left');

/** The last thing that somebody has written. */
export const lastText = (t: Talk) =>
  t.lines.findLast((l): l is Line & { kind: 'text' } => l.kind === 'text');

const together = 5 * 60_000; // ms

/** A line, with whether its head stands above it, and whether its day does. */
export interface Shown {
  line: Line;
  first: boolean;
  day: boolean;
}

/** Lines as they are shown: those of one person, soon after one another, have one head. */
export function shownOf(lines: readonly Line[]): Shown[] {
  return lines.map((line, i) => {
    const before = lines[i - 1];
    const day = !before || new Date(before.at).toDateString() !== new Date(line.at).toDateString();
    const first =
      day ||
      line.kind !== 'text' ||
      before?.kind !== 'text' ||
      before.from !== line.from ||
      Date.parse(line.at) - Date.parse(before.at) > together;
    return { line, first, day };
  });
}

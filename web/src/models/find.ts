import { type ReadonlySignal, signal } from '@preact/signals';
import type { Person } from '@stoa/client';
import {
  Finder,
  identifier,
  leaveDiscovery,
  listMax,
  matches,
  type Standing,
  takePart,
  Unproven,
} from '@stoa/client/discovery';
import { w } from '../words/find.ts';
import { problemWords } from '../words/index.ts';
import { house, myID, seen } from './account.ts';
import { noteFinding } from './finding.ts';
import { say } from './notices.ts';
import { following } from './people.ts';
import { ready, resource } from './resource.ts';

/** Private discovery, as this browser takes part in it. */

let own: { of: string; finder: Finder } | undefined;

function finder(): Finder {
  const me = myID.peek();
  if (own?.of !== me) own = { of: me, finder: new Finder(house, me) };
  return own.finder;
}

const keyChanged = signal(false);
/** The house has had another key than before since this page is open. */
export const otherKey: ReadonlySignal<boolean> = keyChanged;

/** How one stands, and one's list. */
export const standing = resource<Standing>(async () => {
  const now = await finder().open();
  if (now.otherKey) keyChanged.value = true;
  return now;
});
/** Those whom one has found. */
export const found = resource<Person[]>(async () => (await matches(house)).people);

/** What is typed; nothing, while it is as it is kept. */
export const typed = signal<string | undefined>(undefined);
/** How far it has come, while the house is asked. */
export const progress = signal<{ asked: number; of: number } | undefined>(undefined);
/** What is wrong with what is typed, or what did not work. */
export const hitch = signal('');

/** An identifier as people write it. */
export const written = (one: string) => one.replace(/^handle:/, '@').replace(/^mail:/, '');

/** The list as it is kept, as people write it. */
export const kept = (): string =>
  (ready(standing.shown.value)?.entries ?? []).map((e) => written(e.identifier)).join('\n');

export interface Read {
  identifiers: string[];
  wrong: string[];
}

/** What is meant by a list that was typed or pasted. */
export function read(text: string): Read {
  const parts = text.split(/[\n,;]/).map((part) => part.trim());
  const out: Read = { identifiers: [], wrong: [] };
  for (const part of parts.filter(Boolean)) {
    const one = identifier(part);
    if (!one) out.wrong.push(part);
    else if (!out.identifiers.includes(one)) out.identifiers.push(one);
  }
  return out;
}

/** Takes part, or does no more. */
export async function turn(on: boolean): Promise<void> {
  try {
    if (on) {
      await takePart(house);
      noteFinding(myID.peek());
    } else {
      await leaveDiscovery(house);
      noteFinding('');
      found.set([]);
    }
    await standing.refresh();
    say(on ? w().turnedOn : w().turnedOff);
    if (on && ready(standing.shown.peek())?.entries.length) await send();
  } catch (thrown) {
    say(problemWords(seen(thrown)));
  }
}

/** Takes what is typed for one's list, and looks who of it is here. */
export async function look(): Promise<void> {
  const { identifiers, wrong } = read(typed.peek() ?? kept());
  hitch.value = '';
  if (wrong.length > 0) {
    hitch.value = w().wrong(wrong.slice(0, 5).join(' · '));
    return;
  }
  if (identifiers.length > listMax) {
    hitch.value = w().tooMany(String(listMax));
    return;
  }
  await finder().set(identifiers);
  typed.value = undefined;
  await send();
}

let going = false;
/** Asks for no more than it has; what it has is kept. */
export const stop = () => {
  going = false;
};

/** Asks for those who were not asked for, sends the list, and looks who is found. */
async function send(): Promise<void> {
  if (progress.peek()) return;
  going = true;
  progress.value = { asked: 0, of: 0 };
  try {
    await finder().send((asked, of) => {
      progress.value = { asked, of };
      return going;
    });
    keyChanged.value = false;
  } catch (thrown) {
    hitch.value = thrown instanceof Unproven ? w().unproven : problemWords(seen(thrown));
  } finally {
    progress.value = undefined;
  }
  await Promise.all([standing.refresh(), found.refresh()]);
  if (!hitch.peek()) say(w().done(ready(found.shown.peek())?.length ?? 0));
}

/** At a visit: the list is sent again, also when nobody looks. */
export async function visit(): Promise<void> {
  try {
    const { stands, otherKey } = await finder().open();
    if (otherKey) say(w().otherKey);
    if (stands.on && !progress.peek() && (await finder().due())) await finder().send();
  } catch {
    // At the next one, then.
  }
}

export async function follow(who: Person): Promise<void> {
  await house.follow(who.id);
  const some = ready(found.shown.peek()) ?? [];
  found.set(some.map((one) => (one.id === who.id ? { ...one, followed: true } : one)));
  void following.refresh();
}

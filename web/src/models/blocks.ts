import { effect, signal } from '@preact/signals';
import type { Blocked, BlockLevel, Person, Seat, Warning } from '@stoa/client';
import { account, house, seen } from './account.ts';
import { followers, following, person } from './people.ts';
import { type Resource, ready, resource } from './resource.ts';
import { seat } from './visit.ts';

/** Whom I am spared of. It is loaded when it is first wanted: before one comes into a room. */

export const blocks: Resource<Blocked[]> = resource(async () => (await house.blocks()).people);

/** At which level I am spared somebody, if I am. */
export const levelOf = (who: string): BlockLevel | undefined =>
  ready(blocks.shown.value)?.find(({ person }) => person.id === who)?.level;

/**
 * The ids of those whom I neither hear nor see. Where that cannot be asked I do not
 * come into a room: better nobody is heard than somebody whom I have blocked.
 */
export async function spared(): Promise<string[]> {
  await blocks.refresh();
  const shown = blocks.shown.peek();
  if (shown.kind === 'failed') throw shown.problem;
  return (ready(shown) ?? []).map(({ person }) => person.id);
}

/** Spares me somebody, or does so no more. */
export async function setLevel(who: Person, level: BlockLevel | undefined): Promise<void> {
  try {
    await (level ? house.block(who.id, level) : house.unblock(who.id));
  } catch (thrown) {
    throw seen(thrown);
  }
  const others = (ready(blocks.shown.peek()) ?? []).filter(({ person }) => person.id !== who.id);
  const since = new Date().toISOString();
  blocks.set(level ? [{ person: who, level, since }, ...others] : others);
  // Whom I follow, and who is seen to follow me, is another thing now.
  void person(who.id).refresh();
  void following.refresh();
  void followers.refresh();
}

/** What moderators are told of a room, and have not put away. */
export const warnings = signal<readonly Warning[]>([]);

export const putAway = (one: Warning) => {
  warnings.value = warnings.peek().filter((other) => other !== one);
};

/** What is left of warnings when another one comes: one of a kind, and of two people. */
export function withWarning(before: readonly Warning[], one: Warning): Warning[] {
  const kind = (of: Warning) => ('fresh' in of ? 'fresh' : [...of.conflict].sort().join());
  return [...before.filter((other) => kind(other) !== kind(one)), one];
}

/** Those of whom it still holds: of a conflict, both are here, and one on the stage. */
export function stillHolds(one: Warning, here: Seat): boolean {
  const { people, shield } = here.view.value;
  if ('fresh' in one) return !shield;
  const both = people.filter((p) => one.conflict.includes(p.who));
  return both.length === 2 && both.some((p) => p.role !== 'listener');
}

/** Keeps rooms as one wants to be spared, and takes what moderators are told; returns how to stop. */
export function startBlocks(): () => void {
  const stops = [
    effect(() => {
      const list = ready(blocks.shown.value);
      const here = seat.value;
      if (list && here) here.spare(list.map(({ person }) => person.id));
    }),
    effect(() => {
      const here = seat.value;
      warnings.value = [];
      return here?.watchWarnings((one) => {
        warnings.value = withWarning(warnings.peek(), one);
      });
    }),
    effect(() => {
      if (account.value.kind === 'out') blocks.set([]);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

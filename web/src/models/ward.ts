import type {
  MyDecision,
  MyReport,
  NamedThing,
  QueueEntry,
  ThingKind,
  Versioned,
} from '@stoa/client';
import { myDecisions, myReports, queueEntry, queueLog, queueOf } from '@stoa/client/moderation';
import { to } from '../router.ts';
import { house } from './account.ts';
import { pages } from './pages.ts';
import { type Resource, resource } from './resource.ts';
import { openEntries } from './warden.ts';

/** What is reported, judged and decided. */

export const kinds: readonly ThingKind[] = ['person', 'club', 'room', 'plan'];

/** How a thing is called that is to be reported; nothing, where it has no name. */
export async function nameOf(kind: string, id: string): Promise<string> {
  switch (kind) {
    case 'person':
      return (await house.person(id)).name;
    case 'club':
      return (await house.club(id)).value.name;
    case 'plan':
      return (await house.plan(id)).value.title;
    default:
      return (await house.room(id)).title;
  }
}

/** Where a thing is looked at. */
export const whereIs = ({ kind, id }: Pick<NamedThing, 'kind' | 'id'>): string => to[kind](id);

export const reports = resource<MyReport[]>(async () => (await myReports(house)).reports);
export const decisions = resource<MyDecision[]>(async () => (await myDecisions(house)).decisions);

export const queue = pages(async (after) => {
  const { entries, open, next } = await queueOf(house, after);
  openEntries.value = open;
  return { more: entries, next };
});

export const log = pages(async (after) => {
  const { decisions, next } = await queueLog(house, after);
  return { more: decisions, next };
});

const entries = new Map<string, Resource<Versioned<QueueEntry>>>();

export function entry(id: string): Resource<Versioned<QueueEntry>> {
  let found = entries.get(id);
  if (!found) {
    found = resource(() => queueEntry(house, id));
    entries.set(id, found);
  }
  return found;
}

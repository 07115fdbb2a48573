import type {
  Club,
  ClubBarred,
  ClubCard,
  ClubLists,
  ClubMember,
  ClubRole,
  ClubWaiting,
  House,
  NewClub,
  Plan,
  Standing,
  Versioned,
} from '@stoa/client';
import { house } from './account.ts';
import { Form } from './form.ts';
import { pages } from './pages.ts';
import { type Resource, resource } from './resource.ts';

/** Clubs: those I have to do with, those to find, single ones, and what one does with them. */

export const clubs = resource<ClubLists>(() => house.clubs());

/** Clubs that anybody may find, page by page. */
export const listed = pages<ClubCard>(async (after) => {
  const { clubs: more, next } = await house.listedClubs(after);
  return { more, next };
});

/** What is planned in a club. */
export const coming = (club: string): Resource<Plan[]> =>
  resource(async () => (await house.plansOfClub(club, new Date().toISOString())).plans);

const keptMax = 50;
const looked = new Map<string, Resource<Versioned<Club>>>();

/** A club by its id; whoever shows it calls `refresh`. */
export function club(id: string): Resource<Versioned<Club>> {
  let found = looked.get(id);
  if (!found) {
    found = resource(() => house.club(id));
    looked.set(id, found);
    const oldest = looked.keys().next().value;
    if (looked.size > keptMax && oldest !== undefined) looked.delete(oldest);
  }
  return found;
}

/** What is kept of a club beside it, for those who are in it. */
export const members = (id: string) =>
  pages<ClubMember>(async (after) => {
    const { members: more, next } = await house.clubMembers(id, after);
    return { more, next };
  });
export const pending = (id: string) =>
  resource<ClubWaiting[]>(async () => (await house.clubPending(id)).pending);
export const barred = (id: string) =>
  resource<ClubBarred[]>(async () => (await house.clubBarred(id)).barred);

/** Whether somebody who stands so is in the club. */
export const isIn = (standing: Standing) =>
  standing === 'member' || standing === 'admin' || standing === 'founder';

/** Whether somebody who stands so has a say in who is in it. */
export const leads = (standing: Standing) => standing === 'admin' || standing === 'founder';

/** Whether I may open its rooms. */
export const mayOpen = ({ standing, rooms }: Club) =>
  leads(standing) || (standing === 'member' && rooms === 'members');

/** By what I come into the club, as I stand to it now. */
export type WayIn = 'join' | 'ask' | 'nomination' | 'accept' | 'asked' | 'in';

export function wayIn({ standing, joining }: Pick<Club, 'standing' | 'joining'>): WayIn {
  if (isIn(standing)) return 'in';
  if (standing === 'invited') return 'accept';
  if (standing === 'asked') return 'asked';
  return ({ open: 'join', approval: 'ask', nomination: 'nomination' } as const)[joining];
}

/** Whether one who leads the club, as `mine` says, may change how somebody stands in it. */
export const mayChange = (mine: Standing, role: ClubRole) =>
  mine === 'founder' ? role !== 'founder' : mine === 'admin' && role === 'member';

/** Looks again at a club, and at the lists it may be in. */
async function after<T>(id: string, what: Promise<T>): Promise<T> {
  try {
    return await what;
  } finally {
    void clubs.refresh();
    if (looked.has(id)) await club(id).refresh();
  }
}

/** Joins, asks to, or accepts an invitation; `rules` is the version that was agreed to. */
export const join = (id: string, rules: number) => after(id, house.joinClub(id, rules));

/** Leaves, takes back what one has asked, or declines an invitation. */
export async function leave(id: string): Promise<void> {
  await house.leaveClub(id);
  forget(id);
}

export async function dissolve(id: string): Promise<void> {
  await house.deleteClub(id);
  forget(id);
}

/** What is shown of a club may be gone for me: it is asked for anew. */
function forget(id: string): void {
  looked.delete(id);
  void clubs.refresh();
  void listed.refresh();
}

export const setFollowed = (id: string, followed: boolean) =>
  after(id, followed ? house.followClub(id) : house.unfollowClub(id));

export const setShown = (id: string, shown: boolean) => after(id, house.showClub(id, shown));

export const setRole = (id: string, person: string, role: ClubRole) =>
  after(id, house.setClubRole(id, person, role));

export const remove = (id: string, person: string, bar: boolean) =>
  after(id, house.removeFromClub(id, person, bar));

export const letOff = (id: string, person: string) => after(id, house.letOff(id, person));

export const answer = (id: string, person: string, yes: boolean) =>
  after(id, yes ? house.acceptPending(id, person) : house.refusePending(id, person));

/** Nominates somebody, or invites them; by the id, or by the handle with an `@`. */
export async function nominate(id: string, who: string): Promise<void> {
  const person = who.startsWith('@') ? (await house.personByHandle(who)).id : who;
  await after(id, house.nominate(id, person));
}

// A club while it is founded, or changed

export type ClubField = keyof NewClub;
export const clubFields = [
  'name',
  'about',
  'rules',
  'joining',
  'rooms',
  'listed',
  'language',
] as const satisfies readonly ClubField[];

export const clubLimits = { name: 60, about: 500, rule: 140, rules: 10 };

/** As it is typed: every field is there, a language that is none is empty. */
export type ClubDraft = Required<NewClub>;

export const noClub: ClubDraft = {
  ...{ name: '', about: '', rules: [], language: '' },
  ...({ joining: 'open', rooms: 'members', listed: true } as const),
};

type Kept = NewClub & { id?: string };
export type ClubForm = Form<ClubDraft, Kept>;

type ClubCalls = Pick<House, 'club' | 'foundClub' | 'changeClub'>;

/** A form for a club that is there, or for a new one. */
export function clubForm(calls: ClubCalls, kept?: Versioned<Club>): ClubForm {
  const empty: Versioned<Kept> = { value: noClub, version: '' };
  const id = kept?.value.id;
  return new Form<ClubDraft, Kept>(
    {
      ...{ fields: clubFields, typed, tidy },
      load: async () => (id ? calls.club(id) : empty),
      save: (draft, version) => {
        const { language, ...rest } = draft;
        const change = language ? draft : rest;
        return id ? calls.changeClub(id, change, version) : calls.foundClub(change);
      },
    },
    kept ?? empty,
  );
}

/** The form for a club that is changed, kept so that it is there when one comes back to it. */
let kept: { id: string; form: ClubForm } | undefined;

export async function changing(id: string): Promise<ClubForm> {
  if (kept?.id === id && kept.form.changed.peek()) {
    await kept.form.refresh().catch(() => undefined);
    return kept.form;
  }
  const form = clubForm(house, await house.club(id));
  kept = { id, form };
  return form;
}

function typed(kept: Kept): ClubDraft {
  const { name, about, rules, joining, rooms, listed, language = '' } = kept;
  return { name, about, rules, joining, rooms, listed, language };
}

function tidy(draft: ClubDraft): ClubDraft {
  const line = (text: string) => text.replace(/\s+/g, ' ').trim();
  return {
    ...draft,
    name: line(draft.name),
    about: draft.about.replaceAll('\r\n', '\n').trim(),
    rules: draft.rules.map(line).filter((rule) => rule !== ''),
  };
}

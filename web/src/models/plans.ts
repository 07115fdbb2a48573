import { signal } from '@preact/signals';
import type { House, Plan, PlanChange, Versioned, Which } from '@stoa/client';
import { house } from './account.ts';
import { Form } from './form.ts';
import { type Resource, resource } from './resource.ts';
import { soon } from './when.ts';

/** Rooms to come: lists of them, single ones, and what one does with them. */

export const whiches: readonly Which[] = ['for_me', 'clubs', 'all'];
/** Which of them are shown. */
export const which = signal<Which>('for_me');

/** What is over since yesterday is no news; what has just begun is. */
const since = () => new Date(Date.now() - 3_600_000).toISOString();

const lists = Object.fromEntries(
  whiches.map((which) => [
    which,
    resource<Plan[]>(async () => (await house.plans(which, since())).plans),
  ]),
) as Record<Which, Resource<Plan[]>>;

export const plans = (which: Which): Resource<Plan[]> => lists[which];

const keptMax = 50;
const looked = new Map<string, Resource<Versioned<Plan>>>();

/** A plan by its id; whoever shows it calls `refresh`. */
export function plan(id: string): Resource<Versioned<Plan>> {
  let found = looked.get(id);
  if (!found) {
    found = resource(() => house.plan(id));
    looked.set(id, found);
    const oldest = looked.keys().next().value;
    if (looked.size > keptMax && oldest !== undefined) looked.delete(oldest);
  }
  return found;
}

/** Shows what a plan is now. */
function known(now: Versioned<Plan>): Versioned<Plan> {
  plan(now.value.id).set(now);
  return now;
}

export const going = async (id: string, remind?: number) => known(await house.goToPlan(id, remind));

/** Does something of which the node says nothing but that it is done, and looks again. */
async function after(id: string, done: Promise<unknown>): Promise<void> {
  await done;
  await plan(id).refresh();
}

export const stayAway = (id: string) => after(id, house.stayAway(id));
export const cancel = (id: string) => after(id, house.cancelPlan(id));
export const host = (id: string, accept: boolean) => after(id, house.setHosting(id, accept));
export const open = async (id: string) => known(await house.openPlan(id));

/** Hosts may open the room from so many milliseconds before the start. */
const earlyMax = 15 * 60_000;
export const mayOpen = (p: Plan, now = Date.now()) =>
  p.may_edit && p.state === 'planned' && now >= Date.parse(p.starts) - earlyMax;

/** Whether somebody was asked to host a plan, and has not answered. */
export const isAsked = (p: Plan, me: string) => p.hosts.some((h) => h.id === me && !h.accepted);

/** Before how many minutes one may be reminded. */
export const reminders = [0, 5, 15, 60, 1440] as const;

// A plan while it is made, or changed

export const planLimits = { title: 120, about: 1000, cohosts: 8, topics: 3 };
export const lengths = [15, 30, 45, 60, 90, 120, 180, 240, 360, 720] as const;

export type PlanDraft = Required<PlanChange>;
export const planFields = [
  ...(['title', 'about', 'starts', 'minutes', 'cohosts', 'club'] as const),
  ...(['visibility', 'invite', 'language', 'topics', 'fence', 'recorded'] as const),
] satisfies (keyof PlanDraft)[];

export type PlanForm = Form<PlanDraft, Plan | PlanDraft>;

const noPlan = (club: string): PlanDraft => ({
  ...{ title: '', about: '', starts: soon(), minutes: 60, cohosts: [], club, invite: [] },
  ...{
    visibility: club ? 'members' : 'open',
    language: '',
    topics: [],
    fence: '',
    recorded: false,
  },
});

type Calls = Pick<House, 'plan' | 'addPlan' | 'changePlan'>;

/** A form for a plan that is there, or for a new one, perhaps of a club. */
export function planForm(calls: Calls, kept?: Versioned<Plan>, club = ''): PlanForm {
  const id = kept?.value.id;
  const empty: Versioned<Plan | PlanDraft> = { value: noPlan(club), version: '' };
  return new Form<PlanDraft, Plan | PlanDraft>(
    {
      ...{ fields: planFields, typed, tidy },
      load: async () => (id ? calls.plan(id) : empty),
      save: (draft, version) => {
        const change = sent(draft);
        return id ? calls.changePlan(id, change, version) : calls.addPlan(change);
      },
    },
    kept ?? empty,
  );
}

function typed(kept: Plan | PlanDraft): PlanDraft {
  if (!('hosts' in kept)) return kept;
  const { title, about, starts, minutes, club, visibility, language, fence, recorded } = kept;
  return {
    ...{ title, about, starts: new Date(starts).toISOString(), minutes, visibility, recorded },
    cohosts: kept.hosts.slice(1).map((h) => h.id),
    invite: (kept.invited ?? []).map((p) => p.id),
    ...{ club: club?.id ?? '', language: language ?? '', fence: fence ?? '' },
    topics: kept.topics ?? [],
  };
}

function tidy(draft: PlanDraft): PlanDraft {
  return {
    ...draft,
    title: draft.title.replace(/\s+/g, ' ').trim(),
    about: draft.about.replaceAll('\r\n', '\n').trim(),
    // Without a club there are none whose members could come.
    visibility: draft.visibility === 'members' && !draft.club ? 'open' : draft.visibility,
  };
}

/** What says nothing is left out. */
function sent({ club, language, topics, fence, ...rest }: PlanDraft): PlanChange {
  return {
    ...rest,
    ...(club ? { club } : {}),
    ...(language ? { language } : {}),
    ...(topics.length > 0 ? { topics } : {}),
    ...(fence ? { fence } : {}),
  };
}

/** The form for a plan that is changed, kept so that it is there when one comes back to it. */
let kept: { id: string; form: PlanForm } | undefined;

export async function changing(id: string): Promise<PlanForm> {
  if (kept?.id === id && kept.form.changed.peek()) {
    await kept.form.refresh().catch(() => undefined);
    return kept.form;
  }
  const form = planForm(house, await house.plan(id));
  kept = { id, form };
  return form;
}

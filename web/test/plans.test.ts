import { type Plan, type PlanChange, StoaError } from '@stoa/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { isAsked, mayOpen, type PlanForm, planForm } from '../src/models/plans.ts';
import { parse } from '../src/router.ts';

const plan: Plan = {
  ...{ id: 'p', title: 'Tea', about: '', starts: '2027-11-27T18:30:00Z', minutes: 60 },
  hosts: [
    { id: 'ada', name: 'Ada', accepted: true },
    { id: 'bo', name: 'Bo', accepted: false },
  ],
  ...{ visibility: 'open', recorded: false, state: 'planned', going: 1, may_edit: true },
  invited: [{ id: 'cy', name: 'Cy' }],
};

describe('a plan that is changed', () => {
  let sent: PlanChange[];
  let version: number;
  let form: PlanForm;
  const calls = {
    plan: async () => ({ value: plan, version: `"${version}"` }),
    addPlan: async (change: PlanChange) => {
      sent.push(change);
      return { value: plan, version: '"1"' };
    },
    changePlan: async (_: string, change: PlanChange, seen: string) => {
      if (seen !== `"${version}"`) {
        throw new StoaError({ code: 'changed_meanwhile', title: '', status: 412 });
      }
      if (!change.title) {
        const errors = [{ location: 'body.title', message: 'A title, please' }];
        throw new StoaError({ code: 'invalid', title: '', status: 422, errors });
      }
      sent.push(change);
      return { value: { ...plan, title: change.title }, version: `"${++version}"` };
    },
  };

  beforeEach(() => {
    sent = [];
    version = 1;
    form = planForm(calls, { value: plan, version: '"1"' });
  });

  it('keeps who hosts and who is invited, and leaves out what says nothing', async () => {
    expect(form.changed.value).toBe(false);
    form.type({ title: '  Black   tea ' });
    expect(await form.save()).toBe('saved');
    expect(sent).toEqual([
      {
        ...{ title: 'Black tea', about: '', starts: '2027-11-27T18:30:00.000Z', minutes: 60 },
        ...{ cohosts: ['bo'], visibility: 'open', invite: ['cy'], recorded: false },
      },
    ]);
  });

  it('says at which field something is wrong', async () => {
    form.type({ title: ' ' });
    expect(await form.save()).toBe('invalid');
    expect([...form.problems.value]).toEqual([['title', 'A title, please']]);
  });

  it('overwrites nothing that a co-host has saved meanwhile', async () => {
    form.type({ about: 'Bring a cup' });
    version = 2;
    expect(await form.save()).toBe('changed_meanwhile');
    expect(form.draft.value.about).toBe('Bring a cup');
    expect(await form.save()).toBe('saved');
  });

  it('is for no members without a club', async () => {
    const fresh = planForm(calls, undefined, 'readers');
    expect(fresh.draft.value.visibility).toBe('members');
    fresh.type({ title: 'Tea', club: '' });
    await fresh.save();
    expect(sent[0]?.visibility).toBe('open');
    expect(sent[0]).not.toHaveProperty('club');
  });
});

describe('a plan', () => {
  it('is opened by its hosts from a quarter of an hour before', () => {
    const start = Date.parse(plan.starts);
    expect(mayOpen(plan, start - 15 * 60_000 - 1)).toBe(false);
    expect(mayOpen(plan, start - 15 * 60_000)).toBe(true);
    expect(mayOpen({ ...plan, may_edit: false }, start)).toBe(false);
    expect(mayOpen({ ...plan, state: 'open' }, start)).toBe(false);
  });

  it('asks whom it asks', () => {
    expect(isAsked(plan, 'bo')).toBe(true);
    expect(isAsked(plan, 'ada')).toBe(false);
    expect(isAsked(plan, 'cy')).toBe(false);
  });

  it('has addresses', () => {
    expect(parse('/schedule')).toEqual({ screen: 'schedule' });
    expect(parse('/plan/new')).toEqual({ screen: 'new_plan' });
    expect(parse('/plan/p')).toEqual({ screen: 'plan', plan: 'p' });
    expect(parse('/plan/p/edit')).toEqual({ screen: 'edit_plan', plan: 'p' });
    expect(parse('/plan/p/x')).toEqual({ screen: 'nowhere' });
    expect(parse('/plan')).toEqual({ screen: 'nowhere' });
  });
});

import type { Club, NewClub, Standing, Versioned } from '@stoa/client';
import { StoaError } from '@stoa/client';
import { describe, expect, it } from 'vitest';
import { clubForm, mayChange, mayOpen, noClub, wayIn } from '../src/models/clubs.ts';
import { pages } from '../src/models/pages.ts';
import { ready } from '../src/models/resource.ts';
import { parse, to } from '../src/router.ts';

const chess: Club = {
  ...{ id: 'chess', name: 'Chess', about: '', rules: ['No talking.'], rules_version: 1 },
  ...{ joining: 'open', rooms: 'members', listed: true, created: '2026-11-20T08:00:00Z' },
  ...{ members: 2, followers: 0, standing: 'admin', followed: false, leads: [], shown: false },
};

/** Where a club is kept, with the rule that only the newest version is changed. */
class Shelf {
  kept: Club | undefined;
  version = 1;

  #there(): Versioned<Club> {
    return { value: this.kept ?? chess, version: `"${this.version}"` };
  }
  club = async () => this.#there();
  foundClub = async (what: NewClub) => {
    this.kept = { ...chess, ...what };
    return this.#there();
  };
  changeClub = async (_: string, change: NewClub, version: string) => {
    if (version !== `"${this.version}"`) {
      throw new StoaError({ code: 'changed_meanwhile', title: '', status: 412 });
    }
    this.version++;
    const { language: __, ...rest } = this.kept ?? chess;
    this.kept = { ...rest, ...change };
    return this.#there();
  };
}

describe('a club in a form', () => {
  it('begins with nothing typed, and is founded as it is typed', async () => {
    const shelf = new Shelf();
    const form = clubForm(shelf);
    expect(form.draft.value).toEqual(noClub);
    expect(form.changed.value).toBe(false);
    form.type({ name: '  Night \n Sounds ', rules: [' Listen. ', ' '], language: 'de' });
    expect(await form.save()).toBe('saved');
    expect(shelf.kept).toMatchObject({ name: 'Night Sounds', rules: ['Listen.'], language: 'de' });
    expect(form.base.value.id).toBe('chess');
  });

  it('says no language rather than an empty one', async () => {
    const shelf = new Shelf();
    shelf.kept = { ...chess, language: 'de' };
    const form = clubForm(shelf, await shelf.club());
    form.type({ language: '' });
    await form.save();
    expect(shelf.kept).not.toHaveProperty('language');
  });

  it('overwrites nothing that another admin has saved', async () => {
    const shelf = new Shelf();
    const form = clubForm(shelf, await shelf.club());
    form.type({ rules: ['Whisper.'] });
    await shelf.changeClub('', { ...chess, rules: ['Shout.'], joining: 'approval' }, '"1"');
    expect(await form.save()).toBe('changed_meanwhile');
    expect(form.draft.value).toMatchObject({ rules: ['Whisper.'], joining: 'approval' });
    expect([...form.newer.value]).toEqual(['rules']);
    form.take('rules');
    expect(form.draft.value.rules).toEqual(['Shout.']);
    expect(form.changed.value).toBe(false);
  });
});

it.each([
  ['none', 'open', 'join'],
  ['none', 'approval', 'ask'],
  ['none', 'nomination', 'nomination'],
  ['asked', 'approval', 'asked'],
  ['invited', 'nomination', 'accept'],
  ['invited', 'open', 'accept'],
  ['member', 'nomination', 'in'],
  ['founder', 'open', 'in'],
] as const)('who stands %s to a club one joins by %s: %s', (standing, joining, way) => {
  expect(wayIn({ standing, joining })).toBe(way);
});

it('its rooms are opened by members, or by admins only', () => {
  const may = (standing: Standing, rooms: Club['rooms']) => mayOpen({ ...chess, standing, rooms });
  expect(may('member', 'members')).toBe(true);
  expect(may('member', 'admins')).toBe(false);
  expect(may('admin', 'admins')).toBe(true);
  expect(may('none', 'members')).toBe(false);
});

it('admins change members, the founder admins too, and nobody the founder', () => {
  expect(mayChange('admin', 'member')).toBe(true);
  expect(mayChange('admin', 'admin')).toBe(false);
  expect(mayChange('founder', 'admin')).toBe(true);
  expect(mayChange('founder', 'founder')).toBe(false);
  expect(mayChange('member', 'member')).toBe(false);
});

describe('a long list', () => {
  const numbers = (size: number) => {
    const asked: string[] = [];
    const list = pages<number>(async (after) => {
      asked.push(after);
      const from = Number(after || 0);
      const more = Array.from({ length: Math.min(2, size - from) }, (_, n) => from + n);
      return { more, next: from + 2 < size ? String(from + 2) : undefined };
    });
    return { list, asked };
  };

  it('comes page by page', async () => {
    const { list, asked } = numbers(5);
    await list.refresh();
    expect(ready(list.shown.value)).toEqual([0, 1]);
    await Promise.all([list.more(), list.more()]); // pressed twice
    expect(ready(list.shown.value)).toEqual([0, 1, 2, 3]);
    expect(list.rest.value).toBe(true);
    await list.more();
    expect(ready(list.shown.value)).toEqual([0, 1, 2, 3, 4]);
    expect(list.rest.value).toBe(false);
    await list.more();
    expect(asked).toEqual(['', '2', '4']);
  });

  it('begins again when it is asked for anew', async () => {
    const { list } = numbers(5);
    await list.refresh();
    await list.more();
    await list.refresh();
    expect(ready(list.shown.value)).toEqual([0, 1]);
    expect(list.rest.value).toBe(true);
  });
});

it('clubs have addresses', () => {
  expect(parse(to.clubs)).toEqual({ screen: 'clubs' });
  expect(parse(to.newClub)).toEqual({ screen: 'new_club' });
  expect(parse(to.club('chess'))).toEqual({ screen: 'club', club: 'chess' });
  expect(parse(to.editClub('chess'))).toEqual({ screen: 'edit_club', club: 'chess' });
  for (const nowhere of ['/c', '/c/chess/else', '/c/chess/edit/more', '/clubs/old', '/me/edit/x']) {
    expect(parse(nowhere)).toEqual({ screen: 'nowhere' });
  }
});

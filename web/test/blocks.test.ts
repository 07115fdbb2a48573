import { signal } from '@preact/signals';
import { type Blocked, type Person, type Seat, StoaError, type Warning } from '@stoa/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { house } from '../src/models/account.ts';
import {
  blocks,
  levelOf,
  putAway,
  setLevel,
  spared,
  startBlocks,
  stillHolds,
  warnings,
  withWarning,
} from '../src/models/blocks.ts';
import { visit } from '../src/models/visit.ts';

const person = (id: string): Person => ({
  ...{ id, name: id, since: '', followed: false, follows_me: false },
});
const blocked = (id: string, level: Blocked['level']): Blocked => ({
  ...{ person: person(id), level, since: '2026-11-20T08:00:00Z' },
});

afterEach(() => vi.restoreAllMocks());

describe('whom one is spared of', () => {
  beforeEach(() => {
    for (const call of ['person', 'following', 'followers'] as const) {
      vi.spyOn(house, call as 'following').mockRejectedValue(new Error('not asked for'));
    }
  });

  it('is known before one comes into a room, or one does not', async () => {
    vi.spyOn(house, 'blocks').mockRejectedValueOnce(
      new StoaError({ code: 'offline', title: '', status: 0 }),
    );
    await expect(spared()).rejects.toMatchObject({ code: 'offline' });
    vi.spyOn(house, 'blocks').mockResolvedValueOnce({
      people: [blocked('bo', 'block'), blocked('cy', 'mute')],
    });
    expect(await spared()).toEqual(['bo', 'cy']);
    expect([levelOf('bo'), levelOf('cy'), levelOf('dee')]).toEqual(['block', 'mute', undefined]);
  });

  it('changes in the room at once, and not when the node says no', async () => {
    const spare = vi.fn();
    const here = { spare, watchWarnings: () => () => {} } as unknown as Seat;
    blocks.set([blocked('bo', 'mute')]);
    visit.value = { kind: 'here', room: 'r', seat: here };
    const stop = startBlocks();
    expect(spare).toHaveBeenLastCalledWith(['bo']);
    vi.spyOn(house, 'block').mockResolvedValue();
    vi.spyOn(house, 'unblock').mockResolvedValue();
    await setLevel(person('cy'), 'block');
    expect(spare).toHaveBeenLastCalledWith(['cy', 'bo']);
    await setLevel(person('bo'), 'block');
    expect(levelOf('bo')).toBe('block');
    await setLevel(person('cy'), undefined);
    expect(spare).toHaveBeenLastCalledWith(['bo']);
    vi.spyOn(house, 'unblock').mockRejectedValueOnce(
      new StoaError({ code: 'too_many', title: '', status: 429 }),
    );
    await expect(setLevel(person('bo'), undefined)).rejects.toMatchObject({ code: 'too_many' });
    expect(levelOf('bo')).toBe('block');
    stop();
    visit.value = { kind: 'none' };
  });
});

describe('what moderators are told', () => {
  it('stands there once, whichever of two comes first', () => {
    const [ab, ba, fresh]: Warning[] = [
      { conflict: ['a', 'b'] },
      { conflict: ['b', 'a'] },
      { fresh: 21 },
    ];
    if (!ab || !ba || !fresh) throw new TypeError();
    const all = [ab, fresh, ba, { conflict: ['a', 'c'] }, { fresh: 22 }].reduce(
      (before: Warning[], one) => withWarning(before, one as Warning),
      [],
    );
    expect(all).toEqual([ba, { conflict: ['a', 'c'] }, { fresh: 22 }]);
  });

  it('goes when it is put away, or does not hold any more', () => {
    let warn = (_: Warning) => {};
    const view = signal({
      people: [
        { who: 'a', role: 'speaker' },
        { who: 'b', role: 'listener' },
      ],
      shield: false,
    });
    const here = {
      view,
      spare() {},
      watchWarnings: (watcher: typeof warn) => {
        warn = watcher;
        return () => {};
      },
    } as unknown as Seat;
    visit.value = { kind: 'here', room: 'r', seat: here };
    const stop = startBlocks();
    warn({ conflict: ['a', 'b'] });
    warn({ fresh: 21 });
    const [conflict, fresh] = warnings.value;
    if (!conflict || !fresh) throw new TypeError('not told');
    expect([stillHolds(conflict, here), stillHolds(fresh, here)]).toEqual([true, true]);
    view.value = { ...view.value, people: [{ who: 'b', role: 'speaker' }], shield: true };
    expect([stillHolds(conflict, here), stillHolds(fresh, here)]).toEqual([false, false]);
    putAway(conflict);
    expect(warnings.value).toEqual([fresh]);
    visit.value = { kind: 'none' };
    expect(warnings.value).toEqual([]);
    stop();
  });
});

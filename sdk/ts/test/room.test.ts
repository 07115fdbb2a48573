// @vitest-environment node
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Participant, RoomEvent, View } from '../src/index.ts';
import { apply, isMissing, isOpen, queue, withFollowed, withNewcomer } from '../src/room.ts';

const listener = (who: string, entered: number): Participant => ({
  who,
  name: who.toUpperCase(),
  role: 'listener',
  muted: true,
  followed: false,
  sampled: true,
  entered,
});
const ada: Participant = { ...listener('ada', 1), role: 'moderator', stage: 1, chair: 1 };
const bo = listener('bo', 2);
const cy: Participant = { ...listener('cy', 3), followed: true };

const view = (...people: Participant[]): View => ({
  seq: 10,
  count: people.length,
  opened: '2026-11-23T19:30:00Z',
  title: 'Tea',
  visibility: 'closed',
  hands: 'everyone',
  chat: 'everyone',
  people,
});

const after = (before: View, event: Partial<RoomEvent>) =>
  apply(before, { seq: before.seq + 1, room: 'r', ...event });
const person = (v: View, who: string) => v.people.find((p) => p.who === who);

describe('an event', () => {
  it('opens a room with its opener as a moderator who is not there yet', () => {
    const v = after(view(), {
      opened: { by: 'ada', name: 'ADA', title: 'T', visibility: 'open', at: 'a', until: 'u' },
    });
    expect(v).toStrictEqual({
      seq: 11,
      count: 1,
      opened: 'a',
      title: 'T',
      visibility: 'open',
      hands: 'everyone',
      chat: 'everyone',
      people: [
        { ...listener('ada', 11), role: 'moderator', stage: 11, chair: 11, away_until: 'u' },
      ],
    });
  });

  it('lets somebody in at the end of the order', () => {
    const v = after(view(ada), { entered: { who: 'bo', name: 'BO', followed: true } });
    expect(v.people).toStrictEqual([ada, { ...listener('bo', 11), followed: true }]);
  });

  it('takes away and back', () => {
    const away = after(view(ada, bo), { went_away: { who: 'bo', until: 'u' } });
    expect(person(away, 'bo')).toStrictEqual({ ...bo, away_until: 'u' });
    expect(person(after(away, { returned: { who: 'bo' } }), 'bo')).toStrictEqual(bo);
  });

  it('takes a hand down with the policy that forbids it', () => {
    const hands = view(ada, { ...bo, hand: 4 }, { ...cy, hand: 5 });
    const followed = after(hands, { hands_set: { policy: 'followed' } });
    expect(followed.people).toStrictEqual([ada, bo, { ...cy, hand: 5 }]);
    expect(after(hands, { hands_set: { policy: 'off' } }).people).toStrictEqual([ada, bo, cy]);
  });

  it('brings a listener onto the stage muted, and what was asked is over', () => {
    const v = after(view(ada, { ...bo, hand: 4, asked_until: 'u' }), { stepped_up: { who: 'bo' } });
    const up = { ...bo, role: 'speaker', stage: 11 };
    expect(person(v, 'bo')).toStrictEqual(up);
    expect(after(v, { stepped_up: { who: 'bo' } }).people).toStrictEqual([ada, up]);
  });

  it('brings a moderator back into the audience', () => {
    const open = { ...ada, muted: false };
    const v = after(view(open, bo), { stepped_down: { who: 'ada', by: 'ada' } });
    expect(person(v, 'ada')).toStrictEqual(listener('ada', 1));
  });

  it('never opens a listener’s microphone', () => {
    expect(person(after(view(bo), { unmuted: { who: 'bo' } }), 'bo')?.muted).toBe(true);
    expect(person(after(view(ada), { unmuted: { who: 'ada' } }), 'ada')?.muted).toBe(false);
  });

  it('makes a moderator of a speaker only', () => {
    const speaker: Participant = { ...bo, role: 'speaker', stage: 6 };
    const v = after(view(speaker, cy), { made_moderator: { who: 'bo' } });
    expect(person(v, 'bo')).toStrictEqual({ ...speaker, role: 'moderator', chair: 11 });
    expect(after(v, { made_moderator: { who: 'cy' } }).people).toStrictEqual(v.people);
  });

  it('regroups', () => {
    const v = after(view(bo, cy), { regrouped: { followed: ['bo'], unfollowed: ['cy'] } });
    expect(v.people.map((p) => p.followed)).toEqual([true, false]);
  });

  it('ends with nobody left', () => {
    expect(after(view(ada, bo), { ended: { why: 'moderator' } })).toStrictEqual({
      ...view(),
      seq: 11,
      ended: true,
    });
  });

  it('about somebody who is not here changes nothing but the number', () => {
    const before = view(ada);
    const about: Partial<RoomEvent>[] = [
      { returned: { who: 'zoe' } },
      { left: { who: 'zoe', why: 'left' } },
      { hand_raised: { who: 'zoe' } },
      { stepped_up: { who: 'zoe' } },
      { muted: { who: 'zoe', by: 'ada' } },
      { let_in: { who: 'zoe' } },
    ];
    for (const event of about) expect(after(before, event)).toStrictEqual({ ...before, seq: 11 });
  });
});

describe('of a large audience', () => {
  const { sampled: _, ...dan } = listener('dan', 4);
  const large = { ...view(ada, bo), count: 5000 };

  it('brings somebody with the event that makes them seen, and lets them go', () => {
    const up = after(large, { person: dan, hand_raised: { who: 'dan' } });
    expect(up.people).toStrictEqual([ada, bo, { ...dan, hand: 11 }]);
    const down = after(up, { hand_lowered: { who: 'dan' } });
    expect(down.people).toStrictEqual([ada, bo]);
    expect(down.count).toBe(5000);
  });

  it('puts them where they came in', () => {
    const late = listener('eve', 5);
    const v = after(view(ada, late), { person: dan, stepped_up: { who: 'dan' } });
    expect(v.people.map((p) => p.who)).toEqual(['ada', 'dan', 'eve']);
  });

  it('keeps one’s own person in sight', () => {
    const mine = withNewcomer(large, dan);
    const event = { seq: 11, room: 'r', hands_set: { policy: 'off' as const } };
    expect(person(apply(mine, event, 'dan'), 'dan')).toStrictEqual(dan);
    expect(person(apply(mine, event), 'dan')).toBeUndefined();
    expect(person(withFollowed(mine, 'dan', true), 'dan')?.followed).toBe(true);
  });

  it('misses nothing where nothing was sent', () => {
    const event = { room: 'r', widened: { to: 'open' as const } };
    expect(isMissing(large, { seq: 11, ...event })).toBe(false);
    expect(isMissing(large, { seq: 12, ...event })).toBe(true);
    expect(isMissing(large, { seq: 200, after: 10, ...event })).toBe(false);
    expect(isMissing(large, { seq: 200, after: 8, ...event })).toBe(false);
    expect(isMissing(large, { seq: 200, after: 11, ...event })).toBe(true);
  });
});

interface Vector {
  name: string;
  view: View;
  events: (RoomEvent | { crowd: { room: string; count: number } })[];
  after: View;
}

const vectors = new URL('../../../test/vectors/room.json', import.meta.url).pathname;

describe.runIf(existsSync(vectors))('the vectors shared with the node', () => {
  const cases = existsSync(vectors) ? (JSON.parse(readFileSync(vectors, 'utf8')) as Vector[]) : [];
  it.each(cases)('$name', ({ view: before, events, after: expected }) => {
    let now = before;
    for (const e of events) {
      if ('seq' in e) expect(isMissing(now, e)).toBe(false);
      now = 'seq' in e ? apply(now, e) : { ...now, count: e.crowd.count };
    }
    expect(now).toStrictEqual(expected);
  });
});

describe('a poll', () => {
  const asked = { by: 'ada', question: 'Tea?', options: ['yes', 'no'] };

  it('is open until its counts are there', () => {
    const open = after(view(ada), { poll_opened: asked });
    expect(open.poll).toStrictEqual({ poll: 11, ...asked });
    expect(isOpen(open.poll)).toBe(true);
    const other = after(open, { poll_closed: { poll: 7, counts: [9, 9] } });
    expect(isOpen(other.poll)).toBe(true);
    const closed = after(open, { poll_closed: { poll: 11, counts: [2, 1] } });
    expect(closed.poll).toStrictEqual({ poll: 11, ...asked, counts: [2, 1] });
    expect(isOpen(closed.poll)).toBe(false);
    expect(isOpen(undefined)).toBe(false);
    const again = after(closed, { poll_closed: { poll: 11, counts: [0, 0] } });
    expect(again.poll?.counts).toEqual([2, 1]);
  });
});

interface Queued {
  name: string;
  hands: string[];
  seconds: Record<string, number>;
  queue: string[];
}

const queues = new URL('../../../test/vectors/queue.json', import.meta.url).pathname;

describe.runIf(existsSync(queues))('the queue of hands', () => {
  const cases = existsSync(queues) ? (JSON.parse(readFileSync(queues, 'utf8')) as Queued[]) : [];
  it.each(cases)('$name', ({ hands, seconds, queue: expected }) => {
    const people = hands.map((who, n) => ({ ...listener(who, 90 - n), hand: 100 + n })).reverse();
    const all = [ada, bo, ...people];
    const first = queue(all, new Map(Object.entries(seconds)));
    expect(first.map((p) => p.who)).toEqual(expected);
  });
});

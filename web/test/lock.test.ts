import { signal } from '@preact/signals';
import { type Lock, openDevice, type SealedVoice, type Seat, toText, waiting } from '@stoa/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { account } from '../src/models/account.ts';
import {
  allCompared,
  changed,
  forgetPins,
  itIsThem,
  startLock,
  voiceOf,
  voices,
  weCompared,
} from '../src/models/lock.ts';
import { announcement } from '../src/models/notices.ts';
import { visit } from '../src/models/visit.ts';

const me = '00000000000000000000000000';
const lock = signal<Lock>(waiting);
const names = { [me]: 'Me', ada: 'Ada', ben: 'Ben' };
const people = Object.entries(names).map(([who, name]) => ({ who, name }));
const seat = { me: signal({ who: me }), view: signal({ people }), lock } as unknown as Seat;
const voice = (who: string, device = `${who}'s phone`): SealedVoice => ({
  ...{ who, device, trust: 'unheard' },
});
const sealed = (...of: SealedVoice[]) => {
  lock.value = { ...waiting, state: 'sealed', holders: of.length, voices: of };
};
/** Comes into the room; `of` are there. */
const comeIn = async (...of: SealedVoice[]) => {
  visit.value = { kind: 'none' };
  await new Promise((later) => setTimeout(later, 2)); // a visit is later than the one before
  sealed(...of);
  visit.value = { kind: 'here', room: 'r', seat };
  await vi.waitFor(() => expect(voices.value.length).toBe(of.length));
};
const states = () => voices.value.map((v) => v.state);
let stop: () => void;

beforeEach(() => {
  account.value = {
    kind: 'in',
    me: { id: me, name: 'Me', created: '', passkeys: 1, recovery: false },
  };
  stop = startLock();
});
afterEach(async () => {
  stop();
  visit.value = { kind: 'none' };
  announcement.value = '';
  await forgetPins(me);
});

it('who is met once is known the next time', async () => {
  await comeIn(voice('ada'));
  expect(states()).toEqual(['new']);
  expect(voiceOf('ada')?.name).toBe('Ada');
  await comeIn(voice('ada'), voice('ben'));
  expect(states()).toEqual(['known', 'new']);
  expect(announcement.value).toBe('');
});

it('a changed device is said once, and stays shown until one’s own word', async () => {
  await comeIn(voice('ada'));
  const other = voice('ada', 'another');
  sealed(other);
  expect(states()).toEqual(['changed']);
  expect(announcement.value).toContain('Ada');

  announcement.value = '';
  sealed({ ...other, trust: 'proven' });
  expect(changed.value.length).toBe(1);
  expect(announcement.value).toBe('');

  await itIsThem(other);
  expect(changed.value).toEqual([]);
  await comeIn(other);
  expect(states()).toEqual(['known']);
});

it('comparing the code verifies who is there, and not who comes later', async () => {
  await comeIn(voice('ada'));
  expect(allCompared.value).toBe(false);
  await weCompared(seat);
  expect(allCompared.value).toBe(true);
  sealed(voice('ada'), voice('ben'));
  expect(states()).toEqual(['verified', 'new']);
  expect(allCompared.value).toBe(false);
});

it('another device in one’s own name is noticed, one’s own is not', async () => {
  const mine = toText((await openDevice(me)).publicKey);
  await comeIn(voice(me, mine));
  expect(changed.value).toEqual([]);
  expect(voices.value[0]?.mine).toBe(true);
  sealed(voice(me, 'another'));
  expect(states()).toEqual(['changed']);
});

it('what is heard of a voice does not make it write', async () => {
  await comeIn(voice('ada'));
  const before = voiceOf('ada')?.pin;
  for (const trust of ['unproven', 'proven', 'overdue', 'forged'] as const) {
    sealed({ ...voice('ada'), trust });
    expect(voiceOf('ada')?.trust).toBe(trust);
  }
  await new Promise((later) => setTimeout(later, 5));
  expect(voiceOf('ada')?.pin).toBe(before);
});

// @vitest-environment node
import { type Person, StoaError } from '@stoa/client';
import { type Conversations, Unreachable } from '@stoa/client/conversations';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DoubleTalks } from './conversations.double.ts';

const ids = {
  ada: '0'.repeat(26),
  bo: `1${'0'.repeat(25)}`,
  cy: `2${'0'.repeat(25)}`,
};
const names = new Map(Object.entries(ids).map(([name, id]) => [id, name]));

let node: DoubleTalks;
let follows: Set<string>;

beforeEach(() => {
  follows = new Set();
  node = new DoubleTalks({
    person: (_, id) => (names.has(id) ? ({ id, name: names.get(id) } as Person) : undefined),
    follows: (who, whom) => follows.has(`${who} ${whom}`),
    refuse: (code, status = 409) => {
      throw new StoaError({ code, title: code, status });
    },
    tell: () => {},
  });
});

afterEach(() => void vi.useRealTimers());

const device = (me: string) => node.deviceOf(me);

/** What a device shows of its only conversation. */
async function shown(own: Conversations) {
  await own.refresh();
  const talks = own.talks.value ?? [];
  expect(talks).toHaveLength(1);
  const lines = talks[0]?.lines ?? [];
  return lines.map((l) => (l.kind === 'text' ? `${names.get(l.from)}: ${l.text}` : l.kind));
}

it('two write to each other, and each device of both reads it', async () => {
  const [ada, bo] = [await device(ids.ada), await device(ids.bo)];
  const id = await ada.begin([ids.bo]);
  expect(await ada.begin([ids.bo])).toBe(id);
  await ada.write(id, 'Hello, Bo');
  await bo.refresh();
  expect(bo.talks.value?.[0]).toMatchObject({ mine: 'asked', unread: 1 });
  expect(await bo.begin([ids.ada])).toBe(id);
  await bo.write(id, 'Hello, Ada');
  expect(await shown(ada)).toEqual(['ada: Hello, Bo', 'bo: Hello, Ada']);
  expect(await shown(bo)).toEqual(['ada: Hello, Bo', 'bo: Hello, Ada']);
  await bo.see(id);
  expect(bo.talks.value?.[0]?.unread).toBe(0);
  expect(node.looked).toContain(`${ids.bo} ${id}`);

  // Nothing of it is readable at the node, and what all have is gone there.
  expect(JSON.stringify([...node.all.values()])).not.toMatch(/Hello|text.*Bo/);
  await ada.refresh();
  expect(node.all.get(id)?.items).toHaveLength(0);
});

it('a device that comes later reads what comes after', async () => {
  const [ada, bo] = [await device(ids.ada), await device(ids.bo)];
  const id = await ada.begin([ids.bo]);
  await ada.write(id, 'Before');
  await shown(bo);
  const tablet = await device(ids.bo);
  expect(await shown(tablet)).toEqual(['gap']);
  await ada.write(id, 'After');
  await bo.write(id, 'From the other one');
  expect(await shown(tablet)).toEqual(['gap', 'ada: After', 'bo: From the other one']);
  expect(await shown(ada)).toEqual([
    ...['ada: Before', 'device', 'ada: After', 'bo: From the other one'],
  ]);
});

it('two who change and write at once both come through', async () => {
  const [ada, bo, cy] = [await device(ids.ada), await device(ids.bo), await device(ids.cy)];
  follows.add(`${ids.bo} ${ids.ada}`);
  const id = await ada.begin([ids.bo], false);
  await shown(bo);
  await Promise.all([ada.add(id, [ids.cy]), bo.write(id, 'At the same time')]);
  await ada.write(id, 'Welcome, Cy');
  await bo.write(id, 'Yes');
  expect(await shown(cy)).toEqual(expect.arrayContaining(['ada: Welcome, Cy', 'bo: Yes']));
  expect(await shown(ada)).toEqual(['bo: At the same time', 'ada: Welcome, Cy', 'bo: Yes']);
  expect(await shown(bo)).toEqual(['bo: At the same time', 'ada: Welcome, Cy', 'bo: Yes']);
});

it('who leaves reads nothing more', async () => {
  const [ada, bo, cy] = [await device(ids.ada), await device(ids.bo), await device(ids.cy)];
  for (const who of [ids.bo, ids.cy]) follows.add(`${who} ${ids.ada}`);
  const id = await ada.begin([ids.bo, ids.cy]);
  await shown(bo);
  await shown(cy);
  await cy.leave(id);
  expect(cy.talks.value).toEqual([]);
  await ada.refresh(); // takes Cy's device out
  await ada.write(id, 'Without Cy');
  expect(await shown(bo)).toEqual(['ada: Without Cy']);
  expect(node.all.get(id)?.devices).toHaveLength(2);
});

it('a device that was forgotten is taken out by the others', async () => {
  const [ada, bo, phone] = [await device(ids.ada), await device(ids.bo), await device(ids.bo)];
  follows.add(`${ids.bo} ${ids.ada}`);
  const id = await ada.begin([ids.bo]);
  await shown(bo);
  await shown(phone);
  await phone.leaveAll();
  expect(phone.talks.value).toEqual([]);
  await bo.write(id, 'My phone is gone');
  const before = node.all.get(id)?.epoch ?? 0;
  expect(await shown(ada)).toEqual(['bo: My phone is gone']); // and takes the phone out
  expect(node.all.get(id)?.epoch).toBe(before + 1);
  await ada.write(id, 'So it is');
  expect(await shown(bo)).toEqual(['bo: My phone is gone', 'ada: So it is']);
  expect(node.all.get(id)?.devices).toHaveLength(2);
  // What it had is gone there, and it comes back as any new device.
  await phone.refresh();
  expect(await shown(phone)).not.toContain('bo: My phone is gone');
});

it('what is lost on the way is a gap, and goes on', async () => {
  const [ada, bo] = [await device(ids.ada), await device(ids.bo)];
  const id = await ada.begin([ids.bo]);
  await shown(bo);
  await bo.write(id, 'One');
  await ada.write(id, 'Two');
  const talk = node.all.get(id);
  if (talk) talk.items = talk.items.map((i) => ({ ...i, sealed: 'AAAA' }));
  await bo.write(id, 'Three');
  expect(await shown(ada)).toEqual(['gap', 'ada: Two', 'bo: Three']);

  // A change that it never saw: it comes in anew.
  const tablet = await device(ids.bo);
  await tablet.refresh();
  if (talk) talk.items = talk.items.filter((i) => i.kind !== 'change');
  await bo.refresh().catch(() => {});
  await tablet.write(id, 'Four');
  expect(await shown(ada)).toEqual(['gap', 'ada: Two', 'bo: Three', 'gap']);
  await bo.refresh();
  await tablet.refresh();
  await tablet.write(id, 'Five');
  expect((await shown(ada)).at(-1)).toBe('bo: Five');
});

it('to somebody without a device nobody writes', async () => {
  const ada = await device(ids.ada);
  await expect(ada.begin([ids.cy])).rejects.toThrow(Unreachable);
  expect(node.all.size).toBe(0);
});

it('three messages, and then it is the other’s turn', async () => {
  const [ada, bo] = [await device(ids.ada), await device(ids.bo)];
  const id = await ada.begin([ids.bo]);
  for (const text of ['One', 'Two', 'Three']) await ada.write(id, text);
  await expect(ada.write(id, 'Four')).rejects.toMatchObject({ code: 'unanswered' });
  await bo.refresh();
  await bo.accept(id);
  await ada.write(id, 'Four');
  expect((await shown(bo)).length).toBe(4);
});

it('a conversation is silent for oneself alone, on all devices, and keeps its mark', async () => {
  const [ada, bo, phone] = [await device(ids.ada), await device(ids.bo), await device(ids.bo)];
  follows.add(`${ids.bo} ${ids.ada}`);
  const id = await ada.begin([ids.bo]);
  await shown(bo);
  await bo.silence(id, true);
  expect(bo.talks.value?.[0]).toMatchObject({ silent: true, unread: 0 });
  await ada.write(id, 'Quietly');
  for (const own of [bo, phone]) {
    await own.refresh();
    expect(own.talks.value?.[0]).toMatchObject({ silent: true, unread: 1 });
  }
  await ada.refresh();
  expect(ada.talks.value?.[0]?.silent).toBe(false);
  await bo.silence(id, false);
  expect(bo.talks.value?.[0]).toMatchObject({ silent: false, unread: 1 });
});

/** The number of the last message that a device shows. */
const lastOf = (own: Conversations) =>
  own.talks.value?.[0]?.lines.findLast((l) => l.kind === 'text')?.seq ?? 0;

it('what was taken back is gone where it was read, and never comes where it was not', async () => {
  const [ada, bo, phone] = [await device(ids.ada), await device(ids.bo), await device(ids.bo)];
  follows.add(`${ids.bo} ${ids.ada}`);
  const id = await ada.begin([ids.bo]);
  await ada.write(id, 'Stays');
  await ada.write(id, 'Too soon');
  expect(await shown(bo)).toEqual(['ada: Stays', 'ada: Too soon']);
  expect(bo.talks.value?.[0]?.unread).toBe(2);
  await ada.refresh();
  await ada.takeBack(id, lastOf(ada));
  expect(await shown(ada)).toEqual(['ada: Stays', 'taken']);
  expect(await shown(bo)).toEqual(['ada: Stays', 'taken']);
  expect(bo.talks.value?.[0]?.unread).toBe(1);
  expect(JSON.stringify(bo.talks.value)).not.toContain('Too soon');
  expect(await shown(phone)).toEqual(['ada: Stays']);
  await ada.write(id, 'And on');
  for (const own of [bo, phone]) expect((await shown(own)).at(-1)).toBe('ada: And on');

  // From another device of the one who has written it, too.
  await phone.write(id, 'From the phone');
  await shown(bo);
  await shown(ada);
  await bo.takeBack(id, lastOf(bo));
  for (const own of [ada, bo, phone]) expect((await shown(own)).at(-1)).toBe('taken');
});

it('a note of somebody else, of another kind, or too late changes nothing', async () => {
  const [ada, bo] = [await device(ids.ada), await device(ids.bo)];
  follows.add(`${ids.bo} ${ids.ada}`);
  const id = await ada.begin([ids.bo]);
  const talk = () => {
    const found = node.all.get(id);
    if (!found) throw new Error('it is gone');
    return found;
  };
  await ada.write(id, 'Ada’s');
  await bo.refresh();
  await bo.write(id, 'Bo’s');
  await shown(ada);
  const [adas, bos] = ['Ada’s', 'Bo’s'].map(
    (said) =>
      ada.talks.value?.[0]?.lines.find((l) => l.kind === 'text' && l.text === said)?.seq ?? 0,
  );
  const all = ['ada: Ada’s', 'bo: Bo’s'];
  const late = { code: 'late_to_take_back' };
  await expect(bo.takeBack(id, adas as number)).rejects.toMatchObject(late);
  await ada.takeBack(id, 4000);
  expect(await shown(ada)).toEqual(all);
  expect(await shown(bo)).toEqual(all);

  // The node calls a note a message, and a message a note.
  await ada.takeBack(id, adas as number);
  talk().items = talk().items.map((i) => ({ ...i, kind: 'text' }));
  expect(await shown(bo)).toEqual([...all, 'gap']);
  await ada.write(id, 'No note');
  talk().items = talk().items.map((i) => ({ ...i, kind: 'took_back' }));
  expect(await shown(bo)).toEqual([...all, 'gap']);

  // After a day it stands, where it was read; of who has written it the same is said.
  await bo.takeBack(id, bos as number);
  const day = 24 * 60 * 60_000;
  const later = (by: number) =>
    new Date(Date.parse(talk().items[0]?.at as string) + by).toISOString();
  talk().items = talk().items.map((i) => ({ ...i, at: later(day + 60_000) }));
  expect((await shown(ada)).slice(0, 3)).toEqual(['taken', 'bo: Bo’s', 'ada: No note']);
  await ada.write(id, 'For a day');
  const old = lastOf(ada);
  await shown(bo);
  await shown(ada); // so that the node does not have it any more
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + day + 60_000 });
  await expect(ada.takeBack(id, old)).rejects.toMatchObject(late);
  vi.useRealTimers();
  expect((await shown(ada)).at(-1)).toBe('ada: For a day');
  // What is forged is of nobody, and shows nothing.
  await shown(bo);
  await bo.takeBack(id, bos as number);
  talk().items = talk().items.map((i) => ({ ...i, sealed: 'AAAA' }));
  expect((await shown(ada)).slice(0, 3)).toEqual(['taken', 'bo: Bo’s', 'ada: No note']);
  await bo.write(id, 'It goes on');
  expect((await shown(ada)).at(-1)).toBe('bo: It goes on');
});

it('a hundred that were taken back in a row stop no device', { timeout: 60_000 }, async () => {
  const [ada, bo, phone] = [await device(ids.ada), await device(ids.bo), await device(ids.bo)];
  follows.add(`${ids.bo} ${ids.ada}`);
  const id = await ada.begin([ids.bo]);
  await shown(bo);
  await shown(phone);
  await shown(ada);
  const seqs: number[] = [];
  for (let n = 0; n <= 100; n++) {
    await ada.write(id, `${n}`);
    seqs.push(lastOf(ada));
  }
  expect(await shown(bo)).toHaveLength(101);
  for (const seq of seqs.slice(0, 100)) await ada.takeBack(id, seq);
  await expect(ada.takeBack(id, seqs[100] as number)).rejects.toMatchObject({
    code: 'many_taken_back',
  });
  await ada.write(id, 'After all');
  expect(await shown(phone)).toEqual(['ada: 100', 'ada: After all']);
  expect((await shown(bo)).slice(-3)).toEqual(['taken', 'ada: 100', 'ada: After all']);
  await shown(ada); // all have read it: there is room for more
  await ada.takeBack(id, seqs[100] as number);
  expect(await shown(phone)).toEqual(['taken', 'ada: After all']);
});

// @vitest-environment node
import { expect, test, vi } from 'vitest';
import { Keeper, type Order, type Report } from '../src/keys/keeper.ts';
import { Stage } from '../src/keys/stage.ts';

const room = '0123456789abcdefghijklmn00';
const who = 'abcdefghijklmnopqrstuv0100';

/** A keeper of one who is alone on the stage, and what a node does for them. */
async function alone() {
  const device = (await crypto.subtle.generateKey('Ed25519', false, [
    'sign',
    'verify',
  ])) as CryptoKeyPair;
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', device.publicKey));
  const told: Report[] = [];
  const order = (what: Order) => void keeper.order(what);
  const keeper = new Keeper(
    (report) => {
      told.push(report);
      if (!('ask' in report)) return;
      const { ask } = report;
      if ('tend' in ask) order({ tended: { sequence: 0, epoch: 0 } });
      if ('announce' in ask) order({ notice: { announce: { room, ...ask.announce } } });
    },
    () => performance.timeOrigin + performance.now(),
  );
  order({ visit: { room, who, closed: false, device: { key: device.privateKey, publicKey } } });
  return { keeper, told, order };
}

const find = <K extends string>(told: Report[], kind: K) =>
  told.filter((one) => kind in one) as Extract<Report, Record<K, unknown>>[];

test('what is written leaves the worker sealed, and comes out of it as text', async () => {
  const { told, order } = await alone();
  order({ write: { ask: 1, text: 'too early' } });
  await vi.waitFor(() => expect(find(told, 'written')).toHaveLength(1));
  expect(find(told, 'written')[0]).toEqual({ written: { ask: 1, sealed: undefined } });

  order({ entered: true });
  order({ scene: { stage: [{ who, away: false }], closed: false, proven: false } });
  await vi.waitFor(() => expect(find(told, 'lock').at(-1)?.lock.state).toBe('sealed'), 5000);
  order({ write: { ask: 2, text: 'Hello.' } });
  await vi.waitFor(() => expect(find(told, 'written')).toHaveLength(2));
  const { sealed } = find(told, 'written')[1]?.written ?? {};
  if (!sealed) throw new TypeError('not sealed');
  expect(Buffer.from(sealed, 'base64url').includes('Hello')).toBe(false);

  const passed = { n: 7, who, name: 'Ada', sealed };
  order({ said: passed });
  order({ said: passed }); // it is read once
  order({ said: { ...passed, who: room } }); // and as whose it is
  order({ said: { ...passed, who: 'nobody' } });
  order({ said: { ...passed, sealed: '!' } });
  order({ write: { ask: 3, text: 'Bye.' } });
  await vi.waitFor(() => expect(find(told, 'written')).toHaveLength(3));
  expect(find(told, 'word').map(({ word }) => word)).toMatchObject([
    { n: 7, who, name: 'Ada', text: 'Hello.' },
  ]);
  expect(find(told, 'failed')).toEqual([]);
});

test('a voice that one is spared of is known and not played', async () => {
  const { keeper, told, order } = await alone();
  await vi.waitFor(() => expect(find(told, 'failed')).toEqual([]));
  order({ speech: { types: { opus: 111, red: undefined }, frameMS: 20, repeat: [] } });
  const [ada, bo] = [who, room];
  const heard = (from: string) => ({
    ...{ payload: new Uint8Array([1, 2, 3]), redundant: false, who: from },
    isProven: () => true,
  });
  const open = vi.spyOn(Stage.prototype, 'open');
  const hears = async (from: string) => {
    open.mockResolvedValue(heard(from));
    const frame = { data: new Uint8Array(9), type: 111, timestamp: 0 };
    return (await keeper.open({ connection: 1, slot: 0 }, frame)) !== undefined;
  };
  order({ entered: true });
  await vi.waitFor(async () => expect(await hears(ada)).toBe(true)); // once there is a stage
  order({ spare: [bo] });
  expect([await hears(bo), await hears(ada), await hears(bo)]).toEqual([false, true, false]);
  expect(find(told, 'heard').at(-1)?.heard.who).toBe(bo); // so that it can be reported
  order({ spare: [] });
  expect(await hears(bo)).toBe(true);
  open.mockRestore();
});

// @vitest-environment node
// There is no IndexedDB here: what a browser keeps is tested in one, by `make e2e`.
import { expect, it } from 'vitest';
import { openBackup } from '../src/backup.ts';
import { deviceState, forgetDevice, openBackedUpDevice, openDevice } from '../src/device.ts';

let people = 0;
const somebody = () => `${String(people++).padStart(25, '0')}0`;
const secret = () => new Uint8Array(32).fill(7);

it('a person has one key, which cannot be exported', async () => {
  const who = somebody();
  const [first, second] = await Promise.all([openDevice(who), openDevice(who)]);
  expect(second.publicKey).toEqual(first.publicKey);
  expect(second.key).toBe(first.key);
  expect(first.key.extractable).toBe(false);
  expect(first.publicKey.length).toBe(32);
  expect((await openDevice(somebody())).publicKey).not.toEqual(first.publicKey);
});

it('one that is forgotten does not come back', async () => {
  const who = somebody();
  const first = await openDevice(who);
  await forgetDevice(who);
  expect((await openDevice(who)).publicKey).not.toEqual(first.publicKey);
});

it('without a database it lasts as long as the page', async () => {
  expect(await deviceState(somebody())).toEqual({ kind: 'page' });
});

it('is the same on another browser with the same passkey', async () => {
  const who = somebody();
  const { device, fresh } = await openBackedUpDevice(who, secret(), []);
  if (!fresh) throw new Error('nothing is to be kept');
  expect(await openDevice(who)).toBe(device);

  await forgetDevice(who); // another browser
  const again = await openBackedUpDevice(who, secret(), [new Uint8Array(93), fresh]);
  expect(again.fresh).toBeUndefined();
  expect(again.device.publicKey).toEqual(device.publicKey);
  expect((await openDevice(who)).publicKey).toEqual(device.publicKey);
});

it('is a new one where no backup opens', async () => {
  const who = somebody();
  const { fresh } = await openBackedUpDevice(who, secret(), []);
  await forgetDevice(who);
  const other = await openBackedUpDevice(who, new Uint8Array(32).fill(8), fresh ? [fresh] : []);
  expect(other.fresh).toBeDefined();
  expect(other.fresh).not.toEqual(fresh);
  const opened = await openBackup(other.fresh ?? new Uint8Array(), new Uint8Array(32).fill(8), who);
  expect(opened?.publicKey).toEqual(other.device.publicKey);
});

it('a key that others know is not given up for one of a backup', async () => {
  const who = somebody();
  const { fresh } = await openBackedUpDevice(who, secret(), []);
  await forgetDevice(who);
  const here = await openDevice(who);
  const found = await openBackedUpDevice(who, secret(), fresh ? [fresh] : []);
  expect(found.device.publicKey).toEqual(here.publicKey);
  expect(found.fresh).toBeUndefined();
});

it('what the authenticator has made does not stay in memory', async () => {
  const made = secret();
  await openBackedUpDevice(somebody(), made, []);
  expect(made).toEqual(new Uint8Array(32));
});

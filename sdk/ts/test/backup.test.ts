// @vitest-environment node
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { makeSealed, openBackup, sealKeys } from '../src/backup.ts';

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../test/vectors/${name}`, import.meta.url), 'utf8'));
const vector: Record<'secret' | 'who' | 'nonce' | 'key' | 'public' | 'backup', string> =
  read('backup.json');
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (b: Uint8Array) => Buffer.from(b).toString('hex');
const { who } = vector;
const secret = () => bytes(vector.secret);

it('a backup is as the vector has it', async () => {
  const [key, pub, nonce] = [bytes(vector.key), bytes(vector.public), bytes(vector.nonce)];
  expect(hex(await sealKeys(key, pub, secret(), who, nonce))).toBe(vector.backup);

  const device = await openBackup(bytes(vector.backup), secret(), who);
  expect(hex(device?.publicKey ?? new Uint8Array())).toBe(vector.public);
});

it('the key that it brings signs, and stays in the browser', async () => {
  const made = await makeSealed(secret(), who);
  const brought = await openBackup(made.backup, secret(), who);
  const message = new TextEncoder().encode('of both the same');
  const known = await crypto.subtle.importKey('raw', made.publicKey, 'Ed25519', true, ['verify']);
  for (const device of [made, brought]) {
    if (!device) throw new Error('none was brought');
    expect(device.key.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('jwk', device.key)).rejects.toThrow();
    const signature = await crypto.subtle.sign('Ed25519', device.key, message);
    expect(await crypto.subtle.verify('Ed25519', known, signature, message)).toBe(true);
  }
  expect(made.backup.length).toBe(93);
  expect(hex((await makeSealed(secret(), who)).backup)).not.toBe(hex(made.backup));
});

it('opens by nothing else than its passkey, for nobody else', async () => {
  const backup = bytes(vector.backup);
  const other = secret();
  other.set([1]);
  expect(await openBackup(backup, other, who)).toBeUndefined();
  expect(await openBackup(backup, secret(), `0${who.slice(1)}`)).toBeUndefined();
  expect(await openBackup(backup, secret(), 'nobody')).toBeUndefined();
});

it('a key that is not its public key’s counts as none', async () => {
  const { publicKey } = await makeSealed(secret(), who);
  const mixed = await sealKeys(bytes(vector.key), publicKey, secret(), who);
  expect(await openBackup(mixed, secret(), who)).toBeUndefined();
});

it('whatever the node sends, nothing but the backup opens', async () => {
  const backup = bytes(vector.backup);
  for (let at = 0; at < backup.length * 8; at++) {
    const changed = backup.slice();
    changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
    expect(await openBackup(changed, secret(), who), `bit ${at}`).toBeUndefined();
  }
  for (let length = 0; length <= 512; length++) {
    if (length === backup.length) continue;
    const some = crypto.getRandomValues(new Uint8Array(length));
    some.set(backup.subarray(0, length));
    expect(await openBackup(some, secret(), who), `${length} bytes`).toBeUndefined();
  }
});

// @vitest-environment node
import { expect, it } from 'vitest';
import { Group, makePackage, packageMember, Unreadable } from '../src/conversations/group.ts';
import type { Signer } from '../src/conversations/member.ts';

type Bytes = Uint8Array<ArrayBuffer>;
const text = (words: string) => new TextEncoder().encode(words);
const words = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const person = (n: number) => new Uint8Array(16).fill(n);
const id = new Uint8Array(16).fill(9);
const always = () => true;

async function device(): Promise<Signer> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey('Ed25519', false, [
    'sign',
    'verify',
  ]);
  return {
    key: privateKey,
    publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)),
  };
}

async function two() {
  const [phone, laptop] = [await device(), await device()];
  const pack = await makePackage(person(2), laptop);
  const alone = await Group.create(id, person(1), phone);
  const change = await alone.change([pack.public]);
  const bo = (await Group.join(change.welcome as Bytes, [pack]))?.group;
  if (!bo) throw new Error('Bo is not in it');
  return { phone, laptop, ada: change.after, bo, info: change.info };
}

it('two write to each other, each knowing who it is from', async () => {
  let { phone, ada, bo } = await two();
  const hello = await ada.seal(text('Hello'));
  ada = hello.after;
  expect(hello.sealed.length).toBeGreaterThan(256);
  const { opened, after } = await bo.open(hello.sealed, always);
  bo = after;
  expect(opened).toEqual({
    kind: 'text',
    from: { person: person(1), device: phone.publicKey },
    text: text('Hello'),
  });
  const back = await bo.seal(text('Hello back'));
  const read = await ada.open(back.sealed, always);
  expect(read.opened.kind === 'text' && words(read.opened.text)).toBe('Hello back');

  // Nothing is read twice, and nothing that was changed on its way.
  await expect(after.open(hello.sealed, always)).rejects.toThrow(Unreadable);
  const forged = back.sealed.slice();
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
  await expect(ada.open(forged, always)).rejects.toThrow(Unreadable);
});

it('what is saved goes on', async () => {
  const { ada, bo } = await two();
  const { sealed } = await Group.read(ada.save()).seal(text('Still there'));
  const { opened } = await Group.read(bo.save()).open(sealed, always);
  expect(opened.kind === 'text' && words(opened.text)).toBe('Still there');
});

it('another device of somebody comes in by itself, and does not read what was before', async () => {
  let { ada, bo, info } = await two();
  const before = await ada.seal(text('Before'));
  ada = before.after;
  const tablet = await device();
  const entered = await Group.enter(info, person(2), tablet);
  const changed = await ada.open(entered.commit, ({ by }) => by === undefined);
  expect(changed.opened).toEqual({
    kind: 'changed',
    by: undefined,
    added: [{ person: person(2), device: tablet.publicKey }],
    removed: [],
  });
  bo = (await bo.open(entered.commit, always)).after;
  const after = await changed.after.seal(text('After'));
  for (const group of [bo, entered.after]) {
    const { opened } = await group.open(after.sealed, always);
    expect(opened.kind === 'text' && words(opened.text)).toBe('After');
  }
  await expect(entered.after.open(before.sealed, always)).rejects.toThrow(Unreadable);
  // What was under way when it changed is read all the same.
  const late = await bo.open(before.sealed, always);
  expect(late.opened.kind === 'text' && words(late.opened.text)).toBe('Before');
});

it('who is taken out reads nothing more', async () => {
  const { ada, bo, laptop } = await two();
  const out = await ada.change([], (member) =>
    member.device.every((byte, i) => byte === laptop.publicKey[i]),
  );
  const secret = await out.after.seal(text('Without Bo'));
  const { after } = await bo.open(out.commit, always);
  await expect(after.open(secret.sealed, always)).rejects.toThrow(Unreadable);
  await expect(bo.open(secret.sealed, always)).rejects.toThrow(Unreadable);
  expect(await out.after.members()).toHaveLength(1);
});

it('of two changes at once one is taken, and the other is made anew', async () => {
  let { ada, bo } = await two();
  const [cy, di] = [
    await makePackage(person(3), await device()),
    await makePackage(person(4), await device()),
  ];
  const first = await ada.change([cy.public]);
  const second = await bo.change([di.public]);
  ada = first.after;
  bo = (await bo.open(first.commit, always)).after; // the node took Ada's
  await expect(ada.open(second.commit, always)).rejects.toThrow(Unreadable);
  const anew = await bo.change([di.public]);
  ada = (await ada.open(anew.commit, always)).after;
  expect(await ada.members()).toHaveLength(4);
  const theirs = (await Group.join(anew.welcome as Bytes, [cy, di]))?.group;
  const said = await ada.seal(text('All four'));
  const { opened } = await (theirs as Group).open(said.sealed, always);
  expect(opened.kind === 'text' && words(opened.text)).toBe('All four');
  expect(await Group.join(anew.welcome as Bytes, [cy])).toBeUndefined();
});

it('a change that may not be is none', async () => {
  const { ada, bo, phone } = await two();
  const out = await bo.change([], (member) =>
    member.device.every((byte, i) => byte === phone.publicKey[i]),
  );
  await expect(ada.open(out.commit, ({ removed }) => removed.length === 0)).rejects.toThrow(
    Unreadable,
  );
});

it('a key package is of a device, or of nobody', async () => {
  const phone = await device();
  const { public: pack } = await makePackage(person(1), phone);
  expect(await packageMember(pack)).toEqual({ person: person(1), device: phone.publicKey });
  expect(await packageMember(text('no package'))).toBeUndefined();
  for (let at = 0; at < pack.length; at += 97) {
    const broken = pack.slice();
    broken[at] = (broken[at] as number) ^ 0x40;
    const member = await packageMember(broken).catch(() => 'threw');
    expect(member === undefined || typeof member === 'object').toBe(true);
  }
});

it('messages that never come are passed over, up to two hundred', async () => {
  let { ada, bo } = await two();
  const sealed: Bytes[] = [];
  for (let n = 0; n <= 202; n++) {
    const made = await ada.seal(text(`${n}`));
    ada = made.after;
    sealed.push(made.sealed);
  }
  await expect(bo.open(sealed[201] as Bytes, always)).rejects.toThrow(Unreadable);
  const far = await bo.open(sealed[200] as Bytes, always);
  bo = far.after;
  for (const n of [201, 202]) {
    const { opened, after } = await bo.open(sealed[n] as Bytes, always);
    bo = after;
    expect(opened.kind === 'text' && words(opened.text)).toBe(`${n}`);
  }
});

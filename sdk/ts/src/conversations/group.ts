/**
 * A conversation as one device has it: a group of MLS (RFC 9420), whose handshakes
 * and messages the node passes on and keeps in order, and can read none of.
 *
 * What changes a group is a commit. It is true when the node has taken it, which it
 * does for one of each epoch: until then the device keeps both states.
 */
import {
  type CiphersuiteImpl,
  type ClientConfig,
  type ClientState,
  createApplicationMessage,
  createCommit,
  createGroup,
  createGroupInfoWithExternalPubAndRatchetTree,
  decodeGroupState,
  decodeMlsMessage,
  defaultCapabilities,
  defaultKeyPackageEqualityConfig,
  defaultKeyRetentionConfig,
  defaultLifetimeConfig,
  emptyPskIndex,
  encodeGroupState,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  type IncomingMessageCallback,
  joinGroup,
  joinGroupExternal,
  type KeyPackage,
  type MLSMessage,
  type PrivateKeyPackage,
  type PrivateMessage,
  type Proposal,
  processMessage,
  type RatchetTree,
  zeroOutUint8Array,
} from 'ts-mls';
// That a message is from this one or that one is not told by the library's front door.
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import { decryptSenderData } from 'ts-mls/privateMessage.js';
import { same } from '../keys/bytes.ts';
import { credentialOf, type Member, memberOf, type Signer } from './member.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** X-Wing, AES-256-GCM, SHA-512, Ed25519: what is written today is not read with tomorrow's machines. */
const suiteName = 'MLS_256_XWING_AES256GCM_SHA512_Ed25519';
let suite: Promise<CiphersuiteImpl> | undefined;
const cs = () => (suite ??= getCiphersuiteImpl(getCiphersuiteFromName(suiteName)));

/** Messages are as long as the next of these, in bytes; longer ones a multiple of the last. */
const lengths = [256, 512, 1024, 2048, 4096];

/** How long a key package may be used, in seconds. */
const packageLife = 90n * 86_400n;

const config: ClientConfig = {
  keyRetentionConfig: defaultKeyRetentionConfig,
  lifetimeConfig: defaultLifetimeConfig,
  keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
  paddingConfig: { kind: 'padUntilLength', padUntilLength: 0 }, // messages are padded before they are sealed
  authService: {
    validateCredential: async (credential, key) => (await memberOf(credential, key)) !== undefined,
  },
};

/** Something that cannot be read: forged, of another group, too old, or seen already. */
export class Unreadable extends Error {}

/** A key package of this device, with what opens a welcome to it. */
export interface OwnPackage {
  /** For others, by way of the node. */
  public: Bytes;
  secret: PrivateKeyPackage;
  /** Whether it may be used more than once: for when the others are used up. */
  last?: boolean;
}

/** Makes a key package, by which others can add this device while it is away. */
export async function makePackage(person: Bytes, device: Signer): Promise<OwnPackage> {
  const { publicPackage, privatePackage } = await packageOf(person, device);
  return {
    public: wrap({ wireformat: 'mls_key_package', keyPackage: publicPackage }),
    secret: privatePackage,
  };
}

/** Whose key package it is; nobody's when it is none. */
export async function packageMember(text: Uint8Array): Promise<Member | undefined> {
  const read = unwrap(text);
  if (read?.wireformat !== 'mls_key_package') return undefined;
  const { leafNode } = read.keyPackage;
  return memberOf(leafNode.credential, leafNode.signaturePublicKey);
}

/** What there is to send for a change; it is true when the node has taken it. */
export interface Change {
  /** For those who are in it. */
  commit: Bytes;
  /** For those who are added. */
  welcome: Bytes | undefined;
  /** For further devices of those who are in it then. */
  info: Bytes;
  /** The conversation as it is then. */
  after: Group;
}

/** What has come. */
export type Opened = { kind: 'text'; from: Member; text: Bytes } | ({ kind: 'changed' } & Changed);

/** A change by somebody who is in it, or by a further device that comes in by itself. */
export interface Changed {
  by: Member | undefined;
  added: Member[];
  removed: Member[];
}

/** What a change is made of: all else is for other uses of MLS. */
const usual: ReadonlySet<string | number> = new Set(['add', 'remove', 'external_init']);

export class Group {
  readonly #state: ClientState;

  private constructor(state: ClientState) {
    this.#state = state;
  }

  /** Begins a conversation, with this device alone in it. `id` is the node's, 16 bytes. */
  static async create(id: Bytes, person: Bytes, device: Signer): Promise<Group> {
    const own = await packageOf(person, device);
    return new Group(
      await createGroup(id, own.publicPackage, own.privatePackage, [], await cs(), config),
    );
  }

  /** Comes in by a welcome to one of this device's packages; undefined when it is to none of them. */
  static async join(
    welcome: Uint8Array,
    own: readonly OwnPackage[],
  ): Promise<{ group: Group; used: OwnPackage } | undefined> {
    const read = unwrap(welcome);
    if (read?.wireformat !== 'mls_welcome') return undefined;
    const impl = await cs();
    for (const used of own) {
      const mine = unwrap(used.public);
      if (mine?.wireformat !== 'mls_key_package') continue;
      const name = await makeKeyPackageRef(mine.keyPackage, impl.hash);
      if (!read.welcome.secrets.some(({ newMember }) => same(newMember, name))) continue;
      const state = await joinGroup(
        read.welcome,
        mine.keyPackage,
        used.secret,
        emptyPskIndex,
        impl,
        undefined,
        undefined,
        config,
      );
      return { group: new Group(state), used };
    }
    return undefined;
  }

  /** Comes in by itself, as a further device of somebody who is in it. */
  static async enter(info: Uint8Array, person: Bytes, device: Signer): Promise<Change> {
    const read = unwrap(info);
    if (read?.wireformat !== 'mls_group_info')
      throw new Unreadable('not the information of a group');
    const own = await packageOf(person, device);
    const { publicMessage, newState } = await joinGroupExternal(
      read.groupInfo,
      own.publicPackage,
      own.privatePackage,
      false,
      await cs(),
      undefined,
      config,
    );
    const commit = wrap({ wireformat: 'mls_public_message', publicMessage });
    const after = new Group(newState);
    return { commit, welcome: undefined, info: await after.#info(), after };
  }

  /** What was saved. It holds secrets: keep it sealed. */
  static read(saved: Uint8Array): Group {
    const read = decodeGroupState(saved, 0);
    if (!read) throw new Unreadable('not a saved conversation');
    return new Group({ ...read[0], clientConfig: config });
  }

  save(): Bytes {
    return Uint8Array.from(encodeGroupState(this.#state));
  }

  get id(): Bytes {
    return Uint8Array.from(this.#state.groupContext.groupId);
  }

  /** Grows by one with each change. */
  get epoch(): number {
    return Number(this.#state.groupContext.epoch);
  }

  /** The devices that can read what is written now. */
  async members(): Promise<Member[]> {
    return (await leavesOf(this.#state)).map(([, member]) => member);
  }

  /** Adds devices by their key packages, and takes others out. */
  async change(
    added: readonly Uint8Array[],
    out: (member: Member) => boolean = () => false,
  ): Promise<Change> {
    const proposals: Proposal[] = [];
    for (const text of added) {
      const read = unwrap(text);
      if (read?.wireformat !== 'mls_key_package') throw new Unreadable('not a key package');
      proposals.push({ proposalType: 'add', add: { keyPackage: read.keyPackage } });
    }
    for (const [removed, member] of await leavesOf(this.#state)) {
      if (out(member)) proposals.push({ proposalType: 'remove', remove: { removed } });
    }
    const made = await createCommit(
      { state: this.#state, cipherSuite: await cs() },
      { extraProposals: proposals, wireAsPublicMessage: false, ratchetTreeExtension: true },
    );
    // What it used is still needed if the node takes another's change first.
    const after = new Group(made.newState);
    const welcome = made.welcome && wrap({ wireformat: 'mls_welcome', welcome: made.welcome });
    return { commit: encode(made.commit), welcome, info: await after.#info(), after };
  }

  /** Seals a text, and returns the conversation as it is afterwards. */
  async seal(text: Uint8Array): Promise<{ sealed: Bytes; after: Group }> {
    const { privateMessage, newState, consumed } = await createApplicationMessage(
      this.#state,
      pad(text),
      await cs(),
    );
    consumed.forEach(zeroOutUint8Array);
    return {
      sealed: wrap({ wireformat: 'mls_private_message', privateMessage }),
      after: new Group(newState),
    };
  }

  /**
   * Reads what has come, and returns the conversation as it is afterwards; or throws
   * Unreadable. `may` says whether a change is one that may be.
   */
  async open(
    came: Uint8Array,
    may: (change: Changed) => boolean,
  ): Promise<{ opened: Opened; after: Group }> {
    const read = unwrap(came);
    if (read?.wireformat !== 'mls_private_message' && read?.wireformat !== 'mls_public_message')
      throw new Unreadable('neither a message nor a change');
    const before = new Map(await leavesOf(this.#state));
    let by: Member | undefined;
    try {
      const from =
        read.wireformat === 'mls_private_message'
          ? await this.#sender(read.privateMessage)
          : undefined;
      const judge: IncomingMessageCallback = (incoming) => {
        if (incoming.kind !== 'commit') return 'reject'; // nobody proposes without committing
        const { senderLeafIndex: leaf, proposals } = incoming;
        by = leaf === undefined ? undefined : before.get(leaf);
        return proposals.every(({ proposal }) => usual.has(proposal.proposalType))
          ? 'accept'
          : 'reject';
      };
      const result = await processMessage(read, this.#state, emptyPskIndex, judge, await cs());
      const after = new Group(result.newState);
      if (result.kind === 'applicationMessage') {
        if (!from) throw new Unreadable('nobody has written it');
        const text = unpad(result.message);
        result.consumed.forEach(zeroOutUint8Array);
        return { opened: { kind: 'text', from, text }, after };
      }
      const [was, is] = [[...before.values()], await after.members()];
      const added = is.filter((m) => !was.some((w) => isSame(w, m)));
      const removed = was.filter((m) => !is.some((i) => isSame(i, m)));
      if (result.actionTaken === 'reject' || !may({ by, added, removed }))
        throw new Unreadable('a change that may not be');
      return { opened: { kind: 'changed', by, added, removed }, after };
    } catch (thrown) {
      if (thrown instanceof Unreadable) throw thrown;
      throw new Unreadable('it cannot be read', { cause: thrown });
    }
  }

  /** Who says that they have written it; that they have is shown when it opens. */
  async #sender(message: PrivateMessage): Promise<Member | undefined> {
    const now = this.#state;
    const earlier =
      message.epoch < now.groupContext.epoch
        ? now.historicalReceiverData.get(message.epoch)
        : undefined;
    const secret = earlier?.senderDataSecret ?? now.keySchedule.senderDataSecret;
    const data = await decryptSenderData(message, secret, await cs());
    return new Map(await leavesOf(earlier ?? now)).get(data?.leafIndex ?? -1);
  }

  async #info(): Promise<Bytes> {
    const groupInfo = await createGroupInfoWithExternalPubAndRatchetTree(
      this.#state,
      [],
      await cs(),
    );
    return wrap({ wireformat: 'mls_group_info', groupInfo });
  }
}

async function packageOf(
  person: Bytes,
  device: Signer,
): Promise<{ publicPackage: KeyPackage; privatePackage: PrivateKeyPackage }> {
  const impl = await cs();
  const keys = await impl.signature.keygen();
  const now = BigInt(Math.floor(Date.now() / 1000));
  const life = { notBefore: now - 3600n, notAfter: now + packageLife };
  return generateKeyPackageWithKey(
    await credentialOf(person, device, keys.publicKey),
    defaultCapabilities(),
    life,
    [],
    keys,
    impl,
  );
}

/** The devices in the tree, by the number of their leaf. */
async function leavesOf(state: { ratchetTree: RatchetTree }): Promise<[number, Member][]> {
  const out: [number, Member][] = [];
  for (const [at, node] of state.ratchetTree.entries()) {
    if (node?.nodeType !== 'leaf') continue;
    const member = await memberOf(node.leaf.credential, node.leaf.signaturePublicKey);
    if (member) out.push([at / 2, member]);
  }
  return out;
}

export const isSame = (a: Member, b: Member) =>
  same(a.person, b.person) && same(a.device, b.device);

function pad(text: Uint8Array): Bytes {
  const last = lengths[lengths.length - 1] as number;
  const needed = text.length + 4;
  const size = lengths.find((n) => n >= needed) ?? Math.ceil(needed / last) * last;
  const padded = new Uint8Array(size);
  new DataView(padded.buffer).setUint32(0, text.length);
  padded.set(text, 4);
  return padded;
}

function unpad(padded: Uint8Array): Bytes {
  const view = new DataView(padded.buffer, padded.byteOffset, padded.byteLength);
  const length = padded.length < 4 ? padded.length : view.getUint32(0);
  if (length > padded.length - 4) throw new Unreadable('not a text');
  return Uint8Array.from(padded.subarray(4, 4 + length));
}

type Body = MLSMessage extends infer M
  ? M extends { version: string }
    ? Omit<M, 'version'>
    : never
  : never;
const wrap = (body: Body): Bytes => encode({ ...body, version: 'mls10' } as MLSMessage);
const encode = (message: MLSMessage): Bytes => Uint8Array.from(encodeMlsMessage(message));

function unwrap(text: Uint8Array): MLSMessage | undefined {
  try {
    const read = decodeMlsMessage(text, 0);
    return read && read[1] === text.length ? read[0] : undefined;
  } catch {
    return undefined;
  }
}

/** Private discovery in the double: a house that evaluates, keeps who lists whom, and tells of both. */
import { createHash } from 'node:crypto';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import type { Person } from '@stoa/client';

/** What discovery asks of the rest of the double. */
export interface AroundDiscovery {
  person(viewer: string, id: string): Person | undefined;
  handles(): Map<string, string>;
  found(one: string, other: string): void;
  refuse(code: string, status?: number): never;
}

type Answer = { status?: number; body?: unknown };

const { voprf } = ristretto255_oprf;
const url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));
const most = 1000;

export class DoubleDiscovery {
  key = voprf.generateKeyPair();
  readonly on = new Set<string>();
  readonly left = new Map<string, number>();
  readonly lists = new Map<string, Set<string>>();
  readonly #around: AroundDiscovery;

  constructor(around: AroundDiscovery) {
    this.#around = around;
  }

  /** Has somebody take part, and list others by their handles. */
  takesPart(who: string, lists: string[]): void {
    this.on.add(who);
    this.#list(
      who,
      lists.map((handle) => this.#value(`handle:${handle}`)),
    );
  }

  /** Another key: all is made anew. */
  rotate(): void {
    this.key = voprf.generateKeyPair();
    this.lists.clear();
  }

  #value(identifier: string): string {
    const input = new TextEncoder().encode(identifier);
    const { blind, blinded } = voprf.blind(input);
    const { secretKey, publicKey } = this.key;
    const { evaluated, proof } = voprf.blindEvaluate(secretKey, publicKey, blinded);
    const output = voprf.finalize(input, blind, evaluated, blinded, publicKey, proof);
    return createHash('sha256').update('stoa discovery v1').update(output).digest('base64url');
  }

  #matches(me: string): string[] {
    const handles = this.#around.handles();
    const lists = (who: string, whom: string) => {
      const handle = handles.get(whom);
      return handle && this.lists.get(who)?.has(this.#value(`handle:${handle}`));
    };
    const others = [...this.on].filter((other) => other !== me && this.on.has(me));
    return others.filter((other) => lists(me, other) && lists(other, me));
  }

  #list(me: string, values: string[]): void {
    const before = this.#matches(me);
    this.lists.set(me, new Set(values));
    for (const other of this.#matches(me)) {
      if (before.includes(other)) continue;
      this.#around.found(me, other);
      this.#around.found(other, me);
    }
  }

  answer(
    method: string,
    path: string[],
    me: string,
    { body }: { body: Record<string, unknown> },
  ): Answer | undefined {
    const [first, second] = path;
    if (first !== 'discovery') return;
    const { refuse } = this.#around;
    if (second === 'matches') {
      const people = this.#matches(me).flatMap((id) => this.#around.person(me, id) ?? []);
      return { body: { people } };
    }
    if (!second && method === 'DELETE') {
      this.on.delete(me);
      this.lists.delete(me);
      return { status: 204 };
    }
    if (!second && method === 'PUT') this.on.add(me);
    if (!second) return { body: this.#stands(me) };
    if (!this.on.has(me)) return refuse('discovery_off', 409);
    if (body.key !== url(this.key.publicKey)) return refuse('other_key', 409);
    if (second === 'list') {
      this.#list(me, body.values as string[]);
      return { status: 204 };
    }
    const blinded = body.blinded as string[];
    const left = this.left.get(me) ?? most;
    if (blinded.length > left) return refuse('budget_spent', 429);
    this.left.set(me, left - blinded.length);
    const { secretKey, publicKey } = this.key;
    const done = voprf.blindEvaluateBatch(secretKey, publicKey, blinded.map(bytesOf));
    return { body: { evaluated: done.evaluated.map(url), proof: url(done.proof) } };
  }

  #stands(me: string) {
    const left = this.left.get(me) ?? most;
    const more_at = new Date(Date.now() + 86_400_000).toISOString();
    return {
      key: url(this.key.publicKey),
      on: this.on.has(me),
      budget: { left, most, ...(left < most ? { more_at } : {}) },
      listed: this.lists.get(me)?.size ?? 0,
      mine: this.#around.handles().has(me) ? ['handle'] : [],
    };
  }
}

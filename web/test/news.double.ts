/** What people are told in the double: pieces, how they want to be told, and pings. */
import type { NewsKind, NewsPiece, NewsSettings, Person } from '@stoa/client';

/** What the news ask of the rest of the double. */
export interface AroundNews {
  newID(): string;
  person(viewer: string, id: string): Person | undefined;
  room(id: string): { id: string; title: string; who: string[]; closed: boolean } | undefined;
  tell(who: string, news: { piece: NewsPiece; unseen: number }): void;
  refuse(code: string, status?: number): never;
}

/** A piece as it is kept: who is named when it is read. */
export type KeptPiece = Omit<NewsPiece, 'who'> & { who?: string };

interface Asked {
  body: Record<string, unknown>;
  query: URLSearchParams;
  ifMatch: string | undefined;
}

type Answer = { status?: number; body?: unknown; headers?: Record<string, string> };

const kinds: NewsKind[] = [
  ...(['live', 'ping', 'follow', 'found', 'club_invited', 'club_admitted', 'club_role'] as const),
  ...(['club_asked', 'plan_soon', 'plan_open', 'plan_moved', 'plan_cancelled'] as const),
  ...(['plan_hosting', 'invited_came', 'message', 'message_asked', 'decision'] as const),
];

export class DoubleNews {
  readonly all = new Map<string, KeptPiece[]>();
  readonly settings = new Map<string, { version: number; settings: NewsSettings }>();
  /** The key that browsers subscribe with; empty: the house pushes nothing. */
  key = '';
  /** Who is pushed to, and where. */
  readonly pushed = new Map<string, unknown>();
  readonly #around: AroundNews;

  constructor(around: AroundNews) {
    this.#around = around;
  }

  /** Tells somebody something. */
  add(to: string, what: Partial<KeptPiece> & { kind: NewsKind }): void {
    const at = new Date().toISOString();
    const piece = { id: this.#around.newID(), at, seen: false, open: false, ...what };
    const list = [piece, ...(this.all.get(to) ?? [])].sort((a, b) => b.at.localeCompare(a.at));
    this.all.set(to, list);
    const [named] = this.#named(to, [piece]);
    if (named) this.#around.tell(to, { piece: named, unseen: this.#unseen(to) });
  }

  #named(me: string, list: KeptPiece[]): NewsPiece[] {
    return list.flatMap(({ who, ...piece }) => {
      if (!who) return [piece];
      const person = this.#around.person(me, who);
      const open = piece.kind === 'follow' ? !person?.followed : piece.open;
      return person ? [{ ...piece, open, who: person }] : [];
    });
  }

  #unseen(me: string): number {
    return (this.all.get(me) ?? []).filter((p) => !p.seen).length;
  }

  answer(method: string, path: string[], me: string, asked: Asked): Answer | undefined {
    const { body, query, ifMatch } = asked;
    const [first, second, third] = path;
    if (first === 'rooms' && third === 'pings') return this.#ping(me, second ?? '', body);
    if (first !== 'me') return;
    if (second === 'push') {
      if (method === 'DELETE') this.pushed.delete(me);
      else if (!this.key) this.#around.refuse('no_push', 409);
      else this.pushed.set(me, body);
      return { status: 204 };
    }
    if (second !== 'news') return;
    if (third === 'settings') return this.#settings(method, me, body, ifMatch);
    const list = this.all.get(me) ?? [];
    if (third === 'seen') {
      const upTo = list.findIndex((p) => p.id === body.up_to);
      if (upTo < 0) return this.#around.refuse('no_such_thing', 404);
      for (const piece of list.slice(upTo)) piece.seen = true;
      return { status: 204 };
    }
    const from = Number(query.get('after') || 0);
    const to = from + Number(query.get('limit') || 50);
    const next = to < list.length ? { next: String(to) } : {};
    const news = this.#named(me, list.slice(from, to));
    return { body: { news, unseen: this.#unseen(me), ...next } };
  }

  #settings(
    method: string,
    me: string,
    body: Record<string, unknown>,
    ifMatch: string | undefined,
  ): Answer {
    const now = this.settings.get(me) ?? {
      version: 0,
      settings: {
        kinds: Object.fromEntries(kinds.map((k) => [k, 'push'])) as NewsSettings['kinds'],
        ...{ quiet: { from: 1320, to: 480, zone: 'UTC' }, budget: 5, digest: { hour: 18 } },
      },
    };
    if (method === 'PUT') {
      if (ifMatch !== `"${now.version}"`) this.#around.refuse('changed_meanwhile', 412);
      now.version++;
      now.settings = body as unknown as NewsSettings;
    }
    this.settings.set(me, now);
    const here = this.pushed.has(me);
    const push = this.key ? { push: { key: this.key, here, devices: Number(here) } } : {};
    return { body: { ...now.settings, ...push }, headers: { etag: `"${now.version}"` } };
  }

  #ping(me: string, id: string, body: Record<string, unknown>): Answer {
    const room = this.#around.room(id);
    if (!room?.who.includes(me)) return this.#around.refuse('no_room', 404);
    const to = String(body.person);
    if (this.#around.person(me, to)?.follows_me) {
      const { id, title } = room;
      this.add(to, { kind: 'ping', who: me, room: { id, title } });
    }
    return { status: 204 };
  }
}

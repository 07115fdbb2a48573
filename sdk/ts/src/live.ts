import { type ReadonlySignal, signal } from '@preact/signals-core';
import { offline, StoaError } from './error.ts';
import type { News, PlanNews } from './http.ts';
import type { Answer, Message, Notice, Reply, Requests, RoomEvent } from './protocol.ts';

/** Waits, in milliseconds. */
const answerWait = 10_000;
const openWait = 5_000;
/** The same where there is another node to try. */
const openWaitBeside = 1_500;
const pingEvery = 5_000;
const pingWait = 3_000;
/** The same where there is a deputy to go to. */
const pingEveryBeside = 3_000;
const pingWaitBeside = 2_000;
const backoffMin = 250;
const backoffMax = 2_000;
/** A connection that held for so long was a good one: the next wait is short again. */
const goodAfter = 5_000;
/** A timer that fires so late has slept with its tab and proves nothing. */
const lateBy = 1_000;

/** The code of a connection that was closed because it is over (RFC 6455, 7.4.1). */
const normal = 1000;
/** After so many failures in a row it may be that the node lets nobody in. */
const failuresMany = 4;

/** Who is told what happens on the live connection. */
export interface Listener {
  /** The connection is up, for the first time or again. */
  opened?(): void;
  /** The connection is gone; it comes back by itself. */
  closed?(): void;
  /**
   * The node has ended it, as it does when somebody is signed out, or lets nobody
   * in again and again, for what reason a browser is not told: it is to be asked.
   */
  dismissed?(): void;
  /** The connection was ended for good. */
  stopped?(): void;
  heard?(message: RoomEvent | Notice): void;
}

interface Pending {
  resolve(answer: unknown): void;
  reject(problem: StoaError): void;
  forget(): void;
}

/**
 * The live connection to a node: one WebSocket with numbered requests, their
 * replies, notices and events. It connects anew by itself, and at once when
 * the machine is online again or the page is looked at. A house may have a
 * deputy, another node that goes on with its rooms when it is gone: then one is
 * tried after the other.
 *
 * A hidden page's timers run late. Nothing here depends on their being on
 * time: the browser itself answers the node's pings, and an overdue timer asks
 * once more before it calls a connection dead.
 */
export class Live {
  readonly open: ReadonlySignal<boolean>;
  /** Where the house's rooms go on when it is gone: an address, if there is any. */
  deputy: string | undefined;
  readonly #open = signal(false);
  readonly #connect: (deputy?: string) => WebSocket;
  readonly #listeners = new Set<Listener>();
  readonly #pending = new Map<number, Pending>();
  readonly #wakers: [EventTarget, string][] = [];
  #socket: WebSocket | undefined;
  #away = false;
  #stopped = false;
  #lastID = 0;
  #openedAt = 0;
  #failures = 0;
  #cancelWait: (() => void) | undefined;
  #pingers = 0;
  #pingTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Starts connecting. `stop` ends it. `connect` is given the deputy's address
   * where it is to connect with that one and not with the house.
   */
  constructor(connect: (deputy?: string) => WebSocket) {
    this.open = this.#open;
    this.#connect = connect;
    if (typeof window !== 'undefined') {
      this.#wakers = [
        [window, 'online'],
        [window, 'offline'],
        [document, 'visibilitychange'],
      ];
      for (const [target, name] of this.#wakers) target.addEventListener(name, this.#wake);
    }
    this.#dial();
  }

  /** Whether this is a connection with the deputy. */
  get away(): boolean {
    return this.#away;
  }

  /** Ends the connection for good. */
  stop(): void {
    this.#stopped = true;
    for (const [target, name] of this.#wakers) target.removeEventListener(name, this.#wake);
    clearTimeout(this.#pingTimer);
    this.#hangUp();
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener.stopped?.();
  }

  /** Tells `listener` from now on; returns how to stop that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#open.peek()) listener.opened?.();
    return () => this.#listeners.delete(listener);
  }

  /** Asks the node. Fails with `offline` when the connection goes before the answer. */
  request<K extends keyof Requests>(kind: K, body: Requests[K]): Promise<Answer<K>> {
    return this.#ask(kind, body, answerWait);
  }

  /** Looks after the connection closely from now on; returns how to stop that. */
  startPinging(): () => void {
    if (this.#pingers++ === 0) this.#pingSoon();
    let running = true;
    return () => {
      if (running && --this.#pingers === 0) clearTimeout(this.#pingTimer);
      running = false;
    };
  }

  /**
   * Gives this connection up and makes a new one, not before `wait` milliseconds:
   * with the other one, if what is wanted is not here.
   */
  restart(wait = 0, here = true): void {
    if (this.#stopped) return;
    const wasOpen = this.#open.peek();
    this.#away = this.deputy !== undefined && this.#away === (wasOpen && here);
    if (wasOpen && Date.now() - this.#openedAt > goodAfter) this.#failures = 0;
    this.#hangUp();
    const ceiling = Math.min(backoffMax, backoffMin * 2 ** this.#failures++);
    const delay = Math.max(wait, ceiling * (0.5 + Math.random() / 2));
    const timer = setTimeout(() => this.#dial(), delay);
    this.#cancelWait = () => clearTimeout(timer);
    if (wasOpen) for (const listener of [...this.#listeners]) listener.closed?.();
  }

  #dial(): void {
    this.#cancelWait?.();
    const socket = this.#connect(this.#away ? this.deputy : undefined);
    this.#socket = socket;
    const wait = this.deputy === undefined ? openWait : openWaitBeside;
    this.#cancelWait = deadline(wait, () => this.restart());
    socket.onopen = () => {
      this.#cancelWait?.();
      this.#cancelWait = undefined;
      this.#openedAt = Date.now();
      this.#open.value = true;
      for (const listener of [...this.#listeners]) listener.opened?.();
    };
    socket.onmessage = (e) => this.#read(JSON.parse(String(e.data)) as Message);
    socket.onclose = ({ code }) => {
      this.restart();
      if (code === normal || this.#failures === failuresMany)
        for (const listener of [...this.#listeners]) listener.dismissed?.();
    };
  }

  #hangUp(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.#open.value = false;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const p of pending) {
      p.forget();
      p.reject(offline());
    }
  }

  #read(message: Message): void {
    if ('re' in message) this.#answered(message);
    else for (const listener of [...this.#listeners]) listener.heard?.(message);
  }

  #answered(reply: Reply): void {
    const pending = this.#pending.get(reply.re);
    if (!pending) return;
    this.#pending.delete(reply.re);
    pending.forget();
    if (reply.problem) pending.reject(new StoaError(reply.problem));
    else
      pending.resolve(
        reply.entered ?? reply.answer ?? reply.tended ?? reply.itinerary ?? reply.done,
      );
  }

  #ask<K extends keyof Requests>(kind: K, body: Requests[K], wait: number): Promise<Answer<K>> {
    const socket = this.#socket;
    if (!socket || !this.#open.peek()) return Promise.reject(offline());
    const id = ++this.#lastID;
    return new Promise((resolve, reject) => {
      // What is silent is not asked again first, where there is another one.
      const forget = deadline(wait, () => this.restart(0, false));
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject, forget });
      socket.send(JSON.stringify({ id, [kind]: body }));
    });
  }

  #pingSoon(): void {
    const wait = this.deputy === undefined ? pingEvery : pingEveryBeside;
    this.#pingTimer = setTimeout(() => {
      this.#ping();
      this.#pingSoon();
    }, wait);
  }

  #ping(): void {
    const wait = this.deputy === undefined ? pingWait : pingWaitBeside;
    if (this.#open.peek()) this.#ask('ping', {}, wait).catch(() => {});
  }

  readonly #wake = (event: Event): void => {
    if (event.type === 'visibilitychange' && document.hidden) return;
    if (this.#open.peek()) this.#ping();
    else if (!this.#socket) this.#dial();
  };
}

/**
 * Calls `missed` after `wait`, unless the returned function is called before.
 * A deadline that is noticed far too late is set once more: what was waited
 * for may lie in the queue behind it.
 */
function deadline(wait: number, missed: () => void): () => void {
  let due = 0;
  let timer: ReturnType<typeof setTimeout>;
  const set = (then: () => void) => {
    due = Date.now() + wait;
    timer = setTimeout(then, wait);
  };
  set(() => {
    if (Date.now() - due > lateBy) set(missed);
    else missed();
  });
  return () => clearTimeout(timer);
}

/**
 * Calls `changed` when the hallway may show something else, and whenever the
 * connection is back and something may have been missed. Returns how to stop.
 */
export function watchHallway(live: Live, changed: () => void): () => void {
  return live.listen({
    opened() {
      live.request('watch_hallway', {}).then(changed, () => {});
    },
    heard(message) {
      if ('hallway' in message) changed();
    },
  });
}

/** Calls `told` with what is new to whoever is signed in, while the hallway is watched. */
export function watchNews(live: Live, told: (news: News) => void): () => void {
  return live.listen({
    heard(message) {
      if ('news' in message && message.news) told(message.news);
    },
  });
}

/** Calls `told` with what becomes of plans that one goes to, while the hallway is watched. */
export function watchPlans(live: Live, told: (news: PlanNews) => void): () => void {
  return live.listen({
    heard(message) {
      if ('plan' in message && message.plan) told(message.plan);
    },
  });
}

/** Tells when a conversation has something to read; returns how to stop. */
export function watchConversations(live: Live, told: (id: string) => void): () => void {
  return live.listen({
    heard(message) {
      if ('conversation' in message && message.conversation) told(message.conversation.id);
    },
  });
}

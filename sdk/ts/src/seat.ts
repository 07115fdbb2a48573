import { batch, computed, effect, type ReadonlySignal, signal } from '@preact/signals-core';
import type { Manner } from './answer.ts';
import { openDevice } from './device.ts';
import {
  asStoaError,
  noKey,
  noText,
  notHere,
  nothingHeard,
  offline,
  type StoaError,
} from './error.ts';
import type { NodeAt } from './http.ts';
import type { Way } from './itinerary.ts';
import type { Device } from './keys/group.ts';
import { fromText, toText } from './keys/messages.ts';
import type { Piece } from './keys/ring.ts';
import { isText, type Word } from './keys/words.ts';
import type { Live } from './live.ts';
import { canSeal, type Lock, noSealing } from './lock.ts';
import { type Levels, Media, type MediaState } from './media.ts';
import type {
  Answer,
  ChatPolicy,
  Cut,
  Emoji,
  Entered,
  HandPolicy,
  Notice,
  Participant,
  Reactions,
  Requests,
  RoomEvent,
  Tally,
  View,
} from './protocol.ts';
import { apply, isMissing, onStage, queue, withFollowed, withNewcomer } from './room.ts';
import { Sealing } from './sealing.ts';

const enterWait = 15_000; // ms to come in for the first time
const writingsMax = 200; // that are kept
const voiceFrom = 0.2; // own level from which one speaks
const voiceHangover = 400; // ms of silence that still belong to a sentence

export type SeatState = 'live' | 'reconnecting' | 'over';

/** Why a seat is over. `gone`: the room is not there any more, or not for this person. */
export type Ending = 'left' | 'gone' | Exclude<Cut['why'], 'slow' | 'restart' | 'elsewhere'>;

/** What somebody has written. Without `text`, it was taken back by `unsaid`. */
export interface Writing extends Omit<Word, 'text'> {
  text?: string;
  unsaid?: string;
  /** When it came, in milliseconds since 1970. */
  at: number;
}

/** What moderators are told of, each once. */
export type Warning =
  /** Of these two, on the stage or about to be, one has blocked the other. */
  | { conflict: readonly string[] }
  /** So many new accounts have come within a minute. */
  | { fresh: number };

/** What a node gives for an entry: the permission, and where media may be. */
export interface Granted {
  grant: string;
  nodes?: readonly NodeAt[];
}

export interface SeatOptions {
  /** The id of the microphone to use (MediaDeviceInfo.deviceId). */
  microphone?: string;
  /** By which key others recognise this device; by default one that stays in this browser. */
  device?: (who: string) => Promise<Device>;
  /** Whom to spare one of, from the first moment on. */
  spared?: Iterable<string>;
}

/**
 * A seat in a room: what its holder sees and hears, and what they may do. Its
 * state is in read-only signals. It survives lost connections by itself, until
 * it is `over`.
 *
 * The microphone is open when both sides agree: the person wants it, and the
 * node has said `unmuted`. Either can close it alone, at once.
 */
export class Seat {
  readonly room: string;
  readonly state: ReadonlySignal<SeatState>;
  /** Why the seat is over, once it is. */
  readonly ending: ReadonlySignal<Ending | undefined>;
  readonly view: ReadonlySignal<View>;
  readonly me: ReadonlySignal<Participant | undefined>;
  /** On the stage, longest-standing first. */
  readonly stage: ReadonlySignal<Participant[]>;
  /** How many listen; of a large audience only some are in the view. */
  readonly listeners: ReadonlySignal<number>;
  /** Listeners whom somebody on the stage follows, in the order they came in. */
  readonly followed: ReadonlySignal<Participant[]>;
  /** The other listeners, in the order they came in. */
  readonly others: ReadonlySignal<Participant[]>;
  /** Those of the view of whom one is spared: none of the lists here has them. */
  readonly hidden: ReadonlySignal<Participant[]>;
  /** Raised hands, in the order in which it is fair to ask people up. */
  readonly hands: ReadonlySignal<Participant[]>;
  /** Who is heard now. */
  readonly voices: ReadonlySignal<ReadonlySet<string>>;
  /** How loud they are, 0 to 1; at most fifteen times a second. */
  readonly levels: ReadonlySignal<ReadonlyMap<string, number>>;
  /** The own microphone is open: I can be heard. */
  readonly onAir: ReadonlySignal<boolean>;
  readonly media: ReadonlySignal<MediaState>;
  /** What was written since one came in, the newest last; at most 200. */
  readonly writings: ReadonlySignal<readonly Writing[]>;
  /** How the poll of the view stands, while it is open. */
  readonly tally: ReadonlySignal<Tally | undefined>;
  /** Which option of that poll one has chosen. */
  readonly myVote: ReadonlySignal<number | undefined>;
  /** For how many seconds people have been heard; nothing in a closed room. */
  readonly clock: ReadonlySignal<ReadonlyMap<string, number> | undefined>;
  /** How the room is sealed. */
  readonly lock: ReadonlySignal<Lock>;
  /** The browser wants a tap before it plays sound: call `startPlayback` from one. */
  readonly playbackBlocked: ReadonlySignal<boolean>;

  readonly #state = signal<SeatState>('live');
  readonly #ending = signal<Ending | undefined>(undefined);
  readonly #view: ReturnType<typeof signal<View>>;
  readonly #me = signal('');
  readonly #speaking = signal<string[]>([]);
  readonly #manner = signal<Pick<Manner, 'frameMS' | 'repeat'>>({ frameMS: 20, repeat: [] });
  readonly #ownVoice = signal(false);
  readonly #loud = signal<readonly string[]>([]);
  readonly #closed = computed(() => this.view.value.visibility === 'closed');
  readonly #levels = signal<ReadonlyMap<string, number>>(new Map());
  readonly #writings = signal<readonly Writing[]>([]);
  readonly #unsaid = new Map<number, string>(); // by whom, of what has not been read yet
  readonly #tally = signal<Tally | undefined>(undefined);
  readonly #vote = signal<{ poll: number; option: number } | undefined>(undefined);
  readonly #clock = signal<ReadonlyMap<string, number>>(new Map());
  readonly #spared = signal<ReadonlySet<string>>(new Set());
  readonly #warned = new Set<(warning: Warning) => void>();
  readonly #reactors = new Set<(reactions: Reactions) => void>();
  readonly #wantsOpen = signal(false);
  readonly #live: Live;
  readonly #grant: () => Promise<string | Granted>;
  readonly #sealing = new Sealing(
    (kind, body) => this.#ask(kind, body),
    (word) => this.#read(word),
  );
  readonly #media: Media;
  readonly #device: (who: string) => Promise<Device>;
  readonly #stops: (() => void)[];
  readonly #first: { resolve(): void; reject(problem: StoaError): void };
  readonly #watchers = new Set<(event: RoomEvent, before: View) => void>();
  #session = '';
  #ticket: string | undefined; // by which the house's deputy knows us
  #attempt = 0;
  #lastVoice = 0;
  readonly #lastLoud = new Map<string, number>(); // who, and when

  /** Enters a room. Fails when it cannot be entered now, for whatever reason. */
  static async take(
    live: Live,
    room: string,
    grant: () => Promise<string | Granted>,
    options: SeatOptions = {},
  ): Promise<Seat> {
    if (!(await canSeal())) throw noSealing();
    const { promise, ...first } = withResolvers();
    const seat = new Seat(live, room, grant, options, first);
    const timer = setTimeout(() => first.reject(offline()), enterWait);
    try {
      await promise;
    } catch (problem) {
      seat.#finish('gone');
      live.request('leave', {}).catch(() => {}); // the answer may have come too late
      throw problem;
    } finally {
      clearTimeout(timer);
    }
    return seat;
  }

  private constructor(
    live: Live,
    room: string,
    grant: () => Promise<string | Granted>,
    options: SeatOptions,
    first: { resolve(): void; reject(problem: StoaError): void },
  ) {
    this.#live = live;
    this.#grant = grant;
    this.#first = first;
    this.#view = signal<View>(nothingSeen);
    this.#device = options.device ?? openDevice;
    this.#media = new Media(
      this.#sealing,
      {
        offer: async (sdp, at, standby) => {
          const where = { ...(at ? { at } : {}), ...(standby ? { standby } : {}) };
          return (await this.#ask('offer', { sdp, ...where })).sdp;
        },
        switch: (at) => this.#ask('switch', at ? { at } : {}),
        release: () => this.#ask('release', {}),
      },
      (levels) => this.#measured(levels),
      options.microphone,
    );

    this.spare(options.spared ?? []);

    this.room = room;
    this.state = this.#state;
    this.ending = this.#ending;
    this.view = this.#view as ReadonlySignal<View>;
    this.me = computed(() => this.view.value.people.find((p) => p.who === this.#me.value));
    // Receivers are the roster: whoever is spared somebody counts them all the same.
    const stage = computed(() =>
      this.view.value.people.filter(onStage).sort((a, b) => (a.stage ?? 0) - (b.stage ?? 0)),
    );
    const isHidden = ({ who }: { who: string }) =>
      this.#spared.value.has(who) && who !== this.#me.value;
    this.hidden = computed(() => this.view.value.people.filter(isHidden));
    this.stage = computed(() => stage.value.filter((p) => !isHidden(p)));
    const audience = computed(() => this.view.value.people.filter((p) => !onStage(p)));
    const listeners = computed(() => audience.value.filter((p) => !isHidden(p)));
    this.listeners = computed(() =>
      Math.max(audience.value.length, this.view.value.count - stage.value.length),
    );
    this.followed = computed(() => listeners.value.filter((p) => p.followed));
    this.others = computed(() => listeners.value.filter((p) => !p.followed));
    this.clock = computed(() => (this.#closed.value ? undefined : this.#clock.value));
    this.hands = computed(() => queue(listeners.value, this.clock.value ?? new Map()));
    this.writings = computed(() => this.#writings.value.filter((one) => !isHidden(one)));
    this.tally = computed(() => {
      const tally = this.#tally.value;
      return tally?.poll === this.view.value.poll?.poll ? tally : undefined;
    });
    this.myVote = computed(() => {
      const vote = this.#vote.value;
      return vote?.poll === this.view.value.poll?.poll ? vote?.option : undefined;
    });
    this.voices = computed(() => {
      // In a closed room there are no pauses by which a node could tell.
      const heard = new Set(this.#closed.value ? this.#loud.value : this.#speaking.value);
      if (this.#ownVoice.value && this.onAir.value) heard.add(this.#me.value);
      for (const who of this.#spared.value) heard.delete(who);
      return heard;
    });
    this.levels = this.#levels;
    this.onAir = computed(() => this.#wantsOpen.value && this.me.value?.muted === false);
    this.media = this.#media.state;
    this.lock = this.#sealing.lock;
    this.playbackBlocked = this.#media.blocked;

    this.#stops = [
      effect(() => this.#media.setOpen(this.onAir.value)),
      effect(() => {
        const on = stage.value.map(({ who, away_until: until }) => ({
          ...{ who, away: until !== undefined },
        }));
        const { proven = false } = this.view.value;
        this.#sealing.see({ stage: on, closed: this.#closed.value, proven });
      }),
      effect(() => this.#media.speak({ ...this.#manner.value, even: this.#closed.value })),
      effect(() => {
        if (this.me.value?.role === 'listener') this.#backInAudience();
      }),
      effect(() => {
        const role = this.me.value?.role;
        this.#media.stand(role !== undefined && role !== 'listener');
      }),
      live.startPinging(),
      live.listen({
        opened: () => void this.#enter(),
        closed: () => {
          this.#attempt++;
          this.#state.value = 'reconnecting';
        },
        stopped: () => this.#finish('left'),
        heard: (message) => this.#heard(message),
      }),
    ];
  }

  /**
   * Tells `watcher` each event, after it is in the view, and the view before
   * it; returns how to stop that.
   */
  watch(watcher: (event: RoomEvent, before: View) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Tells `watcher` how people react, gathered; returns how to stop that. */
  watchReactions(watcher: (reactions: Reactions) => void): () => void {
    this.#reactors.add(watcher);
    return () => this.#reactors.delete(watcher);
  }

  /** Tells `watcher` what moderators are told of; returns how to stop that. */
  watchWarnings(watcher: (warning: Warning) => void): () => void {
    this.#warned.add(watcher);
    return () => this.#warned.delete(watcher);
  }

  /** Neither plays nor shows these people from now on. They are not told. */
  spare(who: Iterable<string>): void {
    this.#spared.value = new Set(who);
    this.#sealing.spare([...this.#spared.peek()]);
  }

  /** Whether somebody is neither played nor shown. */
  spares = (who: string): boolean => this.#spared.value.has(who);

  /** Goes, quietly. */
  async leave(): Promise<void> {
    if (this.#state.peek() === 'over') return;
    const left = this.#live.request('leave', {}).catch(() => {}); // the seat is lost soon anyway
    this.#finish('left');
    await left;
  }

  raiseHand = () => this.#ask('raise_hand', {});
  lowerHand = (who = this.#me.peek()) => this.#ask('lower_hand', { who });
  stepUp = () => this.#ask('step_up', {});
  decline = () => this.#ask('decline', {});
  stepDown = () => this.#ask('step_down', {});

  /** Opens the own microphone; asks the person for it the first time. */
  async unmute(): Promise<void> {
    this.#wantsOpen.value = true;
    try {
      await this.#media.prepareMicrophone();
      if (this.#wantsOpen.peek()) await this.#ask('unmute', {});
    } catch (problem) {
      this.#wantsOpen.value = false;
      throw problem;
    }
  }

  /** Closes a microphone: one's own, or as a moderator anybody's. */
  async mute(who = this.#me.peek()): Promise<void> {
    if (who !== this.#me.peek()) {
      await this.#ask('mute', { who });
      return;
    }
    this.#wantsOpen.value = false;
    try {
      await this.#ask('mute', { who });
    } catch (thrown) {
      // It is closed here; the node hears of it on coming back, if ever.
      if (!['offline', 'not_here'].includes(asStoaError(thrown).code)) throw thrown;
    }
  }

  askUp = (who: string) => this.#ask('ask_up', { who });
  moveDown = (who: string) => this.#ask('move_down', { who });
  makeModerator = (who: string) => this.#ask('make_moderator', { who });
  remove = (who: string) => this.#ask('remove', { who });
  letIn = (who: string) => this.#ask('let_in', { who });
  /** Keeps new accounts out for now, and quiet inside, or does so no more. */
  /** Says what the room is about: a title, a language (BCP 47) or none, up to three topics. */
  describe = (title: string, language = '', topics: readonly string[] = []) =>
    this.#ask('describe', {
      title,
      ...(language ? { language } : {}),
      ...(topics.length > 0 ? { topics: [...topics] } : {}),
    });
  setShield = (on: boolean) => this.#ask('set_shield', { on });
  setHands = (policy: HandPolicy) => this.#ask('set_hands', { policy });
  /** Has listeners play only what is proven to be its speaker's, a second later, or all at once. */
  setFence = (to: string) => this.#ask('set_fence', { to });
  prove = (proven: boolean) => this.#ask('prove', { proven });
  widen = (to: 'social' | 'members' | 'open') => this.#ask('widen', { to });
  end = () => this.#ask('end', {});

  react = (emoji: Emoji) => this.#ask('react', { emoji });

  /** Writes something to all who are here: 1 to 500 characters, sealed. */
  async say(text: string): Promise<void> {
    if (!isText(text)) throw noText();
    const sealed = await this.#sealing.write(text);
    if (!sealed) throw noKey();
    await this.#ask('say', { sealed });
  }

  /** Takes back what was written: one's own, or as a moderator anybody's. */
  unsay = (n: number) => this.#ask('unsay', { n });
  setChat = (policy: ChatPolicy) => this.#ask('set_chat', { policy });
  /** Puts a link up. It is written as browsers write it. */
  pin = (url: string, text: string) => this.#ask('pin', { url, text });
  unpin = (pin: number) => this.#ask('unpin', { pin });
  openPoll = (question: string, options: string[]) => this.#ask('open_poll', { question, options });
  closePoll = (poll: number) => this.#ask('close_poll', { poll });

  /** Chooses an option of the open poll, counted from 0; again until it is closed. */
  async vote(poll: number, option: number): Promise<void> {
    await this.#ask('vote', { poll, option });
    this.#vote.value = { poll, option };
  }

  /**
   * What was heard of somebody in the last two minutes and can be reported, in
   * pieces of about five seconds, the newest last. They stay at hand until this
   * is asked again.
   */
  heardOf = (who: string): Promise<Piece[]> => this.#sealing.hold(who);

  /**
   * A report of pieces that `heardOf` has named, with what one says of it,
   * sealed to the house's moderators: what `House.report` takes. It has the keys
   * of these pieces and of nothing else.
   */
  async sealReport(
    who: string,
    pieces: readonly Piece[],
    text: string,
    moderators: readonly string[],
  ): Promise<string> {
    const keys = moderators.map((key) => fromText(key) ?? new Uint8Array(0));
    const ids = pieces.map(({ id }) => id);
    const report = await this.#sealing.show({ who, pieces: ids, text, moderators: keys });
    if (!report) throw nothingHeard();
    return toText(report);
  }

  /**
   * Over which nodes the voices of others come, and one's own to them. `root` is
   * the certificate of the network's root, by which that is checked; the house
   * says which (`network_root`), and is believed, unless one knows better.
   */
  async itinerary(root: string): Promise<Way[]> {
    const told = await this.#ask('itinerary', {});
    const { checkItinerary } = await import('./itinerary.ts');
    return checkItinerary(told, this.room, root, Date.now());
  }

  startPlayback = () => this.#media.start();
  useMicrophone = (device: string) => this.#media.useMicrophone(device);
  stats = () => this.#media.stats();

  async #enter(): Promise<void> {
    const attempt = ++this.#attempt;
    let entered: Entered;
    try {
      const returning = this.#session && { previous: this.#session, since: this.view.peek().seq };
      entered = await this.#live.request('enter', { ...(await this.#permission()), ...returning });
      if (attempt !== this.#attempt) return;
      this.#session = entered.session;
      this.#ticket = entered.ticket;
      if (entered.deputy) this.#live.deputy = entered.deputy;
      batch(() => {
        this.#me.value = entered.me;
        const { me, you, view } = entered;
        this.#view.value = view
          ? withNewcomer(view, you)
          : withFollowed(this.view.peek(), me, you.followed);
        // The newest notices follow; a node that was started anew has none.
        this.#clock.value = new Map();
        this.#tally.value = undefined;
        const poll = this.view.peek().poll?.poll;
        const { vote: option } = entered;
        this.#vote.value =
          poll !== undefined && option !== undefined ? { poll, option } : undefined;
        this.#state.value = 'live';
        // Closed by a moderator while we were away, or by the new seat.
        if (entered.view && this.me.value?.muted !== false) this.#wantsOpen.value = false;
      });
    } catch (thrown) {
      if (attempt === this.#attempt) this.#notEntered(asStoaError(thrown));
      return;
    }
    this.#first.resolve();
    const visit = { room: this.room, who: entered.me, closed: this.#closed.peek() };
    this.#sealing.entered(visit, () => this.#device(entered.me));
    if (this.me.peek()?.muted === false && !this.#wantsOpen.peek()) void this.mute();
    if (!entered.media) this.#media.lose(); // whatever it looks like from here
    void this.#media.connect();
  }

  /** What lets us in: at the house a grant, at its deputy the ticket of this seat. */
  async #permission(): Promise<{ grant: string } | { ticket: string }> {
    if (this.#live.away && this.#ticket) return { ticket: this.#ticket };
    const granted = await this.#grant();
    const { grant, nodes = [] } = typeof granted === 'string' ? { grant: granted } : granted;
    this.#media.find(nodes);
    return { grant };
  }

  #notEntered(problem: StoaError): void {
    if (!this.#session) this.#first.reject(problem);
    else if (problem.code === 'no_room') this.#finish('gone');
    else if (problem.code === 'not_signed_in') this.#finish('signed_out');
    else if (transient.has(problem.code))
      this.#live.restart((problem.retryAfter ?? 0) * 1000, false);
    else this.#finish('lost');
  }

  #heard(message: RoomEvent | Notice): void {
    if ('seq' in message) {
      if (message.room === this.room) this.#happened(message);
    } else if (message.voices?.room === this.room) {
      const { speaking, frame_ms: frameMS, repeat = [] } = message.voices;
      this.#manner.value = { frameMS, repeat };
      this.#speaking.value = speaking;
    } else if (message.said?.room === this.room) {
      this.#sealing.hearSaid(message.said);
    } else if (message.unsaid?.room === this.room) {
      this.#unsay(message.unsaid);
    } else if (message.reactions?.room === this.room) {
      this.#reacted(message.reactions);
    } else if (message.conflict?.room === this.room) {
      this.#warn({ conflict: message.conflict.people });
    } else if (message.crowd_of_fresh?.room === this.room) {
      this.#warn({ fresh: message.crowd_of_fresh.count });
    } else if (message.poll?.room === this.room) {
      this.#tally.value = message.poll;
    } else if (message.clock?.room === this.room) {
      this.#clock.value = new Map(Object.entries(message.clock.seconds));
    } else if (message.crowd?.room === this.room) {
      this.#view.value = { ...this.view.peek(), count: message.crowd.count };
    } else if (message.you?.room === this.room) {
      this.#view.value = withFollowed(this.view.peek(), this.#me.peek(), message.you.followed);
    } else if (message.move?.room === this.room) {
      this.#media.move(message.move);
    } else if (message.cut?.room === this.room) {
      this.#cut(message.cut);
    } else if (message.deputy) {
      this.#live.deputy = message.deputy.url || undefined;
    } else {
      this.#sealing.hear(message);
    }
  }

  #happened(event: RoomEvent): void {
    const view = this.view.peek();
    if (!this.#session || event.seq <= view.seq) return;
    if (isMissing(view, event)) {
      this.#live.restart(); // something was missed: coming back brings it
      return;
    }
    batch(() => {
      this.#view.value = apply(view, event, this.#me.peek());
      const { muted } = event;
      if (muted?.who === this.#me.peek() && muted.by !== muted.who) this.#wantsOpen.value = false;
    });
    for (const watcher of [...this.#watchers]) watcher(event, view);
    if (event.ended) this.#finish('ended');
  }

  #read({ text, ...word }: Word): void {
    const by = this.#unsaid.get(word.n);
    const writing = { ...word, at: Date.now(), ...(by ? { unsaid: by } : { text }) };
    this.#writings.value = [...this.#writings.peek(), writing].slice(-writingsMax);
  }

  #unsay({ n, by }: { n: number; by: string }): void {
    this.#unsaid.set(n, by); // it may wait for its key
    if (this.#unsaid.size > writingsMax) {
      this.#unsaid.delete(this.#unsaid.keys().next().value ?? 0);
    }
    this.#writings.value = this.#writings.peek().map(({ text, ...writing }) => {
      if (writing.n === n) return { ...writing, unsaid: by };
      return text === undefined ? writing : { ...writing, text };
    });
  }

  /** Reactions of those of whom one is spared do not count. */
  #reacted({ counts, by, room }: Reactions): void {
    const rest = { ...counts };
    const spared = this.#spared.peek();
    const others = by.filter(({ who, emoji }) => {
      if (!spared.has(who)) return true;
      rest[emoji] = (rest[emoji] ?? 1) - 1;
      return false;
    });
    const seen = Object.fromEntries(Object.entries(rest).filter(([, n]) => n > 0));
    if (Object.keys(seen).length === 0) return;
    for (const watcher of [...this.#reactors]) watcher({ room, counts: seen, by: others });
  }

  #warn(warning: Warning): void {
    for (const watcher of [...this.#warned]) watcher(warning);
  }

  #cut({ why }: Cut): void {
    if (why === 'slow' || why === 'restart') {
      this.#media.lose();
      this.#live.restart();
    } else if (why === 'elsewhere') {
      this.#live.restart(0, false); // our media need not know of it
    } else {
      this.#finish(why);
    }
  }

  #backInAudience(): void {
    this.#wantsOpen.value = false;
    this.#media.releaseMicrophone();
  }

  #measured({ connection, slots, microphone }: Levels): void {
    const now = Date.now();
    if (this.onAir.peek() && microphone > voiceFrom) this.#lastVoice = now;
    const levels = new Map<string, number>();
    slots.forEach((level, slot) => {
      const who = this.#sealing.heardIn(connection, slot);
      if (who) levels.set(who, Math.max(level, levels.get(who) ?? 0));
    });
    if (this.onAir.peek()) levels.set(this.#me.peek(), microphone);
    for (const [who, level] of levels) if (level > voiceFrom) this.#lastLoud.set(who, now);
    for (const [who, at] of this.#lastLoud) {
      if (now - at >= voiceHangover) this.#lastLoud.delete(who);
    }
    const loud = [...this.#lastLoud.keys()];
    batch(() => {
      if (loud.join() !== this.#loud.peek().join()) this.#loud.value = loud;
      this.#levels.value = levels;
      this.#ownVoice.value = now - this.#lastVoice < voiceHangover;
    });
  }

  #ask<K extends keyof Requests>(kind: K, body: Requests[K]): Promise<Answer<K>> {
    if (this.#state.peek() === 'over') return Promise.reject(notHere());
    if (this.#state.peek() === 'reconnecting') return Promise.reject(offline());
    return this.#live.request(kind, body);
  }

  #finish(why: Ending): void {
    if (this.#state.peek() === 'over') return;
    this.#attempt++;
    for (const stop of this.#stops) stop();
    this.#media.stop();
    this.#sealing.stop();
    this.#live.deputy = undefined;
    if (this.#live.away) this.#live.restart();
    batch(() => {
      this.#wantsOpen.value = false;
      this.#speaking.value = [];
      this.#levels.value = new Map();
      this.#ending.value = why;
      this.#state.value = 'over';
    });
  }
}

/** What is seen before the first view. */
const nothingSeen: View = {
  seq: 0,
  count: 0,
  opened: '',
  title: '',
  visibility: 'closed',
  hands: 'off',
  chat: 'off',
  people: [],
};

/** Problems that are over when one has waited a little. */
const transient = new Set([
  'offline',
  'unavailable',
  'too_many',
  'internal',
  'bad_grant',
  'not_here',
]);

function withResolvers() {
  let resolve = () => {};
  let reject = (_: StoaError) => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

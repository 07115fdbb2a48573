import { isQuiet, Live, type Participant, type StoaError } from '@stoa/client';
import { Seat } from '@stoa/client/seat';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket as Socket } from 'ws';
import { type Account, Double } from './double.ts';

/** A microphone track that remembers what was done to it. */
class Track extends EventTarget {
  readonly kind = 'audio';
  enabled = true;
  stopped = false;
  onended: (() => void) | null = null;
  stop() {
    this.stopped = true;
  }
}

/** A connection that comes up as soon as it is answered. */
class Peer {
  static all: Peer[] = [];
  connectionState = 'new';
  localDescription = { type: 'offer', sdp: 'offer' };
  onconnectionstatechange: (() => void) | null = null;
  sent: Track | null = null;
  readonly directions: string[] = [];
  readonly #transceivers: object[] = [];

  constructor() {
    Peer.all.push(this);
  }
  addTransceiver(_kind: string, { direction }: { direction: string }) {
    this.directions.push(direction);
    const sender = {
      replaceTrack: async (track: Track | null) => {
        this.sent = track;
      },
    };
    const transceiver = { sender, receiver: { track: new Track() } };
    this.#transceivers.push(transceiver);
    return transceiver;
  }
  getTransceivers() {
    return this.#transceivers;
  }
  async createOffer() {
    return this.localDescription;
  }
  async setLocalDescription() {}
  async setRemoteDescription() {
    this.become('connected');
  }
  become(state: string) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
  close() {
    this.connectionState = 'closed';
  }
}

class SilentContext {
  state = 'running';
  createMediaStreamSource() {
    return { connect() {}, disconnect() {} };
  }
  createAnalyser() {
    return { getFloatTimeDomainData() {} };
  }
  async close() {}
}

/**
 * The keys are tried by tests of their own, and in real browsers. What is written
 * is "sealed" by turning it around; without a key, nothing is.
 */
class Keys {
  static key = true;
  static spared: readonly string[] = [];
  onmessage: ((event: { data: object }) => void) | null = null;
  postMessage({ write, said, spare }: KeyOrder) {
    if (spare) Keys.spared = spare;
    const turn = (text: string) => [...text].reverse().join('');
    if (write) {
      const { ask, text } = write;
      this.#tell({ written: { ask, sealed: Keys.key ? turn(text) : undefined } });
    }
    if (said) {
      const { sealed, ...message } = said;
      this.#tell({ word: { ...message, text: turn(sealed), device: 'device' } });
    }
  }
  terminate() {}
  #tell(data: object) {
    queueMicrotask(() => this.onmessage?.({ data }));
  }
}

interface KeyOrder {
  write?: { ask: number; text: string };
  said?: Passed;
  spare?: string[];
}

interface Passed {
  n: number;
  who: string;
  name: string;
  sealed: string;
}

const microphone = new Track();

describe('a seat in a room', () => {
  let double: Double;
  let origin: string;
  let ada: Account;
  let bo: Account;
  let room: ReturnType<Double['open']>;
  let lives: Live[];

  const enter = (who: Account, roomID = room.id): Promise<Seat> => {
    const { id } = double.login(who);
    const headers = { cookie: `stoa_session=${id}` };
    const url = `${origin.replace('http', 'ws')}/api/v1/live`;
    const live = new Live(() => {
      const socket = new Socket(url, { headers });
      socket.on('error', () => {}); // a browser tells nobody either
      return socket as unknown as WebSocket;
    });
    lives.push(live);
    return Seat.take(live, roomID, async () => double.grantFor(who, roomID));
  };
  const roleOf = (seat: Seat, who: Account) =>
    seat.view.value.people.find((p) => p.who === who.id)?.role;

  /** Both in the room, Bo on the stage. */
  const together = async (): Promise<[Seat, Seat]> => {
    const [first, second] = [await enter(ada), await enter(bo)];
    await first.askUp(bo.id);
    await second.stepUp();
    await vi.waitFor(() => expect(roleOf(first, bo)).toBe('speaker'));
    return [first, second];
  };

  beforeEach(async () => {
    vi.stubGlobal('RTCPeerConnection', Peer);
    vi.stubGlobal('RTCRtpScriptTransform', class {});
    vi.stubGlobal('Worker', Keys);
    vi.stubGlobal('AudioContext', SilentContext);
    vi.stubGlobal('MediaStream', class {});
    vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue();
    vi.spyOn(HTMLMediaElement.prototype, 'srcObject', 'set').mockReturnValue();
    Object.assign(microphone, { enabled: true, stopped: false });
    Object.defineProperty(navigator, 'mediaDevices', {
      configurable: true,
      value: { getUserMedia: async () => ({ getAudioTracks: () => [microphone] }) },
    });
    Peer.all = [];
    Keys.key = true;
    lives = [];
    double = new Double('/nowhere');
    origin = (await double.listen(0)).replace('localhost', '127.0.0.1');
    ada = double.account('Ada');
    bo = double.account('Bo');
    room = double.open(ada, 'Tea', 'open');
  });
  afterEach(async () => {
    for (const live of lives) live.stop();
    await double.stop();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it('is not taken by a browser that cannot seal', async () => {
    vi.stubGlobal('RTCRtpScriptTransform', undefined);
    await expect(enter(bo)).rejects.toMatchObject({ code: 'no_sealing' });
    expect(Peer.all).toEqual([]);
  });

  it('shows the room, and offers one microphone and eight slots', async () => {
    const seat = await enter(bo);
    expect(seat.state.value).toBe('live');
    expect(seat.view.value.title).toBe('Tea');
    expect(seat.stage.value.map((p) => p.name)).toEqual(['Ada']);
    expect(seat.others.value.map((p) => p.name)).toEqual(['Bo']);
    expect(seat.me.value?.who).toBe(bo.id);
    await vi.waitFor(() => expect(seat.media.value).toBe('connected'));
    expect(Peer.all[0]?.directions).toEqual(['sendrecv', ...Array(8).fill('recvonly')]);
    expect(Peer.all[0]?.sent).toBeNull();
  });

  it('brings what people write to all who are there, and nobody who comes later', async () => {
    const [first, second] = [await enter(ada), await enter(bo)];
    await second.say('Hello.\nI am here.');
    await vi.waitFor(() => expect(first.writings.value).toHaveLength(1));
    expect(first.writings.value[0]).toMatchObject({
      ...{ who: bo.id, name: 'Bo', text: 'Hello.\nI am here.', device: 'device' },
    });
    await vi.waitFor(() => expect(second.writings.value).toHaveLength(1)); // one’s own too
    const cy = double.account('Cy');
    const third = await enter(cy);
    await first.say('Welcome.');
    await vi.waitFor(() => expect(third.writings.value.map((w) => w.text)).toEqual(['Welcome.']));
    await expect(second.say('')).rejects.toMatchObject({ code: 'no_text' });
    Keys.key = false;
    await expect(second.say('early')).rejects.toMatchObject({ code: 'no_key' });
  });

  it('neither shows nor plays whom one is spared of, and counts them', async () => {
    const [first, second] = await together();
    const cy = double.account('Cy');
    const third = await enter(cy);
    await third.raiseHand();
    await vi.waitFor(() => expect(first.hands.value).toHaveLength(1));
    const reactions: object[] = [];
    first.watchReactions((one) => reactions.push(one));
    double.tell(room, {
      voices: { room: room.id, slots: [bo.id], speaking: [bo.id, cy.id], frame_ms: 20 },
    });
    await vi.waitFor(() => expect(first.voices.value.size).toBe(2));
    await second.say('Hello.');
    await vi.waitFor(() => expect(first.writings.value).toHaveLength(1));

    Keys.spared = [];
    first.spare([bo.id, cy.id]);
    expect(Keys.spared).toEqual([bo.id, cy.id]);
    expect(first.stage.value.map((p) => p.name)).toEqual(['Ada']);
    expect(first.others.value).toEqual([]);
    expect(first.hands.value).toEqual([]);
    expect(first.voices.value.size).toBe(0);
    expect(first.writings.value).toEqual([]);
    expect(first.hidden.value.map((p) => p.name)).toEqual(['Bo', 'Cy']);
    expect([first.view.value.count, first.listeners.value]).toEqual([3, 1]);
    const reacted = (counts: object, by: object[]) =>
      double.tell(room, { reactions: { room: room.id, counts, by } });
    reacted({ '👏': 1 }, [{ who: bo.id, emoji: '👏' }]);
    reacted({ '👏': 3, '😂': 1 }, [
      { who: bo.id, emoji: '👏' },
      { who: cy.id, emoji: '😂' },
      { who: ada.id, emoji: '👏' },
    ]);
    await vi.waitFor(() => expect(reactions).toHaveLength(1));
    expect(reactions[0]).toMatchObject({ counts: { '👏': 2 }, by: [{ who: ada.id }] });
    // They are told nothing of it, and see what they saw.
    expect(second.stage.value.map((p) => p.name)).toEqual(['Ada', 'Bo']);

    first.spare([]);
    expect(first.stage.value.map((p) => p.name)).toEqual(['Ada', 'Bo']);
    expect(first.writings.value).toHaveLength(1);
    await second.say('Again.');
    await vi.waitFor(() => expect(first.writings.value).toHaveLength(2));
  });

  it('keeps new accounts out and quiet while its shield is up', async () => {
    const [first, second] = [await enter(ada), await enter(bo)];
    const told: object[] = [];
    first.watchWarnings((one) => told.push(one));
    double.tell(room, { crowd_of_fresh: { room: room.id, count: 21 } });
    double.tell(room, { conflict: { room: room.id, people: [ada.id, bo.id] } });
    await vi.waitFor(() => expect(told).toHaveLength(2));
    expect(told).toEqual([{ fresh: 21 }, { conflict: [ada.id, bo.id] }]);
    await expect(second.describe('Trees')).rejects.toMatchObject({ code: 'not_moderator' });
    await first.describe('Trees', 'de', ['nature']);
    await vi.waitFor(() =>
      expect(second.view.value).toMatchObject({
        title: 'Trees',
        language: 'de',
        topics: ['nature'],
      }),
    );
    await first.describe('Tea');
    await vi.waitFor(() => expect(second.view.value).not.toHaveProperty('language'));
    await expect(second.setShield(true)).rejects.toMatchObject({ code: 'not_moderator' });
    await first.setShield(true);
    await vi.waitFor(() => expect(second.view.value.shield).toBe(true));
    const cy = double.account('Cy');
    cy.created = new Date().toISOString();
    await expect(enter(cy)).rejects.toMatchObject({ code: 'shielded' });
    await first.setShield(false);
    await vi.waitFor(() => expect(second.view.value).not.toHaveProperty('shield'));
    const third = await enter(cy);
    expect(third.me.value?.fresh).toBe(true);
    await first.setShield(true);
    await vi.waitFor(() =>
      expect(isQuiet(third.me.value as Participant, third.view.value)).toBe(true),
    );
  });

  it('drops what was taken back, also before it is read', async () => {
    const [first, second] = [await enter(ada), await enter(bo)];
    await second.say('Oh no.');
    await vi.waitFor(() => expect(first.writings.value).toHaveLength(1));
    const n = first.writings.value[0]?.n ?? 0;
    await first.unsay(n);
    await vi.waitFor(() => expect(second.writings.value[0]?.unsaid).toBe(ada.id));
    expect(second.writings.value[0]).not.toHaveProperty('text');
    await expect(second.unsay(n + 1)).rejects.toMatchObject({ code: 'not_author' });
    double.tell(room, { unsaid: { room: room.id, n: n + 1, by: ada.id } });
    await second.say('Too late.');
    await vi.waitFor(() => expect(first.writings.value[1]?.unsaid).toBe(ada.id));
    expect(first.writings.value[1]).not.toHaveProperty('text');
  });

  it('says who may write, how people react, and which links are up', async () => {
    const [first, second] = [await enter(ada), await enter(bo)];
    const seen: object[] = [];
    const stop = first.watchReactions(({ counts, by }) => seen.push({ counts, by }));
    await second.react('🎉');
    const one = { counts: { '🎉': 1 }, by: [{ who: bo.id, emoji: '🎉' }] };
    await vi.waitFor(() => expect(seen).toEqual([one]));
    stop();
    await second.react('🎉');
    await first.setChat('stage');
    await vi.waitFor(() => expect(second.view.value.chat).toBe('stage'));
    expect(seen).toEqual([one]);
    await expect(second.say('Hello.')).rejects.toMatchObject({ code: 'chat_closed' });
    await first.pin('https://example.org/', 'The plan');
    await vi.waitFor(() => expect(second.view.value.pins).toHaveLength(1));
    await first.unpin(second.view.value.pins?.[0]?.pin ?? 0);
    await vi.waitFor(() => expect(second.view.value.pins).toBeUndefined());
  });

  it('knows how a poll stands and its own vote, also after coming back', async () => {
    const [first, second] = [await enter(ada), await enter(bo)];
    await first.openPoll('Tea?', ['yes', 'no']);
    await vi.waitFor(() => expect(second.view.value.poll?.question).toBe('Tea?'));
    const poll = second.view.value.poll?.poll ?? 0;
    await second.vote(poll, 1);
    expect(second.myVote.value).toBe(1);
    await vi.waitFor(() => expect(first.tally.value?.counts).toEqual([0, 1]));
    expect(first.myVote.value).toBeUndefined();
    double.cutLines();
    await vi.waitFor(() => expect(second.state.value).toBe('reconnecting'));
    await vi.waitFor(() => expect(second.state.value).toBe('live'), 5000);
    expect(second.myVote.value).toBe(1);
    await vi.waitFor(() => expect(first.state.value).toBe('live'), 5000);
    await first.closePoll(poll);
    await vi.waitFor(() => expect(second.view.value.poll?.counts).toEqual([0, 1]));
    await first.openPoll('Cake?', ['yes', 'no']);
    await vi.waitFor(() => expect(second.view.value.poll?.question).toBe('Cake?'));
    expect([second.myVote.value, second.tally.value]).toEqual([undefined, undefined]);
  });

  it('has hands in their fair order, by the clock', async () => {
    const cy = double.account('Cy');
    const [first, second, third] = [await enter(ada), await enter(bo), await enter(cy)];
    await second.raiseHand();
    await third.raiseHand();
    const queue = () => first.hands.value.map((p) => p.name);
    await vi.waitFor(() => expect(queue()).toEqual(['Bo', 'Cy']));
    double.clock(room, { [bo.id]: 61 });
    await vi.waitFor(() => expect(queue()).toEqual(['Cy', 'Bo']));
    expect(first.clock.value?.get(bo.id)).toBe(61);
    // A node that was started anew has heard nobody, and all begin anew with it.
    double.cutLines();
    await vi.waitFor(() => expect(first.state.value).toBe('reconnecting'));
    await vi.waitFor(() => expect(first.state.value).toBe('live'), 5000);
    expect(first.clock.value?.size).toBe(0);
    await vi.waitFor(() => expect(queue()).toEqual(['Bo', 'Cy']));
  });

  it('is refused where there is no room', async () => {
    const problem = await enter(bo, '0'.repeat(26)).catch((p: StoaError) => p);
    expect(problem).toMatchObject({ code: 'bad_grant' });
  });

  it('brings a hand to the moderator, and its owner to the stage, muted', async () => {
    const [first, second] = [await enter(ada), await enter(bo)];
    await second.raiseHand();
    await vi.waitFor(() => expect(first.hands.value.map((p) => p.who)).toEqual([bo.id]));
    await first.askUp(bo.id);
    await vi.waitFor(() => expect(second.me.value?.asked_until).toBeDefined());
    await second.stepUp();
    await vi.waitFor(() => expect(second.me.value).toMatchObject({ role: 'speaker', muted: true }));
    expect(second.onAir.value).toBe(false);
  });

  it('opens the microphone once the node has said so, and not before', async () => {
    const [, bos] = await together();
    const seen: boolean[] = [];
    bos.watch((event) => event.unmuted && seen.push(microphone.enabled));
    const opening = bos.unmute();
    expect(bos.onAir.value).toBe(false);
    await opening;
    await vi.waitFor(() => expect(bos.onAir.value).toBe(true));
    expect(microphone.enabled).toBe(true);
    expect(seen).toEqual([true]); // the event opened it; before, capture began disabled
    expect(Peer.all[1]?.sent).toBe(microphone);
  });

  it('closes its own microphone before the node answers', async () => {
    const [, bos] = await together();
    await bos.unmute();
    await vi.waitFor(() => expect(microphone.enabled).toBe(true));
    const muting = bos.mute();
    expect(microphone.enabled).toBe(false);
    await muting;
    await vi.waitFor(() => expect(bos.me.value?.muted).toBe(true));
  });

  it('does not open when the key was let go before the node answered', async () => {
    const [, bos] = await together();
    const opened = vi.fn();
    const stop = bos.onAir.subscribe((open) => open && opened());
    await Promise.all([bos.unmute(), bos.mute()]);
    await vi.waitFor(() => expect(bos.me.value?.muted).toBe(true));
    stop();
    expect(opened).not.toHaveBeenCalled();
  });

  it('is muted by a moderator at once, and stays so', async () => {
    const [adas, bos] = await together();
    await bos.unmute();
    await vi.waitFor(() => expect(microphone.enabled).toBe(true));
    await adas.mute(bo.id);
    await vi.waitFor(() => expect(microphone.enabled).toBe(false));
    double.happen(room, { unmuted: { who: bo.id } }); // a node that lied would not be believed
    await vi.waitFor(() => expect(bos.me.value?.muted).toBe(false));
    expect(microphone.enabled).toBe(false);
  });

  it('gives the microphone back with the stage', async () => {
    const [adas, bos] = await together();
    await bos.unmute();
    await adas.moveDown(bo.id);
    await vi.waitFor(() => expect(microphone.stopped).toBe(true));
    expect(Peer.all[1]?.sent).toBeNull();
  });

  it('says that the microphone was refused, and does not ask to unmute', async () => {
    const [, bos] = await together();
    navigator.mediaDevices.getUserMedia = async () => {
      throw new DOMException('', 'NotAllowedError');
    };
    await expect(bos.unmute()).rejects.toMatchObject({ code: 'microphone_refused' });
    expect(bos.me.value?.muted).toBe(true);
  });

  it('comes back after a lost connection with its microphone open and its media kept', async () => {
    const [, bos] = await together();
    await bos.unmute();
    await vi.waitFor(() => expect(bos.onAir.value).toBe(true));
    const before = Peer.all.length;
    double.cutLines();
    await vi.waitFor(() => expect(bos.state.value).toBe('reconnecting'));
    expect(microphone.enabled).toBe(true);
    await vi.waitFor(() => expect(bos.state.value).toBe('live'), 5000);
    expect(bos.me.value).toMatchObject({ role: 'speaker', muted: false });
    expect(bos.onAir.value).toBe(true);
    expect(Peer.all).toHaveLength(before);
  });

  it('offers media anew when the node has none of it, whatever its own side looks like', async () => {
    const seat = await enter(bo);
    await vi.waitFor(() => expect(seat.media.value).toBe('connected'));
    double.mediaStays = false;
    double.cutLines();
    await vi.waitFor(() => expect(Peer.all).toHaveLength(2), 5000);
    await vi.waitFor(() => expect(seat.media.value).toBe('connected'));
    expect(Peer.all[0]?.connectionState).toBe('closed');
  });

  it('tells the node on coming back that it was muted meanwhile', async () => {
    const [adas, bos] = await together();
    await bos.unmute();
    await vi.waitFor(() => expect(bos.onAir.value).toBe(true));
    double.cutLines();
    await vi.waitFor(() => expect(bos.state.value).toBe('reconnecting'));
    await bos.mute();
    expect(microphone.enabled).toBe(false);
    const muted = () => adas.view.value.people.find((p) => p.who === bo.id)?.muted;
    await vi.waitFor(() => expect(muted()).toBe(true), 5000);
    expect(microphone.enabled).toBe(false);
  });

  it('enters anew when an event is missing', async () => {
    const seat = await enter(bo);
    room.view = { ...room.view, seq: room.view.seq + 3, title: 'More tea' };
    double.happen(room, { hands_set: { policy: 'off' } });
    await vi.waitFor(() => expect(seat.view.value.title).toBe('More tea'), 5000);
    expect(seat.state.value).toBe('live');
    expect(seat.view.value.seq).toBe(room.view.seq);
  });

  it('makes a new media connection when the old one fails', async () => {
    const seat = await enter(bo);
    await vi.waitFor(() => expect(seat.media.value).toBe('connected'));
    Peer.all[0]?.become('failed');
    await vi.waitFor(() => expect(Peer.all).toHaveLength(2));
    await vi.waitFor(() => expect(seat.media.value).toBe('connected'));
    expect(Peer.all[0]?.connectionState).toBe('closed');
  });

  it('waits two seconds when the media connection is only shaky', async () => {
    const seat = await enter(bo);
    await vi.waitFor(() => expect(seat.media.value).toBe('connected'));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    Peer.all[0]?.become('disconnected');
    vi.advanceTimersByTime(1900);
    Peer.all[0]?.become('connected');
    vi.advanceTimersByTime(5000);
    expect(Peer.all).toHaveLength(1);
    Peer.all[0]?.become('disconnected');
    vi.advanceTimersByTime(2000);
    vi.useRealTimers();
    expect(Peer.all).toHaveLength(2);
  });

  it('says whose voices are heard', async () => {
    const seat = await enter(bo);
    double.voices(room, [ada.id, null], [ada.id]);
    await vi.waitFor(() => expect([...seat.voices.value]).toEqual([ada.id]));
  });

  it.each([
    ['removed', (a: Seat) => a.remove(bo.id)],
    ['ended', (a: Seat) => a.end()],
  ] as const)('is over when it is %s', async (why, act) => {
    const [adas, bos] = await together();
    await bos.unmute();
    await act(adas);
    await vi.waitFor(() => expect(bos.state.value).toBe('over'));
    expect(bos.ending.value).toBe(why);
    expect(microphone.stopped).toBe(true);
    await expect(bos.raiseHand()).rejects.toMatchObject({ code: 'not_here' });
  });

  it('says over which nodes the voices of others come', async () => {
    const [first, second] = await together();
    const [way, ...more] = await second.itinerary('');
    expect(more).toEqual([]);
    expect(way).toMatchObject({ who: [ada.id], mine: false, proof: 'unsigned' });
    expect(way?.hops).toHaveLength(1);
    // Where there is a network, what nobody has signed is not taken for signed.
    expect((await first.itinerary('a root')).map((w) => w.proof)).toEqual(['refused']);
  });

  it('is over here when another device takes it', async () => {
    const here = await enter(bo);
    const there = await enter(bo);
    await vi.waitFor(() => expect(here.ending.value).toBe('taken_over'));
    expect(there.state.value).toBe('live');
  });

  it('leaves quietly', async () => {
    const [adas, bos] = [await enter(ada), await enter(bo)];
    await bos.leave();
    expect(bos.ending.value).toBe('left');
    await vi.waitFor(() => expect(adas.others.value).toEqual([]));
  });

  it('sees one’s own hand in an audience that is only counted', async () => {
    double.sampleMax = 1; // the opener
    const [first, second] = [await enter(ada), await enter(bo)];
    await vi.waitFor(() => expect(first.listeners.value).toBe(1));
    expect(roleOf(first, bo)).toBeUndefined();
    expect(second.me.value?.name).toBe('Bo');
    await second.raiseHand();
    await vi.waitFor(() => expect(first.hands.value.map((p) => p.name)).toEqual(['Bo']));
    await second.lowerHand();
    await vi.waitFor(() => expect(first.hands.value).toEqual([]));
    expect(roleOf(first, bo)).toBeUndefined();
    expect(second.me.value?.hand).toBeUndefined();
    double.cutLines();
    await vi.waitFor(() => expect(second.state.value).toBe('reconnecting'));
    for (const seat of [first, second]) {
      await vi.waitFor(() => expect(seat.state.value).toBe('live'), 5000);
    }
    await first.askUp(bo.id);
    await second.stepUp();
    await vi.waitFor(() => expect(roleOf(first, bo)).toBe('speaker'));
    await second.stepDown();
    await vi.waitFor(() => expect(roleOf(first, bo)).toBeUndefined());
    expect(second.me.value?.role).toBe('listener');
    await second.leave();
    await vi.waitFor(() => expect(first.listeners.value).toBe(0));
  });
});

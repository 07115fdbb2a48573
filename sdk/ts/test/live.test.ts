import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Live, type StoaError, watchHallway } from '../src/index.ts';

/** The client's end of a connection whose other end is the test. */
class Wire {
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: string }) => void) | null = null;
  onclose: ((e: { code: number }) => void) | null = null;
  closed = false;
  readonly sent: { id: number }[] = [];

  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  say(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

describe('the live connection', () => {
  let wires: Wire[];
  let where: (string | undefined)[]; // whom each was with; nobody: the house
  let live: Live;
  const last = () => {
    const wire = wires.at(-1);
    if (!wire) throw new Error('nothing was dialled');
    return wire;
  };

  beforeEach(() => {
    vi.useFakeTimers();
    wires = [];
    where = [];
    live = new Live((deputy) => {
      const wire = new Wire();
      wires.push(wire);
      where.push(deputy);
      return wire as unknown as WebSocket;
    });
  });
  afterEach(() => {
    live.stop();
    vi.useRealTimers();
  });

  it('brings each answer to its request', async () => {
    last().onopen?.();
    const first = live.request('leave', {});
    const second = live.request('offer', { sdp: 'o' });
    expect(last().sent).toEqual([
      { id: 1, leave: {} },
      { id: 2, offer: { sdp: 'o' } },
    ]);
    last().say({ re: 2, answer: { sdp: 'a' } });
    last().say({ re: 1, problem: { code: 'not_here', title: 'No', status: 409 } });
    await expect(second).resolves.toEqual({ sdp: 'a' });
    await expect(first).rejects.toMatchObject({ code: 'not_here', status: 409 });
  });

  it('fails what was asked when the connection goes, and comes back within 250 ms', async () => {
    last().onopen?.();
    const asked = live.request('raise_hand', {}).catch((problem: StoaError) => problem.code);
    last().onclose?.({ code: 1006 });
    expect(await asked).toBe('offline');
    expect(live.open.value).toBe(false);
    vi.advanceTimersByTime(250);
    expect(wires).toHaveLength(2);
  });

  it('tells when the node has ended it, and not when it is only gone', () => {
    let dismissed = 0;
    live.listen({ dismissed: () => dismissed++ });
    last().onopen?.();
    last().onclose?.({ code: 1001 });
    expect(dismissed).toBe(0);
    vi.advanceTimersByTime(250);
    last().onopen?.();
    last().onclose?.({ code: 1000 });
    expect(dismissed).toBe(1);
    for (let n = 0; n < 8; n++) {
      vi.advanceTimersByTime(2000);
      last().onclose?.({ code: 1006 }); // it does not let us in
    }
    expect(dismissed).toBe(2);
  });

  it('waits longer each time, up to 2 s, and less again after a good connection', () => {
    for (let n = 0; n < 8; n++) {
      last().onclose?.({ code: 1006 });
      vi.advanceTimersByTime(2000);
    }
    expect(wires).toHaveLength(9);
    last().onclose?.({ code: 1006 });
    vi.advanceTimersByTime(999);
    expect(wires).toHaveLength(9);
    vi.advanceTimersByTime(1001);
    last().onopen?.();
    vi.advanceTimersByTime(5001);
    last().onclose?.({ code: 1006 });
    vi.advanceTimersByTime(250);
    expect(wires).toHaveLength(11);
  });

  it('connects at once when the machine is online again', () => {
    last().onclose?.({ code: 1006 });
    expect(wires).toHaveLength(1);
    window.dispatchEvent(new Event('online'));
    expect(wires).toHaveLength(2);
  });

  it('gives up a connection whose ping is not answered within 3 s', () => {
    last().onopen?.();
    live.startPinging();
    vi.advanceTimersByTime(5000);
    expect(last().sent).toEqual([{ id: 1, ping: {} }]);
    last().say({ re: 1, done: {} });
    vi.advanceTimersByTime(5000);
    expect(last().sent).toHaveLength(2);
    vi.advanceTimersByTime(2999);
    expect(live.open.value).toBe(true);
    vi.advanceTimersByTime(1);
    expect(live.open.value).toBe(false);
    expect(wires[0]?.closed).toBe(true);
  });

  it('tries the house first, then its deputy, and so on', () => {
    live.deputy = 'https://deputy.example';
    last().onopen?.();
    last().onclose?.({ code: 1006 });
    for (let n = 0; n < 3; n++) {
      vi.advanceTimersByTime(2000);
      last().onclose?.({ code: 1006 });
    }
    const first = where.slice(0, 4); // how many there are, the waits decide
    expect(first).toEqual([undefined, undefined, 'https://deputy.example', undefined]);
  });

  it('goes to the deputy when what is wanted is not here, stays, and returns', () => {
    live.deputy = 'https://deputy.example';
    last().onopen?.();
    live.restart(0, false);
    vi.advanceTimersByTime(250);
    last().onopen?.();
    expect(live.away).toBe(true);
    last().onclose?.({ code: 1006 });
    vi.advanceTimersByTime(250);
    last().onopen?.();
    expect(where.at(-1)).toBe('https://deputy.example');
    live.deputy = undefined;
    live.restart();
    vi.advanceTimersByTime(2000);
    expect(where.at(-1)).toBeUndefined();
    expect(live.away).toBe(false);
  });

  it('waits less for an answer where there is another node to try', () => {
    live.deputy = 'https://deputy.example';
    live.restart();
    vi.advanceTimersByTime(250);
    const before = wires.length;
    vi.advanceTimersByTime(1500 + 500); // and the wait until the next
    expect(wires.length).toBe(before + 1);
  });

  it('does not believe a timer that has slept', () => {
    last().onopen?.();
    live.startPinging();
    vi.advanceTimersByTime(5000);
    vi.setSystemTime(Date.now() + 60_000); // the tab was frozen; its timers come late
    vi.advanceTimersByTime(3000);
    expect(live.open.value).toBe(true);
    vi.advanceTimersByTime(3000);
    expect(live.open.value).toBe(false);
  });

  it('stops pinging when nobody needs it', () => {
    last().onopen?.();
    const stop = live.startPinging();
    stop();
    vi.advanceTimersByTime(60_000);
    expect(last().sent).toEqual([]);
  });

  it('watches the hallway again after each reconnection', async () => {
    const changed = vi.fn();
    const stop = watchHallway(live, changed);
    for (const seen of [1, 2]) {
      last().onopen?.();
      last().say({ re: last().sent[0]?.id, done: {} });
      await vi.advanceTimersByTimeAsync(0);
      expect(changed).toHaveBeenCalledTimes(seen);
      last().onclose?.({ code: 1006 });
      await vi.advanceTimersByTimeAsync(2000);
    }
    last().onopen?.();
    last().say({ hallway: {} });
    expect(changed).toHaveBeenCalledTimes(3);
    stop();
    last().say({ hallway: {} });
    expect(changed).toHaveBeenCalledTimes(3);
  });

  it('stops for good', () => {
    live.stop();
    vi.advanceTimersByTime(60_000);
    window.dispatchEvent(new Event('online'));
    expect(wires).toHaveLength(1);
  });
});

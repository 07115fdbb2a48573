import { signal } from '@preact/signals';
import { type Reactions, type Seat, StoaError, type View, type Writing } from '@stoa/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  added,
  bestOf,
  draft,
  figure,
  floats,
  gaps,
  gathered,
  left,
  linesOf,
  links,
  mayWrite,
  newsOf,
  optionsOf,
  react,
  read,
  send,
  showsClock,
  spokenBy,
  startBeside,
  sum,
  sumWords,
  tidied,
  unread,
} from '../src/models/beside.ts';
import { announcement, toast } from '../src/models/notices.ts';
import { visit } from '../src/models/visit.ts';

const writing = (n: number, who: string, more: Partial<Writing> = {}): Writing => ({
  ...{ n, who, name: `${who} Somebody`, text: `text ${n}`, device: 'd', at: 1000 * n },
  ...more,
});

describe('what is written', () => {
  it('has one head for what one person writes soon after another', () => {
    const all = [
      ...[writing(1, 'Ada'), writing(2, 'Ada'), writing(3, 'Bo')],
      ...[writing(4, 'Ada'), writing(500, 'Ada')],
    ];
    expect(linesOf(all, []).map(({ first }) => first)).toEqual([true, false, true, true, true]);
  });

  it('shows where one was away', () => {
    const all = [writing(1, 'Ada'), writing(2, 'Ada'), writing(3, 'Ada')];
    const lines = linesOf(all, [2]);
    expect(lines.map(({ gap }) => gap)).toEqual([false, false, true]);
    expect(lines.map(({ first }) => first)).toEqual([true, false, true]);
    expect(linesOf(all, [3]).some(({ gap }) => gap)).toBe(false); // nothing has come since
  });

  it('is told one by one, or by how much it is', () => {
    const [one, two] = [writing(1, 'Ada'), writing(2, 'Bo')];
    expect(newsOf([one], true)).toBe('Ada writes: text 1');
    expect(newsOf([one, two], true)).toBe('2 new messages in the chat.');
    expect(newsOf([one, two], false)).toBe('There is something new in the chat.');
  });

  it('is gathered in a flood', () => {
    vi.useFakeTimers();
    const told: number[][] = [];
    const news = gathered<number>((all) => told.push(all), 100);
    for (let n = 0; n < 5; n++) {
      news.take(n);
      vi.advanceTimersByTime(30);
    }
    vi.advanceTimersByTime(100);
    expect(told).toEqual([[0, 1, 2, 3], [4]]);
    news.take(5);
    news.stop();
    vi.advanceTimersByTime(1000);
    expect(told).toHaveLength(2);
    vi.useRealTimers();
  });
});

it('reactions are added up, and said in words', () => {
  const sum = added(added(new Map(), { '👏': 2, '🍰': 9 }), { '👏': 1, '❤️': 1 });
  expect(Object.fromEntries(sum)).toEqual({ '👏': 3, '❤️': 1 }); // there is no cake
  expect(sumWords(sum)).toBe('3 × applause and a heart');
});

it('an address is tidied, or none', () => {
  for (const [typed, url] of [
    ['https://example.org', 'https://example.org/'],
    [' example.org/a?b=c#d ', 'https://example.org/a?b=c#d'],
    ['https://bücher.example/ä', 'https://xn--bcher-kva.example/%C3%A4'],
    ['https://example.org\\@evil.example', 'https://example.org/@evil.example'],
  ] as const) {
    expect(tidied(typed), typed).toBe(url);
  }
  for (const typed of [
    ...['', 'plan', 'http://example.org', 'javascript:alert(1)//.', 'https://u@example.org'],
    ...['https://u:p@example.org', 'data:text/html,a.b', 'two words.example'],
  ]) {
    expect(tidied(typed), typed).toBeUndefined();
  }
});

it('what most have chosen is one, or none', () => {
  expect(bestOf(['a', 'b', 'c'], [1, 3, 2])).toBe('b');
  expect(bestOf(['a', 'b', 'c'], [3, 3, 2])).toBeUndefined();
  expect(bestOf(['a', 'b'], [0, 0])).toBeUndefined();
});

it('time is a figure', () => {
  expect([0, 7, 65, 3600].map(figure)).toEqual(['0:00', '0:07', '1:05', '60:00']);
});

describe('in a room', () => {
  const view = signal<View>({
    ...{ seq: 1, count: 2, opened: '', title: '', visibility: 'open', hands: 'everyone' },
    ...{ chat: 'everyone', people: [] },
  });
  const me = { who: 'me', name: 'Me', role: 'listener', muted: true, followed: false, entered: 1 };
  const writings = signal<readonly Writing[]>([]);
  const state = signal('live');
  const mine = signal<object>(me);
  const clock = signal<ReadonlyMap<string, number> | undefined>(new Map());
  const say = vi.fn(async (_: string) => {});
  const emoji = vi.fn(async (_: string) => {});
  let reacted: (reactions: Reactions) => void;
  let happened: (event: object, before: View) => void;
  let stop: () => void;
  const here = {
    ...{ view, writings, state, me: mine, clock, say, react: emoji },
    stage: signal([{ who: 'ada' }, { who: 'bo' }]),
    myVote: signal(1),
    tally: signal({ counts: [1, 3] }),
    watchReactions: (watcher: typeof reacted) => {
      reacted = watcher;
      return () => {};
    },
    watch: (watcher: typeof happened) => {
      happened = watcher;
      return () => {};
    },
  } as unknown as Seat;

  beforeEach(() => {
    vi.useFakeTimers();
    writings.value = [];
    state.value = 'live';
    mine.value = me;
    announcement.value = '';
    toast.value = '';
    visit.value = { kind: 'here', room: 'r', seat: here };
    stop = startBeside();
  });
  afterEach(() => {
    stop();
    visit.value = { kind: 'none' };
    vi.useRealTimers();
    vi.clearAllMocks();
  });

  it('counts what one has not read, and says once that there is something', () => {
    writings.value = [writing(1, 'ada')];
    writings.value = [...writings.value, writing(2, 'me'), writing(3, 'bo')];
    expect(unread.value).toBe(2); // one’s own is none
    vi.advanceTimersByTime(2000);
    expect(announcement.value).toBe('There is something new in the chat.');
    announcement.value = '';
    writings.value = [...writings.value, writing(4, 'bo')];
    vi.advanceTimersByTime(2000);
    expect(announcement.value).toBe('');
    const away = read();
    expect(unread.value).toBe(0);
    writings.value = [...writings.value, writing(5, 'bo', { name: 'Bo Nilsen' })];
    vi.advanceTimersByTime(2000);
    expect([unread.value, announcement.value]).toEqual([0, 'Bo writes: text 5']);
    away();
    writings.value = [...writings.value, writing(6, 'bo')];
    expect(unread.value).toBe(1);
  });

  it('does not count what was taken back as new', () => {
    writings.value = [writing(1, 'ada'), writing(2, 'bo')];
    const { text: _, ...rest } = writing(1, 'ada', { unsaid: 'ada' });
    writings.value = [rest, writing(2, 'bo')];
    expect(unread.value).toBe(2);
  });

  it('notes where one was away', () => {
    state.value = 'reconnecting';
    state.value = 'live';
    expect(gaps.value).toEqual([]); // there was nothing before
    writings.value = [writing(7, 'ada')];
    state.value = 'reconnecting';
    state.value = 'live';
    expect(gaps.value).toEqual([7]);
  });

  it('keeps what cannot be sent', async () => {
    draft.value = '  Hello.  ';
    await send();
    expect([say.mock.calls, draft.value]).toEqual([[['Hello.']], '']);
    await send();
    expect(say).toHaveBeenCalledOnce(); // nothing is to be sent
    say.mockRejectedValueOnce(
      new StoaError({ code: 'too_many', title: 'Too often', status: 429, retry_after: 3 }),
    );
    draft.value = 'Again.';
    await send();
    expect([draft.value, toast.value]).toEqual(['Again.', 'A little slower: again in 3 seconds.']);
    draft.value = 'ä'.repeat(499);
    expect(left.value).toBe(1);
  });

  it('says who may write', () => {
    expect(mayWrite(here)).toBe(true);
    view.value = { ...view.value, chat: 'stage' };
    expect(mayWrite(here)).toBe(false);
    mine.value = { ...me, role: 'speaker' };
    expect(mayWrite(here)).toBe(true);
    view.value = { ...view.value, chat: 'off' };
    expect(mayWrite(here)).toBe(false);
    view.value = { ...view.value, chat: 'everyone' };
  });

  it('sums reactions up for a while, and tells them together', () => {
    const one = { room: 'r', counts: { '👏': 2 }, by: [{ who: 'ada', emoji: '👏' }] };
    reacted(one);
    reacted({ ...one, counts: { '🎉': 1 }, by: [] });
    expect(Object.fromEntries(sum.value)).toEqual({ '👏': 2, '🎉': 1 });
    expect(announcement.value).toBe('');
    vi.advanceTimersByTime(5000);
    expect(announcement.value).toBe('Reactions: 2 × applause and celebration.');
    expect(sum.value.size).toBe(0);
    expect(floats.value).toEqual([]); // nobody's face is to be seen
  });

  it('does not complain about clapping too much', async () => {
    emoji.mockRejectedValueOnce(
      new StoaError({ code: 'too_many', title: 'Too often', status: 429 }),
    );
    await react('👏');
    expect(toast.value).toBe('');
    emoji.mockRejectedValueOnce(new StoaError({ code: 'not_here', title: '', status: 409 }));
    await react('👏');
    expect(toast.value).toBe('You are not in the room any more.');
  });

  it('tells of links, of the chat, and of a poll and its end', () => {
    const people = [{ ...me, who: 'ada', name: 'Ada Lovelace' }] as View['people'];
    const before = { ...view.value, people };
    happened({ pinned: { by: 'ada', url: 'https://example.org/a', text: '' } }, before);
    expect(toast.value).toBe('Ada Lovelace has pinned a link: example.org.');
    happened({ chat_set: { policy: 'off' } }, before);
    expect(toast.value).toBe('Nobody may write now.');
    happened({ poll_opened: { by: 'ada', question: 'Tea?', options: ['yes', 'no'] } }, before);
    expect(announcement.value).toBe('Ada Lovelace asks everyone: Tea?');
    const poll = { poll: 2, by: 'ada', question: 'Tea?', options: ['yes', 'no'] };
    happened({ poll_closed: { poll: 2, counts: [2, 1] } }, { ...before, poll });
    expect(announcement.value).toBe('The poll is closed: Tea? Most have chosen: yes.');
  });

  it('shows links with their hosts, and none that hide where they lead', () => {
    const pin = (n: number, url: string) => ({ pin: n, by: 'ada', url, text: '' });
    const pins = [
      pin(1, 'https://xn--bcher-kva.example/a'),
      pin(2, 'javascript:alert(1)'),
      pin(3, 'https://good.example@evil.example/'),
      pin(4, 'https://example.org:8443/'),
    ];
    view.value = { ...view.value, pins };
    expect(links(here).map(({ pin, host }) => [pin, host])).toEqual([
      [1, 'xn--bcher-kva.example'],
      [4, 'example.org:8443'],
    ]);
  });

  it('shows how a poll stands', () => {
    const poll = { poll: 2, by: 'ada', question: 'Tea?', options: ['yes', 'no'] };
    view.value = { ...view.value, poll };
    expect(optionsOf(here)).toEqual([
      { text: 'yes', count: 1, share: 0.25, mine: false },
      { text: 'no', count: 3, share: 0.75, mine: true },
    ]);
    view.value = { ...view.value, poll: { ...poll, counts: [0, 0] } };
    expect(optionsOf(here).map(({ share }) => share)).toEqual([0, 0]);
  });

  it('shows for how long somebody has spoken, where one wants to know', () => {
    clock.value = new Map([['ada', 120]]);
    expect(spokenBy(here, 'ada')).toBeUndefined();
    showsClock.value = true;
    expect(spokenBy(here, 'ada')).toEqual({ seconds: 120, share: 1 });
    expect(spokenBy(here, 'bo')).toEqual({ seconds: 0, share: 0 });
    clock.value = undefined; // in a closed room
    expect(spokenBy(here, 'ada')).toBeUndefined();
    showsClock.value = false;
  });
});

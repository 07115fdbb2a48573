/**
 * What an event changes in the view of a room: the same rules as
 * internal/room/apply.go, proven against test/vectors/room.json. Views are
 * values; a change makes a new one that shares what has stayed the same.
 */
import type { Emoji, HandPolicy, Participant, Poll, RoomEvent, View } from './protocol.ts';

/** With what one may react. */
export const emojis: readonly Emoji[] = ['👏', '❤️', '😂', '😮', '🎉', '🙏', '🤔', '👍'];

/**
 * Returns the view after an event, which must be the next that was sent. It
 * cannot refuse: it has already happened. `me` stays in the view, shown to
 * others or not.
 */
export function apply(view: View, event: RoomEvent, me?: string): View {
  const before = event.person ? withNewcomer(view, event.person) : view;
  const after = changed(before, event);
  const seen = after.people.filter((p) => shown(p) || p.who === me);
  const people = seen.length < after.people.length ? seen : after.people;
  return { ...after, people, seq: event.seq };
}

/** Whether something was sent between this view and this event that has not come. */
export function isMissing(view: View, event: RoomEvent): boolean {
  return (event.after ?? event.seq - 1) > view.seq;
}

/** Returns the view with a person in it, at their place in the order of coming in. */
export function withNewcomer(view: View, person: Participant): View {
  const others = without(view, person.who).people;
  const before = others.filter((p) => p.entered < person.entered);
  const after = others.filter((p) => p.entered > person.entered);
  return { ...view, people: [...before, person, ...after] };
}

/** Returns the view in which somebody is followed from the stage, or is not. */
export function withFollowed(view: View, who: string, followed: boolean): View {
  return withPerson(view, who, (p) => ({ ...p, followed }));
}

/** Whether this person is shown to all, and not only counted. */
function shown(p: Participant): boolean {
  return onStage(p) || p.sampled === true || p.hand !== undefined || p.asked_until !== undefined;
}

function changed(view: View, e: RoomEvent): View {
  if (e.opened) {
    const { by, name, picture, title, visibility, at, until, club, language, topics } = e.opened;
    const opener: Participant = {
      who: by,
      name,
      ...(picture ? { picture } : {}),
      role: 'moderator',
      muted: true,
      followed: false,
      sampled: true,
      entered: e.seq,
      stage: e.seq,
      chair: e.seq,
      away_until: until,
    };
    return {
      ...fencedBy(view, e.opened.fence),
      ...(club ? { club } : {}),
      ...(language ? { language } : {}),
      ...(topics ? { topics } : {}),
      opened: at,
      title,
      visibility,
      hands: 'everyone',
      chat: 'everyone',
      count: view.count + 1,
      people: [opener],
    };
  }
  if (e.entered) {
    const { who, name, picture, followed, fresh } = e.entered;
    const people = without(view, who).people;
    const listener: Participant = {
      who,
      name,
      ...(picture ? { picture } : {}),
      role: 'listener',
      muted: true,
      followed,
      ...(fresh ? { fresh } : {}),
      sampled: true,
      entered: e.seq,
    };
    return { ...view, count: view.count + 1, people: [...people, listener] };
  }
  if (e.returned) return withPerson(view, e.returned.who, back);
  if (e.went_away) {
    const { who, until } = e.went_away;
    return withPerson(view, who, (p) => ({ ...p, away_until: until }));
  }
  if (e.left) {
    const rest = without(view, e.left.who);
    return { ...rest, count: view.count - view.people.length + rest.people.length };
  }
  if (e.hand_raised) return withPerson(view, e.hand_raised.who, (p) => ({ ...p, hand: e.seq }));
  if (e.hand_lowered) return withPerson(view, e.hand_lowered.who, handDown);
  if (e.hands_set) {
    const { policy } = e.hands_set;
    return {
      ...view,
      hands: policy,
      people: view.people.map((p) => (p.hand && !mayRaise(p, policy) ? handDown(p) : p)),
    };
  }
  if (e.chat_set) return { ...view, chat: e.chat_set.policy };
  if (e.pinned) return { ...view, pins: [...(view.pins ?? []), { pin: e.seq, ...e.pinned }] };
  if (e.unpinned) return unpinned(view, e.unpinned.pin);
  if (e.poll_opened) return { ...view, poll: { poll: e.seq, ...e.poll_opened } };
  if (e.poll_closed) {
    const { poll } = view;
    const { poll: which, counts } = e.poll_closed;
    return poll && isOpen(poll) && poll.poll === which
      ? { ...view, poll: { ...poll, counts } }
      : view;
  }
  if (e.asked_up) {
    const { who, until } = e.asked_up;
    return withPerson(view, who, (p) => ({ ...p, asked_until: until }));
  }
  if (e.ask_over) return withPerson(view, e.ask_over.who, notAsked);
  if (e.stepped_up) return withPerson(view, e.stepped_up.who, (p) => stepOn(p, e.seq));
  if (e.stepped_down) return withPerson(view, e.stepped_down.who, stepOff);
  if (e.muted) return withPerson(view, e.muted.who, (p) => ({ ...p, muted: true }));
  if (e.unmuted) {
    return withPerson(view, e.unmuted.who, (p) => ({ ...p, muted: p.role === 'listener' }));
  }
  if (e.made_moderator) {
    return withPerson(view, e.made_moderator.who, (p) =>
      p.role === 'speaker' ? { ...p, role: 'moderator', chair: e.seq } : p,
    );
  }
  if (e.proof_set) {
    const { proven: _, ...rest } = view;
    return e.proof_set.proven ? { ...rest, proven: true } : rest;
  }
  if (e.described) {
    const { language: _, topics: __, ...rest } = view;
    return { ...rest, ...e.described };
  }
  if (e.shielded) {
    const { shield: _, ...rest } = view;
    return e.shielded.on ? { ...rest, shield: true } : rest;
  }
  if (e.widened) return { ...view, visibility: e.widened.to };
  if (e.fenced) return fencedBy(view, e.fenced.to);
  if (e.regrouped) {
    const followed = new Set(e.regrouped.followed);
    const unfollowed = new Set(e.regrouped.unfollowed);
    return {
      ...view,
      people: view.people.map((p) => {
        const now = !unfollowed.has(p.who) && (p.followed || followed.has(p.who));
        return now === p.followed ? p : { ...p, followed: now };
      }),
    };
  }
  if (e.ended) return { ...view, ended: true, count: 0, people: [] };
  return view; // let_in, or an event that a later version has added
}

/** Whether the hand policy lets this person raise a hand. */
export function mayRaise(p: Participant, policy: HandPolicy): boolean {
  return policy === 'everyone' || (policy === 'followed' && p.followed);
}

/** Whether the room's shield has this person be quiet, as far as the view tells. */
export function isQuiet(p: Participant, view: View): boolean {
  return Boolean(view.shield && p.fresh) && !p.followed && !onStage(p);
}

/** The host that a link leads to, in full. Nothing, when it is no link that may be shown. */
export function hostOf(url: string): string | undefined {
  try {
    const { protocol, username, password, host } = new URL(url);
    return protocol === 'https:' && !username && !password && host ? host : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a poll can be voted in. */
export function isOpen(poll: Poll | undefined): boolean {
  return poll !== undefined && poll.counts === undefined;
}

/**
 * The hands that are up in the order in which it is fair to ask people up: who
 * has been heard for the fewest `seconds` is first, and of those who were heard
 * alike whose hand went up first.
 */
export function queue(
  people: readonly Participant[],
  seconds: ReadonlyMap<string, number>,
): Participant[] {
  const heard = ({ who }: Participant) => seconds.get(who) ?? 0;
  return people
    .filter((p) => !onStage(p) && p.hand)
    .sort((a, b) => heard(a) - heard(b) || (a.hand ?? 0) - (b.hand ?? 0));
}

/** Whether this person stands on the stage. */
export function onStage(p: Participant): boolean {
  return p.role !== 'listener';
}

type Change = (p: Participant) => Participant;

/** A fence that leaves nothing out is none. */
function fencedBy({ fence: _, ...view }: View, to: string | undefined): View {
  return to && to !== '*' ? { ...view, fence: to } : view;
}

function unpinned({ pins = [], ...view }: View, pin: number): View {
  const rest = pins.filter((one) => one.pin !== pin);
  return rest.length > 0 ? { ...view, pins: rest } : view;
}

function withPerson(view: View, who: string, change: Change): View {
  return { ...view, people: view.people.map((p) => (p.who === who ? change(p) : p)) };
}

function without(view: View, who: string): View {
  return { ...view, people: view.people.filter((p) => p.who !== who) };
}

function back({ away_until: _, ...p }: Participant): Participant {
  return p;
}

function handDown({ hand: _, ...p }: Participant): Participant {
  return p;
}

function notAsked({ asked_until: _, ...p }: Participant): Participant {
  return p;
}

function stepOn(p: Participant, seq: number): Participant {
  if (onStage(p)) return p;
  return { ...notAsked(handDown(p)), role: 'speaker', muted: true, stage: seq };
}

function stepOff(p: Participant): Participant {
  if (!onStage(p)) return p;
  const { stage: _, chair: __, ...rest } = p;
  return { ...rest, role: 'listener', muted: true };
}

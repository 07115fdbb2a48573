import { computed, effect, signal } from '@preact/signals';
import { isQuiet, mayRaise, onStage, type Participant, type Person, type Seat } from '@stoa/client';
import { go, route, to } from '../router.ts';
import { fenceWords, firstName, list, problemWords, t } from '../words/index.ts';
import { seen } from './account.ts';
import { announce, say } from './notices.ts';
import { microphone as chosenMicrophone } from './settings.ts';
import { comeIn, leave, seat, visit } from './visit.ts';

/** What one does in a room, and which sheet lies open there: at most one. */

export type RoomSheet =
  | { kind: 'none' }
  | { kind: 'person'; who: string; found?: Participant }
  | { kind: 'removing'; who: string; found?: Participant }
  | { kind: 'reporting'; who: string; found?: Participant }
  | { kind: 'people' }
  | { kind: 'lock' }
  | { kind: 'hands' }
  | { kind: 'menu' }
  | { kind: 'letting_in' }
  | { kind: 'bringing' }
  | { kind: 'leaving'; next?: string }
  | { kind: 'fence' }
  | { kind: 'itinerary' }
  | { kind: 'ending' }
  | { kind: 'chat' }
  | { kind: 'pinning' }
  | { kind: 'polling' }
  | { kind: 'describing' }
  | { kind: 'keys' };

export const sheet = signal<RoomSheet>({ kind: 'none' });
export const closeSheet = () => {
  sheet.value = { kind: 'none' };
};

/** Why the microphone did not open, until it does. */
export const microphoneTrouble = signal<'' | 'microphone_refused' | 'microphone_missing'>('');

/** Who has asked me onto the stage; empty when that was before I came back. */
export const askedBy = signal('');

/** Does something in the room, and says so when it is refused. */
export async function act(what: (seat: Seat) => Promise<unknown>): Promise<void> {
  const here = seat.peek();
  if (!here) return;
  try {
    await what(here);
  } catch (thrown) {
    const problem = seen(thrown);
    if (problem.code === 'microphone_refused' || problem.code === 'microphone_missing') {
      microphoneTrouble.value = problem.code;
      announce(microphoneTroubleWords());
    } else {
      say(problemWords(problem));
    }
  }
}

export function microphoneTroubleWords(): string {
  const { micRefused, micMissing } = t().trouble;
  return microphoneTrouble.value === 'microphone_refused' ? micRefused : micMissing;
}

export const openMicrophone = () =>
  act(async (here) => {
    await here.unmute();
    microphoneTrouble.value = '';
    announce(t().news.onAir);
  });

export const closeMicrophone = () =>
  act(async (here) => {
    await here.mute();
    announce(t().news.muted);
  });

export function toggleMicrophone(): void {
  const here = seat.peek();
  if (!here || !iAmOnStage(here)) return;
  void (here.onAir.peek() ? closeMicrophone() : openMicrophone());
}

export function toggleHand(): void {
  const me = seat.peek()?.me.peek();
  if (!me || onStage(me)) return;
  void act(async (here) => {
    if (me.hand) await here.lowerHand();
    else await here.raiseHand();
    announce(me.hand ? t().news.handDown : t().news.handSeen);
  });
}

/** Whether my hand may go up, now. */
export function mayRaiseHand(here: Seat): boolean {
  const me = here.me.value;
  const view = here.view.value;
  return me !== undefined && mayRaise(me, view.hands) && !isQuiet(me, view);
}

export function iAmOnStage(here: Seat): boolean {
  const me = here.me.value;
  return me !== undefined && onStage(me);
}

export function iModerate(here: Seat): boolean {
  return here.me.value?.role === 'moderator';
}

/** My place in the queue of hands, from 1; 0 when my hand is down. */
export function myPlace(here: Seat): number {
  return here.hands.value.findIndex((p) => p.who === here.me.value?.who) + 1;
}

/** A moderator may send away those who have not moderated for longer. */
export function maySendAway(here: Seat, who: Participant): boolean {
  const me = here.me.value;
  if (me?.role !== 'moderator' || me.who === who.who) return false;
  return who.role !== 'moderator' || (who.chair ?? 0) > (me.chair ?? 0);
}

/** How many listen whom the view does not show. */
export function unseen(here: Seat): number {
  const hidden = here.hidden.value.filter((p) => !onStage(p)).length;
  return here.listeners.value - here.followed.value.length - here.others.value.length - hidden;
}

/** The room ends with the last one on its stage. */
export function endsWithMe(here: Seat): boolean {
  return iAmOnStage(here) && here.view.value.people.filter(onStage).length === 1;
}

/** Goes; asks first where that ends the room for all. */
export function leaveOrAsk(): void {
  const here = seat.peek();
  if (here && endsWithMe(here)) sheet.value = { kind: 'leaving' };
  else leaveNow();
}

/** Goes, into the next room if there is one. */
export function leaveNow(): void {
  const { value: open } = sheet;
  const next = open.kind === 'leaving' ? open.next : undefined;
  const wasShown = route.peek().screen === 'room';
  closeSheet();
  leave();
  if (next) go(to.room(next));
  else if (wasShown) go(to.hallway);
}

/** Comes into a room; asks first where going from another ends that for all. */
export function comeInOrAsk(room: string): void {
  const here = seat.peek();
  if (here && here.room !== room && endsWithMe(here)) {
    go(to.room(here.room), 'replace');
    sheet.value = { kind: 'leaving', next: room };
  } else {
    void comeIn(room);
  }
}

/** Those of `people` who are not here yet. */
export function outside(here: Seat, people: Person[]): Person[] {
  const inside = new Set(here.view.value.people.map((p) => p.who));
  return people.filter((p) => !inside.has(p.id));
}

/** The name of a room, for people: its title, or else who talks there. */
export function roomName(title: string, names: string[]): string {
  if (title) return title;
  return names.length > 0 ? t().room.with(list(names.map(firstName))) : t().room.untitled;
}

export const seatName = (here: Seat) =>
  roomName(
    here.view.value.title,
    here.stage.value.slice(0, 3).map((p) => p.name),
  );

/** Column heights for how loud the room is, 3 to 14. */
export function loudness(here: Seat): number[] {
  const loudest = [...here.levels.value.values()].sort((a, b) => b - a).slice(0, 5);
  const order = [4, 1, 0, 2, 3]; // the loudest in the middle
  return order.map((place) => Math.round(3 + (loudest[place] ?? 0) * 11));
}

/** Says who speaks now, to those who cannot see it. */
export function sayWhoSpeaks(): void {
  const here = seat.peek();
  if (!here) return;
  const names = here.stage
    .peek()
    .filter((p) => here.voices.peek().has(p.who))
    .map((p) => firstName(p.name));
  say(names.length > 0 ? t().news.speaking(list(names), names.length) : t().news.silence);
}

/** Shows `seconds` until a time, counted down. */
export const now = signal(Date.now());

/** My invitation to the stage: how many seconds it still stands; 0 without one. */
export const askedFor = computed(() => {
  const until = seat.value?.me.value?.asked_until;
  if (!until) return 0;
  return Math.max(0, Math.ceil((Date.parse(until) - now.value) / 1000));
});

/** Tells what happens in the room to those who do not see it; returns how to stop. */
export function startStage(): () => void {
  const stops = [
    effect(() => {
      const here = seat.value;
      closeSheet();
      microphoneTrouble.value = '';
      askedBy.value = '';
      if (!here) return;
      return here.watch((event, before) => {
        const me = here.me.peek();
        // Of a large audience somebody may come into sight by this, or leave it.
        const nameOf = (who: string) =>
          [...here.view.peek().people, ...before.people].find((p) => p.who === who)?.name ??
          t().none;
        const { news } = t();
        if (event.asked_up?.who === me?.who) {
          askedBy.value = nameOf(event.asked_up?.by ?? '');
          announce(t().asked.by(askedBy.peek()));
        } else if (event.ask_over?.who === me?.who) {
          if (event.ask_over?.why === 'expired') announce(news.askOver);
        } else if (event.stepped_up) {
          const { who } = event.stepped_up;
          announce(who === me?.who ? news.youOnStage : news.stepped_up(nameOf(who)));
        } else if (event.stepped_down) {
          const { who } = event.stepped_down;
          announce(who === me?.who ? news.youInAudience : news.stepped_down(nameOf(who)));
        } else if (event.fenced) {
          const { by, to } = event.fenced;
          const name = nameOf(by);
          say(to === '*' ? news.unfenced(name) : news.fenced(name, fenceWords(to)));
        } else if (event.made_moderator) {
          const { who } = event.made_moderator;
          announce(who === me?.who ? news.youModerate : news.made_moderator(nameOf(who)));
        } else if (event.muted && event.muted.who === me?.who && event.muted.by !== me.who) {
          say(news.youMuted);
        } else if (event.hand_raised && me?.role === 'moderator') {
          announce(news.hand(nameOf(event.hand_raised.who)));
        }
      });
    }),
    effect(() => {
      const here = seat.value;
      if (!here || !chosenMicrophone.value) return;
      here.useMicrophone(chosenMicrophone.value).catch(() => {}); // the next unmute says why
    }),
    effect(() => {
      const state = seat.value?.state.value;
      if (state === 'reconnecting') announce(t().news.reconnecting);
      else if (state === 'live' && wasReconnecting) announce(t().news.back);
      wasReconnecting = state === 'reconnecting';
    }),
    effect(() => {
      if (!seat.value?.me.value?.asked_until) return;
      now.value = Date.now();
      const timer = setInterval(() => {
        now.value = Date.now();
      }, 1000);
      return () => clearInterval(timer);
    }),
    effect(() => {
      if (visit.value.kind === 'over')
        announce(t().over[visit.value.ending === 'left' ? 'ended' : visit.value.ending][0] ?? '');
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

let wasReconnecting = false;

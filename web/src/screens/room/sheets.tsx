import { useSignal } from '@preact/signals';
import type { Participant, Seat } from '@stoa/client';
import { onStage } from '@stoa/client';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { account } from '../../models/account.ts';
import { person as personOf } from '../../models/people.ts';
import { ready } from '../../models/resource.ts';
import {
  act,
  askedBy,
  askedFor,
  closeSheet,
  endsWithMe,
  iModerate,
  leaveNow,
  maySendAway,
  type RoomSheet,
  seatName,
  sheet,
} from '../../models/stage.ts';
import { Laurel } from '../../parts/brand.tsx';
import { Face } from '../../parts/face.tsx';
import { FollowButton } from '../../parts/follow.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Sheet, SheetHead } from '../../parts/sheet.tsx';
import { to } from '../../router.ts';
import { firstName, month, t } from '../../words/index.ts';
import { HandsPanel } from './hands.tsx';
import { late } from './late.ts';
import { Device, LockSheet } from './lock.tsx';
import { Fencing, LettingIn, RoomMenu } from './menu.tsx';
import { People } from './people.tsx';
import { ReportButton, Reporting } from './reporting.tsx';

/**
 * The sheet that lies over the room, at most one. An invitation to the stage
 * comes before all others, since it passes.
 */
export function RoomSheets({ seat }: { seat: Seat }) {
  if (askedFor.value > 0) {
    return (
      <Sheet key="asked" labelledby="sheet" over onClose={() => void act((s) => s.decline())}>
        <Asked seat={seat} />
      </Sheet>
    );
  }
  const open = sheet.value;
  const inside = content(seat, open);
  return (
    inside && (
      <Sheet key={open.kind} labelledby="sheet" over onClose={closeSheet}>
        {inside}
      </Sheet>
    )
  );
}

function content(seat: Seat, open: RoomSheet): ComponentChildren {
  switch (open.kind) {
    case 'none':
      return null;
    case 'person':
    case 'removing':
    case 'reporting': {
      const person = seat.view.value.people.find((p) => p.who === open.who) ?? open.found;
      if (!person) return null;
      if (open.kind === 'removing') return <Removing person={person} />;
      if (open.kind === 'reporting') return <Reporting seat={seat} person={person} />;
      return <PersonSheet seat={seat} person={person} />;
    }
    case 'people':
      return <People seat={seat} />;
    case 'lock':
      return <LockSheet seat={seat} />;
    case 'hands':
      return <Hands seat={seat} />;
    case 'bringing':
    case 'chat':
    case 'pinning':
    case 'polling':
    case 'describing':
      return late.value?.sheetOf(seat, open.kind);
    case 'menu':
      return <RoomMenu seat={seat} />;
    case 'letting_in':
      return <LettingIn seat={seat} />;
    case 'fence':
      return iModerate(seat) ? <Fencing seat={seat} /> : null;
    case 'itinerary':
      return <ItinerarySheet seat={seat} />;
    case 'leaving':
      return <Leaving seat={seat} />;
    case 'ending':
      return <Ending seat={seat} />;
    case 'keys':
      return <Keys />;
  }
}

/** The nodes between people. Few look: it is loaded when somebody does. */
function ItinerarySheet({ seat }: { seat: Seat }) {
  const view = useSignal<typeof import('./itinerary.tsx') | undefined>(undefined);
  useEffect(() => {
    void import('./itinerary.tsx').then((loaded) => {
      view.value = loaded;
    });
  }, [view]);
  const Itinerary = view.value?.Itinerary;
  return (
    <div class="stack roomy" data-test="itinerary-sheet">
      <SheetHead id="sheet" onClose={closeSheet}>
        {t().itinerary.title}
      </SheetHead>
      {Itinerary ? <Itinerary seat={seat} /> : <p class="meta">{t().loading}</p>}
    </div>
  );
}

function Asked({ seat }: { seat: Seat }) {
  const words = t().asked;
  const by = seat.stage.value.find((p) => p.name === askedBy.value);
  return (
    <div class="stack" data-test="asked">
      <div class="flex">
        {by && <Face id={by.who} name={by.name} picture={by.picture} size={56} />}
        <div class="grow">
          <h2 id="sheet" class="h3">
            {askedBy.value ? words.by(firstName(askedBy.value)) : words.bySomebody}
          </h2>
          <p>{words.why}</p>
          <p class="meta num">{words.left(askedFor.value)}</p>
        </div>
      </div>
      <div class="flex wrap">
        <button
          type="button"
          class="btn grow"
          data-test="decline-stage"
          onClick={() => void act((s) => s.decline())}
        >
          {words.stay}
        </button>
        <button
          type="button"
          class="btn live grow"
          data-test="accept-stage"
          onClick={() => void act((s) => s.stepUp())}
        >
          {words.go}
        </button>
      </div>
    </div>
  );
}

function PersonSheet({ seat, person }: { seat: Seat; person: Participant }) {
  const words = t();
  const Beside = late.value;
  const isMe = account.value.kind === 'in' && account.value.me.id === person.who;
  const known = personOf(person.who);
  useEffect(() => void known.refresh(), [known]);
  const profile = ready(known.shown.value);
  return (
    <div class="stack" data-test="person-sheet">
      <SheetHead id="sheet" onClose={closeSheet}>
        <span class="flex">
          <Face id={person.who} name={person.name} picture={person.picture} size={56} />
          <span class="grow h3">
            {person.role === 'moderator' && <Laurel />}
            {person.name}
          </span>
        </span>
      </SheetHead>
      {isMe ? (
        <p class="meta">{words.person.self}</p>
      ) : (
        profile && (
          <p class="meta">
            {profile.follows_me
              ? words.person.followsYou
              : words.person.since(month(profile.since))}
          </p>
        )
      )}
      <div class="flex wrap">
        {!isMe && profile && <FollowButton person={profile} />}
        <a class="btn grow" href={isMe ? to.me : to.person(person.who)}>
          {words.person.profile}
        </a>
      </div>
      <Device who={person.who} />
      <Acts seat={seat} person={person} />
      {!isMe && <ReportButton person={person} />}
      {!isMe && (
        <a
          class="btn"
          href={to.report('person', person.who)}
          data-test="report-person"
          onClick={closeSheet}
        >
          <Icon name="flag" />
          {words.toWardens}
        </a>
      )}
      {!isMe && Beside && <Beside.SpareSomebody seat={seat} person={person} />}
    </div>
  );
}

/** What a moderator, or the person, may do about somebody in the room. */
function Acts({ seat, person }: { seat: Seat; person: Participant }) {
  const words = t().person;
  const who = person.who;
  const isMe = seat.me.value?.who === who;
  const up = onStage(person);
  const moderates = iModerate(seat);
  const then = (what: (seat: Seat) => Promise<unknown>) => () => {
    closeSheet();
    void act(what);
  };
  return (
    <div class="stack close">
      {isMe && up && (
        <button
          type="button"
          class="btn w"
          data-test="step-down"
          onClick={then((s) => s.stepDown())}
        >
          {words.stepDown}
        </button>
      )}
      {moderates && !isMe && (
        <>
          {!up && (
            <button
              type="button"
              class="btn ink w"
              data-test="ask-up"
              disabled={person.asked_until !== undefined}
              onClick={then((s) => s.askUp(who))}
            >
              {person.asked_until ? words.askedUp : words.askUp}
            </button>
          )}
          {person.hand && (
            <button type="button" class="btn w" onClick={then((s) => s.lowerHand(who))}>
              {words.lowerHand}
            </button>
          )}
          {up && !person.muted && (
            <button
              type="button"
              class="btn w"
              data-test="mute-them"
              onClick={then((s) => s.mute(who))}
            >
              <Icon name="mic-off" />
              {words.mute}
            </button>
          )}
          {person.role === 'speaker' && (
            <button
              type="button"
              class="btn w"
              data-test="make-moderator"
              onClick={then((s) => s.makeModerator(who))}
            >
              <Laurel />
              {words.makeModerator}
            </button>
          )}
          {up && maySendAway(seat, person) && (
            <button
              type="button"
              class="btn w"
              data-test="move-down"
              onClick={then((s) => s.moveDown(who))}
            >
              {words.moveDown}
            </button>
          )}
          {maySendAway(seat, person) && (
            <button
              type="button"
              class="btn danger w"
              data-test="remove"
              onClick={() => (sheet.value = { kind: 'removing', who, found: person })}
            >
              {words.remove}
            </button>
          )}
        </>
      )}
    </div>
  );
}

function Removing({ person }: { person: Participant }) {
  const words = t().person;
  const name = firstName(person.name);
  return (
    <Confirm
      heading={words.removeSure(name)}
      why={words.removeWhy}
      yes={words.removeYes(name)}
      test="remove-sure"
      onYes={() => {
        closeSheet();
        void act((s) => s.remove(person.who));
      }}
    />
  );
}

function Ending({ seat }: { seat: Seat }) {
  const words = t().menu;
  if (!iModerate(seat)) return null;
  return (
    <Confirm
      heading={words.endSure}
      why={words.endWhy}
      yes={words.endYes}
      test="end-sure"
      onYes={() => {
        closeSheet();
        void act((s) => s.end());
      }}
    />
  );
}

function Leaving({ seat }: { seat: Seat }) {
  const words = t().menu;
  return (
    <Confirm
      heading={words.leaveSure}
      why={endsWithMe(seat) ? words.leaveEnds : seatName(seat)}
      yes={words.leaveYes}
      test="leave-sure"
      onYes={leaveNow}
    />
  );
}

interface ConfirmProps {
  heading: string;
  why: string;
  /** The verb, in full. */
  yes: string;
  test: string;
  onYes: () => void;
}

function Confirm({ heading, why, yes, test, onYes }: ConfirmProps) {
  return (
    <div class="stack">
      <h2 id="sheet" class="h3">
        {heading}
      </h2>
      <p>{why}</p>
      <div class="flex wrap">
        <button type="button" class="btn grow" onClick={closeSheet}>
          {t().cancel}
        </button>
        <button type="button" class="btn danger sure grow" data-test={test} onClick={onYes}>
          {yes}
        </button>
      </div>
    </div>
  );
}

function Hands({ seat }: { seat: Seat }) {
  const Beside = late.value;
  return (
    <div class="stack">
      <SheetHead id="sheet" onClose={closeSheet}>
        {t().hands.raised(seat.hands.value.length)}
      </SheetHead>
      {Beside ? <Beside.Queue seat={seat} /> : <HandsPanel seat={seat} />}
    </div>
  );
}

function Keys() {
  const { keys } = t();
  const rows: [string, string][] = [
    ['M', keys.m],
    [keys.space_name, keys.space],
    ['H', keys.h],
    ['L', keys.l],
    ['S', keys.s],
    ['C', keys.c],
    ['R', keys.r],
    [keys.arrows_name, keys.arrows],
    ['?', keys.help],
  ];
  return (
    <div class="stack">
      <SheetHead id="sheet" onClose={closeSheet}>
        {keys.title}
      </SheetHead>
      <dl class="keys">
        {rows.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p class="meta">{keys.off}</p>
    </div>
  );
}

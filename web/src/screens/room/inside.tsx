import type { Participant, Seat } from '@stoa/client';
import {
  iAmOnStage,
  leaveOrAsk,
  loudness,
  mayRaiseHand,
  myPlace,
  seatName,
  sheet,
  toggleHand,
  unseen,
} from '../../models/stage.ts';
import { Columns } from '../../parts/brand.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Microphone } from '../../parts/microphone.tsx';
import { useRoving } from '../../parts/roving.ts';
import { useSampled } from '../../parts/sampled.ts';
import { to } from '../../router.ts';
import { clock, fenceWords, number, t } from '../../words/index.ts';
import { late } from './late.ts';
import { LockTag } from './lock.tsx';
import { shareRoom } from './menu.tsx';
import { Person } from './person.tsx';
import { Troubles } from './troubles.tsx';

/** Inside a room: the stage, the audience, and the bar with what one can do. */
export function Inside({ seat }: { seat: Seat }) {
  const Beside = late.value;
  return (
    <>
      <main class="pane" id="main" data-test="room">
        <Top seat={seat} />
        <Troubles seat={seat} />
        {Beside && <Beside.Warnings seat={seat} />}
        <Head seat={seat} />
        {Beside && <Beside.Links seat={seat} />}
        <Stage seat={seat} />
        {Beside && <Beside.PollCard seat={seat} />}
        {Beside && <Beside.QueueStrip seat={seat} />}
        <Audience seat={seat} />
        <Bar seat={seat} />
      </main>
      <aside class="pane" aria-label={t().room.beside}>
        {Beside && <Beside.Side seat={seat} />}
      </aside>
      {Beside && <Beside.Floats />}
    </>
  );
}

function Top({ seat }: { seat: Seat }) {
  const words = t();
  const open = seat.view.value.visibility === 'open';
  return (
    <header class="top back">
      <a class="btn bare only-phone" href={to.hallway} data-test="to-hallway">
        <Icon name="chevron-down" />
        {words.nav.hallway}
      </a>
      <span class="grow" />
      {open && (
        <button
          type="button"
          class="btn icon bare"
          aria-label={words.menu.shareLink}
          data-test="share"
          onClick={() => void shareRoom(seat)}
        >
          <Icon name="share-2" />
        </button>
      )}
      <button
        type="button"
        class="btn icon bare"
        aria-label={words.menu.title}
        aria-expanded={sheet.value.kind === 'menu'}
        data-test="menu"
        onClick={() => (sheet.value = { kind: 'menu' })}
      >
        <Icon name="ellipsis" />
      </button>
    </header>
  );
}

function Head({ seat }: { seat: Seat }) {
  const words = t();
  const { visibility, opened, fence, club } = seat.view.value;
  const listeners = seat.listeners.value;
  return (
    <div class="pad stack room-head">
      {club?.name && (
        <a class="of-club" href={to.club(club.id)} dir="auto" data-test="room-club">
          {club.name}
        </a>
      )}
      <span class="eyebrow">
        <RoomColumns seat={seat} />
        {words.card.visibility[visibility]} · {words.card.since(clock(opened))}
      </span>
      <Heading room={seat.room}>{seatName(seat)}</Heading>
      <div class="flex wrap">
        <LockTag seat={seat} />
        {fence && (
          <span class="tag plain" data-test="fence-tag">
            <Icon name="fence" />
            {fenceWords(fence)}
          </span>
        )}
        <span class="tag plain">
          <Icon name="headphones" />
          <span class="num" aria-hidden="true">
            {number(listeners)}
          </span>
          <span class="vh">{words.card.listening(listeners)}</span>
        </span>
      </div>
    </div>
  );
}

/** How loud it is, once a second. */
function RoomColumns({ seat }: { seat: Seat }) {
  const heights = useSampled(() => loudness(seat));
  return <Columns heights={heights} />;
}

function Stage({ seat }: { seat: Seat }) {
  const stage = seat.stage.value;
  const grid = useRoving<HTMLUListElement>();
  const size = stage.length <= 2 ? ' few' : stage.length > 12 ? ' many' : '';
  return (
    <>
      <section class={`stage${size}`} aria-labelledby="stage" data-test="stage">
        <h2 class="vh" id="stage">
          {t().room.stage}
        </h2>
        <ul class="bays" ref={grid}>
          {stage.map((p) => (
            <Person key={p.who} seat={seat} person={p} />
          ))}
        </ul>
      </section>
      <div class="steps" aria-hidden="true" />
    </>
  );
}

function Audience({ seat }: { seat: Seat }) {
  const words = t().room;
  const followed = seat.followed.value;
  const others = seat.others.value;
  const more = unseen(seat);
  if (seat.listeners.value === 0) {
    return <p class="pad soft audience-empty">{words.audienceEmpty}</p>;
  }
  return (
    <div class="audience">
      {followed.length > 0 && (
        <Crowd seat={seat} id="followed" name={words.followed} people={followed} />
      )}
      {others.length + more > 0 && (
        <Crowd seat={seat} id="others" name={words.others} people={others} more={more} />
      )}
    </div>
  );
}

interface CrowdProps {
  seat: Seat;
  id: string;
  name: string;
  people: Participant[];
  /** How many there are besides. */
  more?: number;
}

const farFrom = 24; // people who are still drawn large

/** A part of the audience. Of a large one some are drawn, and the others counted. */
function Crowd({ seat, id, name, people, more = 0 }: CrowdProps) {
  const grid = useRoving<HTMLUListElement>();
  const all = people.length + more;
  return (
    <section aria-labelledby={id} data-test={id}>
      <h2 class="sub" id={id}>
        {name} <span class="num">{number(all)}</span>
      </h2>
      <ul class={more > 0 || people.length > farFrom ? 'crowd far' : 'crowd'} ref={grid}>
        {people.map((p) => (
          <Person key={p.who} seat={seat} person={p} />
        ))}
      </ul>
      {more > 0 && (
        <div class="pad more">
          <button
            type="button"
            class="btn s"
            aria-label={t().room.findAmong(more)}
            data-test="find"
            onClick={() => (sheet.value = { kind: 'people' })}
          >
            <Icon name="search" />
            <span class="num">{t().room.more(more)}</span>
          </button>
        </div>
      )}
    </section>
  );
}

function Bar({ seat }: { seat: Seat }) {
  const onStage = iAmOnStage(seat);
  const Beside = late.value;
  return (
    <div class="bar" data-test="bar">
      <LeaveButton />
      <span class="gap" />
      {Beside && <Beside.ReactButton />}
      {Beside && <Beside.ChatButton />}
      {onStage ? <Microphone seat={seat} /> : <HandButton seat={seat} />}
    </div>
  );
}

function LeaveButton() {
  const words = t().room;
  return (
    <button type="button" class="btn leave" data-test="leave" onClick={leaveOrAsk}>
      <Icon name="log-out" />
      <span>{words.leave}</span>
    </button>
  );
}

function HandButton({ seat }: { seat: Seat }) {
  const words = t().room;
  const up = seat.me.value?.hand !== undefined;
  const may = mayRaiseHand(seat);
  const place = myPlace(seat);
  const label = up
    ? words.lowerHand
    : may
      ? words.raiseHand
      : seat.view.value.hands === 'followed'
        ? words.handsFollowedOnly
        : words.handsClosed;
  return (
    <>
      {place > 0 && <span class="meta">{words.place(place)}</span>}
      <button
        type="button"
        class="btn icon"
        aria-pressed={up}
        aria-label={label}
        title={label}
        data-test="hand"
        disabled={!up && !may}
        onClick={toggleHand}
      >
        <Icon name="hand" />
      </button>
    </>
  );
}

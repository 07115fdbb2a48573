import { useSignal } from '@preact/signals';
import type { NewsPiece } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import {
  answer,
  byDay,
  fresh,
  lookAtNews,
  lookFurther,
  type Told,
  told,
} from '../../models/activity.ts';
import { attempt } from '../../parts/attempt.ts';
import { Face } from '../../parts/face.tsx';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { s } from '../../words/activity.ts';
import { clock, day, firstName } from '../../words/index.ts';
import { leads, saying } from './saying.ts';

/** What there is for me, day by day. */
export function ActivityScreen() {
  const words = s();
  useEffect(() => {
    void lookAtNews();
    return () => {
      fresh.value = new Set();
    };
  }, []);
  return (
    <Porch>
      <BackTop>
        <a class="btn bare" href={to.telling} data-test="to-telling">
          <Icon name="settings" />
          {words.how}
        </a>
      </BackTop>
      <div class="pad stack wide-gap narrow">
        <h1 tabIndex={-1}>{words.title}</h1>
        <Loadable of={told}>
          {(of) => (of.pieces.length > 0 ? <Days of={of} /> : <None />)}
        </Loadable>
      </div>
    </Porch>
  );
}

function None() {
  const words = s();
  return (
    <div class="stack close" data-test="no-news">
      <h2 class="h3">{words.none}</h2>
      <p class="soft">{words.noneWhy}</p>
    </div>
  );
}

function Days({ of }: { of: Told }) {
  const words = s();
  const asking = useSignal(false);
  const further = async () => {
    asking.value = true;
    await attempt(() => lookFurther(of));
    asking.value = false;
  };
  return (
    <div class="stack wide-gap" data-test="news">
      {byDay(of.pieces).map((one) => (
        <section key={one.day} class="stack close">
          <h2 class="sub bare-sub">{dayName(one.day)}</h2>
          <ul class="list">
            {one.pieces.map((piece) => (
              <Row key={piece.id} piece={piece} />
            ))}
          </ul>
        </section>
      ))}
      {of.next && (
        <button
          type="button"
          class="btn align-start"
          data-test="more-news"
          disabled={asking.value}
          onClick={() => void further()}
        >
          {words.more}
        </button>
      )}
    </div>
  );
}

function dayName(date: string): string {
  const words = s();
  const now = new Date();
  if (date === now.toDateString()) return words.today;
  now.setDate(now.getDate() - 1);
  return date === now.toDateString() ? words.yesterday : day(date);
}

const icons: Partial<Record<NewsPiece['kind'], IconName>> = {
  club_admitted: 'users',
  club_role: 'users',
  plan_soon: 'clock',
  plan_open: 'door-open',
  plan_moved: 'calendar',
  plan_cancelled: 'calendar',
  security_signed_in: 'monitor',
  security_recovered: 'key-round',
  security_passkey: 'fingerprint',
  security_address: 'lock',
};

function Row({ piece }: { piece: NewsPiece }) {
  const { who } = piece;
  const words = s();
  const isNew = fresh.value.has(piece.id);
  const where = leads(piece);
  const inside = (
    <>
      {who ? (
        <Face id={who.id} name={who.name} picture={who.picture} size={40} />
      ) : (
        <span style={{ width: '40px', textAlign: 'center' }}>
          <Icon name={icons[piece.kind] ?? 'bell'} />
        </span>
      )}
      <span class="grow" dir="auto">
        {isNew ? <b>{saying(piece)}</b> : saying(piece)}
        <span class="meta">
          <time dateTime={piece.at}>{clock(piece.at)}</time>
          {isNew && ` · ${words.isNew}`}
        </span>
      </span>
    </>
  );
  return (
    <li class="flex" data-test={`news-${piece.kind}`} data-new={isNew || undefined}>
      {where ? (
        <a class="row grow" href={where}>
          {inside}
        </a>
      ) : (
        <div class="row grow">{inside}</div>
      )}
      <Act piece={piece} />
    </li>
  );
}

/** What a piece asks one to do. */
function Act({ piece }: { piece: NewsPiece }) {
  const words = s();
  const { kind, who, room, club, open } = piece;
  const does = (says: string, done: string) => (
    <button
      type="button"
      class="btn s"
      data-test={`answer-${kind}`}
      onClick={() => void attempt(() => answer(piece), done)}
    >
      {says}
    </button>
  );
  if (room) {
    return (
      <a class="btn live s" href={to.room(room.id)} data-test="news-go">
        {words.goIn}
      </a>
    );
  }
  if (!open) return null;
  if (kind === 'follow' && who) return does(words.followBack, words.followed(firstName(who.name)));
  if (kind === 'plan_hosting') return does(words.host, words.hosting);
  return (
    club && (
      <a class="btn s" href={to.club(club.id)}>
        {words.look}
      </a>
    )
  );
}

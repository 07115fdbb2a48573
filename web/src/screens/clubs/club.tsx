import { useSignal } from '@preact/signals';
import type { Club, StoaError } from '@stoa/client';
import { useEffect, useMemo } from 'preact/hooks';
import {
  club,
  coming,
  isIn,
  leads,
  leave,
  mayOpen,
  setFollowed,
  wayIn,
} from '../../models/clubs.ts';
import { hallway } from '../../models/hallway.ts';
import { ready } from '../../models/resource.ts';
import { looked } from '../../models/title.ts';
import { sealing } from '../../models/visit.ts';
import { attempt } from '../../parts/attempt.ts';
import { Scene } from '../../parts/brand.tsx';
import { RoomCard } from '../../parts/card.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { Mark } from '../../parts/mark.tsx';
import { OpenRoom, useOpening } from '../../parts/opening.tsx';
import { BackTop, Landing, Porch } from '../../parts/shell.tsx';
import { useTabs } from '../../parts/tabs.ts';
import { to } from '../../router.ts';
import { c } from '../../words/clubs.ts';
import { languageName } from '../../words/form.ts';
import { dayAndClock, month, t } from '../../words/index.ts';
import { JoinSheet, Rules } from './join.tsx';
import { counts } from './list.tsx';
import { Leads, Members } from './members.tsx';
import { ClubMenu } from './menu.tsx';
import { NominateSheet } from './nominate.tsx';

export type ClubSheet = '' | 'join' | 'menu' | 'nominate';

/** A club: what it is, how one comes in, its rooms, its people and its rules. */
export function ClubScreen({ id }: { id: string }) {
  const found = club(id);
  const sheet = useSignal<ClubSheet>('');
  useEffect(() => void found.refresh(), [found]);
  const shown = found.shown.value;
  const there = ready(shown)?.value;
  const name = there?.name ?? '';
  useEffect(() => {
    looked.value = name;
    return () => {
      looked.value = '';
    };
  }, [name]);
  if (shown.kind === 'failed' && isGone(shown.problem)) return <Gone />;
  const close = () => {
    sheet.value = '';
  };
  return (
    <>
      <Porch aside={there && <Aside club={there} />}>
        <BackTop up={{ href: to.clubs, says: t().nav.clubs }}>
          {there && (
            <button
              type="button"
              class="btn icon bare"
              aria-label={c().club.menu}
              data-test="club-menu"
              onClick={() => (sheet.value = 'menu')}
            >
              <Icon name="ellipsis" />
            </button>
          )}
        </BackTop>
        {!there && (
          <h1 class="vh" tabIndex={-1}>
            {c().club.name}
          </h1>
        )}
        <Loadable of={found} waiting={<ClubBones />}>
          {({ value }) => (
            <>
              <Head club={value} onSheet={(which) => (sheet.value = which)} />
              <Parts club={value} />
            </>
          )}
        </Loadable>
      </Porch>
      {sheet.value === 'join' && <JoinSheet id={id} onClose={close} />}
      {there && sheet.value === 'menu' && (
        <ClubMenu club={there} onClose={close} onNominate={() => (sheet.value = 'nominate')} />
      )}
      {there && sheet.value === 'nominate' && <NominateSheet club={there} onClose={close} />}
    </>
  );
}

const isGone = ({ code }: StoaError) => code === 'no_club' || code === 'no_such_thing';

function Gone() {
  const words = c().gone;
  return (
    <Landing art={<Scene />}>
      <Heading test="no-club">{words.heading}</Heading>
      <p class="lead">{words.why}</p>
      <a class="btn ink align-start" href={to.clubs}>
        {words.back}
      </a>
    </Landing>
  );
}

function Head({ club, onSheet }: { club: Club; onSheet: (which: ClubSheet) => void }) {
  const { id, name, about, standing, followed, listed } = club;
  const words = c().club;
  const way = wayIn(club);
  const longest = Math.max(...name.split(/[\s-]/).map((word) => [...word].length));
  const note = way === 'in' || way === 'asked' || way === 'accept' ? standing : undefined;
  return (
    <div class="pad stack club-head">
      <div class={`flex club-name${longest > 12 ? ' long' : ''}${longest > 20 ? ' longer' : ''}`}>
        <div class="grow stack tight" lang={club.language}>
          <Heading club small={longest > 12}>
            {name}
          </Heading>
          <p class="soft" lang="" data-test="counts">
            {counts(club)}
          </p>
        </div>
        <Mark id={id} name={name} size={84} />
      </div>
      {about && (
        <p class="bio" dir="auto" data-test="about">
          {about}
        </p>
      )}
      {note && (
        <p class={way === 'accept' ? 'strange' : 'meta'} data-test="standing">
          {words.standing[note as keyof typeof words.standing]}
        </p>
      )}
      {way === 'nomination' && <p class="meta">{words.nomination}</p>}
      <div class="flex wrap">
        {(way === 'join' || way === 'ask' || way === 'accept') && (
          <button
            type="button"
            class="btn ink"
            data-test="join"
            data-way={way}
            onClick={() => onSheet('join')}
          >
            {words[way]}
          </button>
        )}
        {(way === 'asked' || way === 'accept') && (
          <button
            type="button"
            class="btn"
            data-test="not-join"
            onClick={() =>
              void attempt(() => leave(id), way === 'asked' ? words.tookBack : words.declined)
            }
          >
            {way === 'asked' ? words.takeBack : words.decline}
          </button>
        )}
        {way === 'in' && (
          <button
            type="button"
            class="btn"
            data-test="nominate"
            onClick={() => onSheet('nominate')}
          >
            <Icon name="user-plus" />
            {leads(standing) ? words.invite : words.nominate}
          </button>
        )}
        {way !== 'in' && listed && (
          <button
            type="button"
            class="btn"
            data-test="follow-club"
            data-followed={followed}
            onClick={() =>
              void attempt(() => setFollowed(id, !followed), followed ? '' : words.following)
            }
          >
            {followed ? words.unfollow : words.follow}
          </button>
        )}
      </div>
    </div>
  );
}

type Part = 'rooms' | 'members' | 'rules';

function Parts({ club }: { club: Club }) {
  const words = c().club;
  const shown = useSignal<Part>('rooms');
  const tabs = useTabs<HTMLDivElement>();
  const inside = isIn(club.standing);
  const names: [Part, string][] = [
    ['rooms', words.tabs.rooms],
    ['members', inside ? words.tabs.members : words.tabs.leads],
    ['rules', words.tabs.rules],
  ];
  return (
    <>
      <div class="tabs" role="tablist" aria-label={words.sections} ref={tabs}>
        {names.map(([part, name]) => (
          <button
            type="button"
            key={part}
            role="tab"
            id={`tab-${part}`}
            aria-selected={shown.value === part}
            aria-controls="club-part"
            tabIndex={shown.value === part ? 0 : -1}
            data-test={`part-${part}`}
            onClick={() => (shown.value = part)}
          >
            {name}
            {part === 'members' && leads(club.standing) && (club.pending ?? 0) > 0 && (
              <span class="num sign" data-test="pending-count">
                {club.pending}
              </span>
            )}
          </button>
        ))}
      </div>
      <div
        class="club-part"
        role="tabpanel"
        id="club-part"
        aria-labelledby={`tab-${shown.value}`}
        tabIndex={-1}
      >
        {shown.value === 'rooms' ? (
          <Rooms club={club} />
        ) : shown.value === 'rules' ? (
          <div class="pad">
            {club.rules.length > 0 ? (
              <Rules rules={club.rules} />
            ) : (
              <p class="soft">{words.noRules}</p>
            )}
          </div>
        ) : inside ? (
          <Members club={club} />
        ) : (
          <div class="pad stack close">
            <Leads club={club} />
            <p class="meta">{c().members.onlyMembers}</p>
          </div>
        )}
      </div>
    </>
  );
}

/** The rooms of the club that one may enter now. */
function Rooms({ club }: { club: Club }) {
  const words = c().club;
  const opening = useOpening(club.id);
  return (
    <>
      <h2 class="vh">{words.tabs.rooms}</h2>
      <Loadable of={hallway}>
        {(cards) => {
          const rooms = cards.filter((card) => card.club?.id === club.id);
          return rooms.length > 0 ? (
            <div class="rooms">
              {rooms.map((card) => (
                <RoomCard key={card.id} card={card} own />
              ))}
            </div>
          ) : (
            <div class="pad stack tight" data-test="no-rooms">
              <p>{words.noRooms}</p>
              <p class="soft">{mayOpen(club) ? words.noRoomsMember : words.noRoomsOther}</p>
            </div>
          );
        }}
      </Loadable>
      {mayOpen(club) && sealing.value && (
        <div class="pad open-here">
          <button type="button" class="btn live" data-test="open-here" onClick={opening.open}>
            <Icon name="plus" />
            {words.open}
          </button>
        </div>
      )}
      <Coming club={club} />
      <OpenRoom of={opening} />
    </>
  );
}

/** What is planned there; where there is nothing, nothing is said. */
function Coming({ club: { id } }: { club: Club }) {
  const found = useMemo(() => coming(id), [id]);
  useEffect(() => void found.refresh(), [found]);
  const plans = (ready(found.shown.value) ?? []).filter(({ state }) => state === 'planned');
  if (plans.length === 0) return null;
  return (
    <section class="pad" data-test="club-plans">
      <h2 class="sub bare-sub">{c().club.coming}</h2>
      <ul class="list">
        {plans.map((p) => (
          <li key={p.id}>
            <a class="row" href={to.plan(p.id)}>
              <Icon name="calendar" />
              <span class="grow">
                <b dir="auto">{p.title}</b>
                <span>
                  <time dateTime={p.starts}>{dayAndClock(p.starts)}</time>
                </span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Aside({ club }: { club: Club }) {
  const words = c().club;
  return (
    <div class="pad stack wide-gap">
      <section class="stack close">
        <h2 class="sub bare-sub">{words.tabs.rules}</h2>
        {club.rules.length > 0 ? <Rules rules={club.rules} /> : <p class="meta">{words.noRules}</p>}
      </section>
      <section>
        <h2 class="sub bare-sub">{words.tabs.leads}</h2>
        <Leads club={club} />
      </section>
      <p class="meta">
        {words.since(month(club.created))}
        {club.language && ` · ${words.language(languageName(club.language))}`}
      </p>
    </div>
  );
}

function ClubBones() {
  return (
    <div class="pad stack">
      <span class="vh">{t().loading}</span>
      <div class="skel tall half" />
      <div class="skel short" />
      <div class="skel" />
      <div class="skel most" />
    </div>
  );
}

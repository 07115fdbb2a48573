import type { Person } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { account } from '../models/account.ts';
import { roomOf } from '../models/hallway.ts';
import { followers, following, person } from '../models/people.ts';
import type { Resource } from '../models/resource.ts';
import { roomName } from '../models/stage.ts';
import { seat } from '../models/visit.ts';
import { Columns } from '../parts/brand.tsx';
import { Dock } from '../parts/dock.tsx';
import { Face } from '../parts/face.tsx';
import { FollowButton } from '../parts/follow.tsx';
import { Loadable } from '../parts/loadable.tsx';
import { BackTop, Porch } from '../parts/shell.tsx';
import { to } from '../router.ts';
import { month, t } from '../words/index.ts';

/** Somebody else. */
export function PersonScreen({ id }: { id: string }) {
  const found = person(id);
  useEffect(() => void found.refresh(), [found]);
  return (
    <Porch>
      <BackTop />
      <div class="pad stack roomy">
        <Loadable of={found}>{(p) => <Profile person={p} />}</Loadable>
      </div>
      {seat.value && <Dock seat={seat.value} />}
    </Porch>
  );
}

function Profile({ person: p }: { person: Person }) {
  const words = t().person;
  const room = roomOf(p.id);
  const isMe = account.value.kind === 'in' && account.value.me.id === p.id;
  return (
    <>
      <Portrait
        id={p.id}
        name={p.name}
        since={p.since}
        note={p.follows_me ? words.followsYou : ''}
      />
      {!isMe && (
        <div class="flex wrap narrow">
          <FollowButton person={p} />
        </div>
      )}
      {room && (
        <a class="pin live-pin" href={to.room(room.id)}>
          <Columns />
          <span>
            <b>{words.onStageNow}</b>
            <br />
            <span class="meta">
              {roomName(
                room.title,
                room.stage.map((s) => s.name),
              )}
            </span>
          </span>
        </a>
      )}
    </>
  );
}

function Portrait({
  id,
  name,
  since,
  note,
}: {
  id: string;
  name: string;
  since: string;
  note: string;
}) {
  return (
    <div class="flex portrait">
      <Face id={id} name={name} size={112} />
      <div class="grow stack close">
        <h1 class="h2" tabIndex={-1}>
          {name}
        </h1>
        <p class="meta">{t().person.since(month(since))}</p>
        {note && <p class="meta">{note}</p>}
      </div>
    </div>
  );
}

/** Oneself, as others see one, and the people around. */
export function MeScreen() {
  const words = t();
  useEffect(() => {
    void following.refresh();
    void followers.refresh();
  }, []);
  if (account.value.kind !== 'in') return null;
  const { me } = account.value;
  const lists = (
    <>
      <People title={words.me.following} none={words.me.noFollowing} people={following} />
      <People title={words.me.followers} none={words.me.noFollowers} people={followers} />
    </>
  );
  return (
    <Porch aside={<div class="pad stack wide-gap">{lists}</div>}>
      <BackTop />
      <div class="pad stack roomy">
        <Portrait id={me.id} name={me.name} since={me.created} note="" />
        <div class="flex wrap narrow">
          <a class="btn grow" href={to.settings}>
            {words.nav.settings}
          </a>
          <a class="btn grow" href={to.invites}>
            {words.nav.invites}
          </a>
        </div>
        <div class="only-phone stack roomy">{lists}</div>
      </div>
      {seat.value && <Dock seat={seat.value} />}
    </Porch>
  );
}

function People({
  title,
  none,
  people,
}: {
  title: string;
  none: string;
  people: Resource<Person[]>;
}) {
  return (
    <section>
      <h2 class="sub bare-sub">{title}</h2>
      <Loadable of={people}>
        {(found) =>
          found.length === 0 ? (
            <p class="meta">{none}</p>
          ) : (
            <ul class="list">
              {found.map((p) => (
                <li key={p.id}>
                  <a class="row" href={to.person(p.id)}>
                    <Face id={p.id} name={p.name} size={40} />
                    <span class="grow">
                      <b>{p.name}</b>
                    </span>
                  </a>
                </li>
              ))}
            </ul>
          )
        }
      </Loadable>
    </section>
  );
}

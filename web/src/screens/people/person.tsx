import type { Person, PersonProfile } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { account } from '../../models/account.ts';
import { levelOf } from '../../models/blocks.ts';
import { roomOf } from '../../models/hallway.ts';
import { followers, following, person } from '../../models/people.ts';
import { type Resource, ready } from '../../models/resource.ts';
import { roomName } from '../../models/stage.ts';
import { Columns } from '../../parts/brand.tsx';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { Mark } from '../../parts/mark.tsx';
import { BackTop, PhoneTop, Porch } from '../../parts/shell.tsx';
import { Spare } from '../../parts/spare.tsx';
import { to } from '../../router.ts';
import { t } from '../../words/index.ts';
import { p as w } from '../../words/people.ts';
import { About, Bearing } from './about.tsx';
import { Following } from './following.tsx';
import { Suggestions } from './suggestions.tsx';

/** Somebody: by their id, or their handle with an `@`. */
export function PersonScreen({ id }: { id: string }) {
  const found = person(id);
  useEffect(() => void found.refresh(), [found]);
  return (
    <Porch>
      <BackTop />
      <div class="pad stack roomy narrow">
        {found.shown.value.kind !== 'ready' && (
          <h1 class="vh" tabIndex={-1}>
            {t().person.profile}
          </h1>
        )}
        <Loadable of={found}>{(p) => <Profile person={p} />}</Loadable>
      </div>
    </Porch>
  );
}

function Profile({ person: p }: { person: PersonProfile }) {
  const words = t().person;
  const room = roomOf(p.id);
  const isMe = account.value.kind === 'in' && account.value.me.id === p.id;
  return (
    <>
      <Bearing person={p} note={p.follows_me ? words.followsYou : ''} />
      {isMe ? (
        <a class="btn" href={to.edit}>
          {t().edit.title}
        </a>
      ) : (
        <>
          {levelOf(p.id) !== 'block' && (
            <>
              <Following person={p} />
              <a class="btn" href={to.writeTo(p.id)} data-test="write-to">
                <Icon name="message" />
                {t().message}
              </a>
            </>
          )}
          <Spare person={p} />
          <a class="btn s" href={to.report('person', p.id)} data-test="report-person">
            <Icon name="flag" />
            {t().toWardens}
          </a>
        </>
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
      <About person={p} />
      <ClubsOf person={p} />
    </>
  );
}

/** The clubs that somebody shows, as far as one may see them. */
function ClubsOf({ person: { clubs = [] } }: { person: Pick<PersonProfile, 'clubs'> }) {
  const words = w().person;
  if (clubs.length === 0) return null;
  return (
    <section data-test="clubs-of">
      <h2 class="sub bare-sub">{words.clubs}</h2>
      <ul class="list">
        {clubs.map(({ id, name, role }) => (
          <li key={id}>
            <a class="row" href={to.club(id)}>
              <Mark id={id} name={name} size={40} />
              <span class="grow">
                <b dir="auto">{name}</b>
                <span>{words.roles[role]}</span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Oneself, as others see one, and the people around. */
export function MeScreen() {
  const words = w().me;
  const signedIn = account.value.kind === 'in' ? account.value.me : undefined;
  const mine = person(signedIn?.id ?? '');
  useEffect(() => {
    if (signedIn) void mine.refresh();
    void following.refresh();
    void followers.refresh();
  }, [mine]);
  if (!signedIn) return null;
  const known = ready(mine.shown.value);
  // What was changed just now is known before it is asked for again.
  const me = { ...known, ...signedIn, since: signedIn.created };
  const lists = (
    <>
      <Suggestions />
      <a class="row" href={to.find} data-test="to-find">
        <Icon name="users" />
        <span class="grow">
          <b>{words.find}</b>
          <span>{words.findWhy}</span>
        </span>
      </a>
      <People title={words.following} none={words.noFollowing} people={following} />
      <People title={words.followers} none={words.noFollowers} people={followers} />
    </>
  );
  const blank = known && !me.picture && !known.bio && !known.links && !known.pronouns;
  return (
    <Porch aside={<div class="pad stack wide-gap">{lists}</div>}>
      <PhoneTop bare />
      <div class="pad stack roomy narrow">
        <Bearing person={me} />
        {blank && <p class="soft">{words.blank}</p>}
        <div class="flex wrap">
          <a class="btn ink grow" href={to.edit} data-test="edit-profile">
            {t().edit.title}
          </a>
          <a class="btn grow" href={to.invites}>
            {t().nav.invites}
          </a>
          <a class="btn icon" href={to.settings} aria-label={t().nav.settings}>
            <Icon name="settings" />
          </a>
        </div>
        <About person={me} />
        <ClubsOf person={me} />
        <div class="only-phone stack roomy">{lists}</div>
      </div>
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
                    <Face id={p.id} name={p.name} picture={p.picture} size={40} />
                    <span class="grow">
                      <b>{p.name}</b>
                      {p.handle && <span>@{p.handle}</span>}
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

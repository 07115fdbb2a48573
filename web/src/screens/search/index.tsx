import type { ClubCard, Found, Person, Plan } from '@stoa/client';
import { useEffect, useRef } from 'preact/hooks';
import { announce } from '../../models/notices.ts';
import { ask, found, look, looked } from '../../models/search.ts';
import { RoomCard } from '../../parts/card.tsx';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Bones } from '../../parts/loadable.tsx';
import { Mark } from '../../parts/mark.tsx';
import { Part } from '../../parts/part.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { dayAndClock, number, problemWords, t } from '../../words/index.ts';
import { s } from '../../words/search.ts';

/** Rooms, people and clubs by words. */
export function SearchScreen() {
  const words = s();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <Porch
      aside={
        <div class="pad stack">
          <p class="meta">{words.whom}</p>
        </div>
      }
    >
      <BackTop />
      <div class="pad stack wide-gap">
        <search class="stack close">
          <h1 tabIndex={-1}>{words.title}</h1>
          <form
            class="field"
            onSubmit={(event) => {
              event.preventDefault();
              void ask();
            }}
          >
            <label for="search">{words.label}</label>
            <div class="with-before">
              <span class="sign" aria-hidden="true">
                <Icon name="search" />
              </span>
              <input
                ref={input}
                id="search"
                type="search"
                data-test="search"
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                enterkeyhint="search"
                maxLength={100}
                placeholder={words.hint}
                value={looked.value}
                onInput={(event) => look(event.currentTarget.value)}
              />
            </div>
          </form>
        </search>
        <Results />
      </div>
    </Porch>
  );
}

function Results() {
  const words = s();
  const shown = found.value;
  const count = shown?.kind === 'ready' ? counted(shown.value) : undefined;
  useEffect(() => {
    if (count !== undefined)
      announce(count > 0 ? words.found(count) : words.nothing(looked.peek()));
  }, [shown, count, words]);
  switch (shown?.kind) {
    case undefined:
      return (
        <div class="stack close soft" data-test="search-hint">
          <p>{words.what}</p>
          <p class="only-phone">{words.whom}</p>
          <a class="btn s align-start" href={to.find} data-test="to-find">
            <Icon name="users" />
            {words.find}
          </a>
        </div>
      );
    case 'loading':
      return (
        <div aria-busy="true">
          <Bones />
        </div>
      );
    case 'failed':
      return (
        <div class="stack failed">
          <p class="err" role="alert">
            <Icon name="triangle-alert" />
            {problemWords(shown.problem)}
          </p>
          <button type="button" class="btn" data-test="search-again" onClick={() => void ask()}>
            {t().again}
          </button>
        </div>
      );
    case 'ready':
      return count === 0 ? (
        <div class="stack close" data-test="search-nothing">
          <h2 class="h3">{words.nothing(looked.value.trim())}</h2>
          <p class="soft">{words.nothingWhy}</p>
        </div>
      ) : (
        <Lists of={shown.value} />
      );
  }
}

const counted = ({ rooms, people, clubs, plans }: Found) =>
  rooms.length + people.length + clubs.length + plans.length;

function Lists({ of: { rooms, people, clubs, plans } }: { of: Found }) {
  const words = s();
  return (
    <div class="stack wide-gap" data-test="search-found">
      {rooms.length > 0 && (
        <section aria-labelledby="found-rooms">
          <h2 class="sub bare-sub" id="found-rooms">
            {words.rooms}
          </h2>
          <div class="rooms architrave found-rooms">
            {rooms.map((card) => (
              <RoomCard key={card.id} card={card} />
            ))}
          </div>
        </section>
      )}
      {plans.length > 0 && (
        <Part title={words.plans} test="found-plans">
          {plans.map((plan) => (
            <PlanRow key={plan.id} plan={plan} />
          ))}
        </Part>
      )}
      {people.length > 0 && (
        <Part title={words.people} test="found-people">
          {people.map((person) => (
            <PersonRow key={person.id} person={person} />
          ))}
        </Part>
      )}
      {clubs.length > 0 && (
        <Part title={words.clubs} test="found-clubs">
          {clubs.map((club) => (
            <ClubRow key={club.id} club={club} />
          ))}
        </Part>
      )}
    </div>
  );
}

function PersonRow({
  person: { id, name, handle, picture, followed, follows_me },
}: {
  person: Person;
}) {
  const words = s();
  const how = followed ? words.followed : follows_me ? words.followsYou : '';
  return (
    <a class="row" href={to.person(id)} data-test={`found-${id}`}>
      <Face id={id} name={name} picture={picture} size={48} />
      <span class="grow">
        <b dir="auto">{name}</b>
        <span>{[handle && `@${handle}`, how].filter(Boolean).join(' · ')}</span>
      </span>
    </a>
  );
}

function PlanRow({ plan: { id, title, starts, club } }: { plan: Plan }) {
  return (
    <a class="row" href={to.plan(id)} data-test={`found-${id}`}>
      <Icon name="calendar" />
      <span class="grow">
        <b class="say" dir="auto">
          {title}
        </b>
        <span>{[dayAndClock(starts), club?.name].filter(Boolean).join(' · ')}</span>
      </span>
    </a>
  );
}

function ClubRow({ club: { id, name, about, members } }: { club: ClubCard }) {
  return (
    <a class="row club-row" href={to.club(id)} data-test={`found-${id}`}>
      <Mark id={id} name={name} size={48} />
      <span class="grow">
        <b class="say" dir="auto">
          {name}
        </b>
        <span>{s().members(members, number(members))}</span>
        {about && (
          <span class="two-lines" dir="auto">
            {about}
          </span>
        )}
      </span>
    </a>
  );
}

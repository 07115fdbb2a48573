import type { Person } from '@stoa/client';
import type { Standing } from '@stoa/client/discovery';
import { useEffect } from 'preact/hooks';
import {
  follow,
  found,
  hitch,
  kept,
  look,
  otherKey,
  progress,
  standing,
  stop,
  turn,
  typed,
} from '../../models/find.ts';
import { ready } from '../../models/resource.ts';
import { looked } from '../../models/title.ts';
import { attempt } from '../../parts/attempt.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { w } from '../../words/find.ts';
import { day, firstName, number } from '../../words/index.ts';
import { MyCode } from './code.tsx';

export { visit } from '../../models/find.ts';

/** Two who know each other find each other here, when both list the other. */
export function FindScreen() {
  const words = w();
  useEffect(() => {
    looked.value = words.title;
  }, [words]);
  useEffect(() => {
    hitch.value = '';
    void standing.refresh();
    void found.refresh();
  }, []);
  const aside = (
    <>
      <MyCode />
      <Kept />
    </>
  );
  return (
    <Porch aside={<div class="pad stack wide-gap">{aside}</div>}>
      <BackTop />
      <div class="pad stack wide-gap narrow">
        <div class="stack">
          <h1 tabIndex={-1}>{words.title}</h1>
          <p class="soft">{words.what}</p>
          <details class="plain-fold" data-test="find-learns">
            <summary>{words.more}</summary>
            <ul class="facts">
              {words.learns.map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          </details>
        </div>
        <Loadable of={standing}>{(now) => <Mine now={now} />}</Loadable>
        <div class="only-phone stack wide-gap">{aside}</div>
      </div>
    </Porch>
  );
}

function Mine({ now }: { now: Standing }) {
  const words = w();
  const { on, mine } = now.stands;
  const some = (ready(found.shown.value)?.length ?? 0) > 0;
  const by = words.by[mine[0] ?? 'handle'] ?? '';
  return (
    <>
      <section class="stack close">
        <label class="row">
          <span class="grow">
            <b>{words.on}</b>
            <span>{on ? words.onWhy(by) : words.offWhy}</span>
          </span>
          <input
            type="checkbox"
            class="sw"
            data-test="find-on"
            checked={on}
            onChange={(event) => void turn(event.currentTarget.checked)}
          />
        </label>
        {mine.length === 0 && (
          <p class="flex wrap" data-test="find-nameless">
            <span class="grow">{words.nameless}</span>
            <a class="btn s" href={to.edit}>
              {words.takeHandle}
            </a>
          </p>
        )}
      </section>
      {on && (
        <>
          {some && <Found />}
          <List now={now} />
          {!some && <Found />}
        </>
      )}
    </>
  );
}

/** Whom one lists: in this browser alone. */
function List({ now: { stands, entries } }: { now: Standing }) {
  const words = w();
  const text = typed.value ?? kept();
  const waiting = entries.filter((entry) => !entry.value).length;
  const { left, more_at } = stands.budget;
  const busy = progress.value;
  const changed = typed.value !== undefined && typed.value !== kept();
  return (
    <form
      class="stack close"
      data-test="find-form"
      onSubmit={(event) => {
        event.preventDefault();
        void look();
      }}
    >
      <div class="field">
        <label for="find-list">{words.list}</label>
        <textarea
          id="find-list"
          data-test="find-list"
          rows={5}
          spellcheck={false}
          autocapitalize="none"
          autocomplete="off"
          placeholder={words.hint}
          disabled={busy !== undefined}
          aria-invalid={hitch.value !== ''}
          aria-describedby={hitch.value ? 'find-hitch find-why' : 'find-why'}
          value={text}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
            hitch.value = '';
          }}
        />
        {hitch.value && (
          <span class="err" role="alert" id="find-hitch" data-test="find-hitch">
            <Icon name="triangle-alert" />
            {hitch.value}
          </span>
        )}
        <span class="meta" id="find-why">
          {words.listWhy}
        </span>
      </div>
      {otherKey.value && (
        <p class="pin" data-test="find-other-key">
          {words.otherKey}
        </p>
      )}
      {busy ? (
        <div class="stack close" data-test="find-progress">
          <progress
            max={Math.max(busy.of, 1)}
            value={busy.asked}
            aria-label={words.asking(number(busy.asked), number(busy.of))}
          />
          <div class="flex">
            <span class="meta grow num" aria-hidden="true">
              {words.asking(number(busy.asked), number(busy.of))}
            </span>
            <button type="button" class="btn s" data-test="find-stop" onClick={stop}>
              {words.stop}
            </button>
          </div>
        </div>
      ) : (
        <div class="flex wrap">
          <button
            type="submit"
            class="btn ink"
            data-test="find-look"
            disabled={!changed && entries.length === 0}
          >
            <Icon name="search" />
            {changed && text.trim() === '' ? words.save : words.look}
          </button>
          <span class="meta grow" data-test="find-count">
            {words.listed(entries.length, number(entries.length))}{' '}
            {waiting > 0 && words.waiting(waiting, number(waiting))}
          </span>
        </div>
      )}
      <p class="meta" data-test="find-budget">
        {more_at ? words.leftFrom(number(left), day(more_at)) : words.left(number(left))}{' '}
        {words.whyBudget}
      </p>
    </form>
  );
}

function Found() {
  const words = w();
  return (
    <section class="stack close" data-test="find-found">
      <h2 class="sub bare-sub">{words.found}</h2>
      <Loadable of={found}>
        {(people) =>
          people.length === 0 ? (
            <div class="stack tight" data-test="find-nobody">
              <b>{words.nobody}</b>
              <p class="soft">{words.nobodyWhy}</p>
            </div>
          ) : (
            <ul class="list">
              {people.map((one) => (
                <li key={one.id}>
                  <One person={one} />
                </li>
              ))}
            </ul>
          )
        }
      </Loadable>
    </section>
  );
}

function One({ person }: { person: Person }) {
  const words = w();
  const { id, name, handle, picture, followed } = person;
  return (
    <div class="row" data-test={`found-${id}`}>
      <a class="who grow" href={to.person(id)}>
        <Face id={id} name={name} picture={picture} size={44} />
        <span class="grow">
          <b dir="auto">{name}</b>
          <span>
            {[handle && `@${handle}`, followed && words.following].filter(Boolean).join(' · ')}
          </span>
        </span>
      </a>
      {!followed && (
        <button
          type="button"
          class="btn s"
          aria-label={words.followWho(name)}
          data-test={`found-follow-${id}`}
          onClick={() => void attempt(() => follow(person), words.followed(firstName(name)))}
        >
          {words.follow}
        </button>
      )}
    </div>
  );
}

/** What the house keeps of it. */
function Kept() {
  const words = w();
  if (!ready(standing.shown.value)?.stands.on) return null;
  return (
    <section class="stack close">
      <h2 class="sub bare-sub">{words.stored}</h2>
      <p class="soft">{words.storedWhat}</p>
      <a class="btn s align-start" href={to.stored}>
        {words.seeStored}
      </a>
    </section>
  );
}

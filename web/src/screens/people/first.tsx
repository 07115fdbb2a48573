import { useSignal } from '@preact/signals';
import type { Me } from '@stoa/client';
import { useEffect, useMemo } from 'preact/hooks';
import { account, house, seen } from '../../models/account.ts';
import { person } from '../../models/people.ts';
import { limits, type ProfileForm, profileForm } from '../../models/profile.ts';
import { ready, resource } from '../../models/resource.ts';
import { attempt } from '../../parts/attempt.ts';
import { Face } from '../../parts/face.tsx';
import { FollowButton } from '../../parts/follow.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { Porch } from '../../parts/shell.tsx';
import { go, to } from '../../router.ts';
import { first as words } from '../../words/first.ts';
import { firstName } from '../../words/index.ts';
import { topicsByName } from '../../words/topics.ts';
import { PicturePart } from './picture.tsx';

/** What somebody may want to do who has just come into the house. */
export function FirstScreen() {
  const me = account.value.kind === 'in' ? account.value.me : undefined;
  return me ? <First key={me.id} me={me} /> : null;
}

function First({ me }: { me: Me }) {
  const w = words();
  const form = useMemo(() => resource(() => profileForm(me.id, house)), [me.id]);
  useEffect(() => void form.refresh(), [form]);
  return (
    <Porch bare>
      <div class="pad stack wide-gap narrow" data-test="first">
        <div class="stack tight">
          <Heading>{w.title(firstName(me.name))}</Heading>
          <p class="soft">{w.what}</p>
        </div>
        <Loadable of={form}>
          {(of) => (
            <>
              <PicturePart me={me} onChange={() => void of.refresh().catch(seen)} />
              <Interests form={of} />
              {of.base.value.invited_by && <Inviter id={of.base.value.invited_by.id} />}
              <Telling />
              <Done form={of} />
            </>
          )}
        </Loadable>
      </div>
    </Porch>
  );
}

/** All topics, to be tapped. */
function Interests({ form }: { form: ProfileForm }) {
  const w = words();
  const chosen = form.draft.value.interests;
  const isFull = chosen.length >= limits.interests;
  return (
    <section class="stack close" aria-labelledby="interests">
      <h2 class="sub bare-sub" id="interests">
        {w.interests}
      </h2>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is no flex container everywhere */}
      <div class="chips" role="group" aria-labelledby="interests" aria-describedby="interests-why">
        {topicsByName().map(([topic, name]) => {
          const on = chosen.includes(topic);
          return (
            <button
              key={topic}
              type="button"
              class="chip"
              aria-pressed={on}
              disabled={isFull && !on}
              data-test={`like-${topic}`}
              onClick={() =>
                form.type({
                  interests: on ? chosen.filter((other) => other !== topic) : [...chosen, topic],
                })
              }
            >
              {name}
            </button>
          );
        })}
      </div>
      <p class="meta" id="interests-why" role="status">
        {isFull ? w.enough : w.interestsWhy}
      </p>
    </section>
  );
}

/** Who has invited one is known already, and may be followed. */
function Inviter({ id }: { id: string }) {
  const w = words();
  const found = person(id);
  useEffect(() => void found.refresh(), [found]);
  const who = ready(found.shown.value);
  if (!who) return null; // they are gone, or it did not come: it is nothing that one waits for
  return (
    <section class="stack close" data-test="first-inviter">
      <h2 class="sub bare-sub">{w.knows}</h2>
      <div class="row">
        <Face id={who.id} name={who.name} picture={who.picture} size={48} />
        <span class="grow">
          <b dir="auto">{who.name}</b>
          <span>{w.invited(firstName(who.name))}</span>
        </span>
      </div>
      <div class="flex">
        <FollowButton person={who} />
      </div>
    </section>
  );
}

function Telling() {
  const w = words();
  return (
    <section class="stack close">
      <h2 class="sub bare-sub">{w.telling}</h2>
      <a class="row" href={to.telling} data-test="first-telling">
        <Icon name="bell" />
        <span class="grow">
          <b>{w.tellingHow}</b>
          <span>{w.tellingWhy}</span>
        </span>
      </a>
    </section>
  );
}

/** What was chosen is saved, and the hallway opens. */
function Done({ form }: { form: ProfileForm }) {
  const w = words();
  const busy = useSignal(false);
  const done = async () => {
    busy.value = true;
    await attempt(async () => {
      if (!form.changed.peek() || (await form.save()) === 'saved') go(to.hallway, 'replace');
    });
    busy.value = false;
  };
  return (
    <div class="flex wrap">
      <button
        type="button"
        class="btn live grow"
        data-test="first-done"
        disabled={busy.value}
        onClick={() => void done()}
      >
        {w.done}
      </button>
      <button
        type="button"
        class="btn"
        data-test="first-later"
        onClick={() => {
          form.discard();
          go(to.hallway, 'replace');
        }}
      >
        {w.later}
      </button>
    </div>
  );
}

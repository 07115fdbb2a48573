import { useSignal } from '@preact/signals';
import type { ClubCard } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { clubs, leave, listed } from '../../models/clubs.ts';
import { ready } from '../../models/resource.ts';
import { attempt } from '../../parts/attempt.ts';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { useFocusNotLost } from '../../parts/lost.ts';
import { Mark } from '../../parts/mark.tsx';
import { More } from '../../parts/more.tsx';
import { Part } from '../../parts/part.tsx';
import { PhoneTop, Porch } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { c } from '../../words/clubs.ts';
import { number } from '../../words/index.ts';
import { JoinSheet } from './join.tsx';

/** The clubs I have to do with, and those to find. */
export function ClubsScreen() {
  const words = c().list;
  useFocusNotLost(ready(clubs.shown.value)?.invited.length ?? 0);
  useEffect(() => {
    void clubs.refresh();
    void listed.refresh();
  }, []);
  return (
    <Porch
      aside={
        <div class="pad stack">
          <Found />
          <p class="meta">{words.what}</p>
        </div>
      }
    >
      <PhoneTop />
      <div class="pad stack wide-gap clubs">
        <div class="stack tight">
          <Heading>{words.title}</Heading>
          <p class="soft only-phone">{words.what}</p>
        </div>
        <Loadable of={clubs}>
          {({ invited, mine, asked, followed: all }) => {
            // Those that I am in, or want to be in, stand above.
            const followed = all.filter(({ standing }) => standing === 'none');
            const none = invited.length + mine.length + asked.length + followed.length === 0;
            return (
              <>
                {invited.length > 0 && (
                  <Part title={words.invited} test="clubs-invited">
                    {invited.map((one) => (
                      <Invited key={one.id} club={one} />
                    ))}
                  </Part>
                )}
                {mine.length > 0 && (
                  <Part title={words.mine} test="clubs-mine">
                    {mine.map((one) => (
                      <Row key={one.id} club={one} />
                    ))}
                  </Part>
                )}
                {none && (
                  <div class="stack close" data-test="no-clubs">
                    <h2>{words.none}</h2>
                    <p class="soft">{words.noneWhy}</p>
                  </div>
                )}
                {asked.length > 0 && (
                  <Part title={words.asked} test="clubs-asked">
                    {asked.map((one) => (
                      <Row key={one.id} club={one} />
                    ))}
                  </Part>
                )}
                {followed.length > 0 && (
                  <Part title={words.followed} test="clubs-followed">
                    {followed.map((one) => (
                      <Row key={one.id} club={one} />
                    ))}
                  </Part>
                )}
              </>
            );
          }}
        </Loadable>
        {clubs.shown.value.kind !== 'failed' && <ToFind />}
      </div>
    </Porch>
  );
}

function ToFind() {
  const words = c().list;
  return (
    <>
      <div class="only-phone">
        <Found />
      </div>
      <section class="stack close" aria-labelledby="listed" data-test="listed">
        <h2 class="sub bare-sub" id="listed">
          {words.listed}
        </h2>
        <Loadable of={listed}>
          {(all) => {
            const others = all.filter(({ id }) => !known(id));
            return others.length === 0 && !listed.rest.value ? (
              <p class="meta">{words.listedNone}</p>
            ) : (
              <>
                <ul class="list">
                  {others.map((one) => (
                    <li key={one.id}>
                      <Row club={one} />
                    </li>
                  ))}
                </ul>
                <More of={listed} says={c().list.more} />
              </>
            );
          }}
        </Loadable>
      </section>
    </>
  );
}

/** What stands above already needs not be found. */
function known(id: string): boolean {
  const all = ready(clubs.shown.value);
  if (!all) return false;
  return [all.mine, all.invited, all.asked, all.followed].some((some) =>
    some.some((one) => one.id === id),
  );
}

function Found() {
  return (
    <a class="btn ink w" href={to.newClub} data-test="found-club">
      <Icon name="plus" />
      {c().list.found}
    </a>
  );
}

function Row({ club }: { club: ClubCard }) {
  const { id, name, about, standing } = club;
  const { roles } = c().list;
  const role = standing === 'founder' || standing === 'admin' ? roles[standing] : '';
  return (
    <a class="row club-row" href={to.club(id)} data-test={`club-${id}`}>
      <Mark id={id} name={name} size={56} />
      <span class="grow">
        <b class="say" dir="auto">
          {name}
        </b>
        <span>{[counts(club), role].filter(Boolean).join(' · ')}</span>
        {about && (
          <span class="two-lines" dir="auto">
            {about}
          </span>
        )}
      </span>
    </a>
  );
}

/** An invitation: it is accepted with the rules, or declined. */
function Invited({ club }: { club: ClubCard }) {
  const words = c().club;
  const accepting = useSignal(false);
  return (
    <div class="stack close invited">
      <Row club={club} />
      <div class="flex wrap">
        <button
          type="button"
          class="btn ink s"
          data-test={`accept-${club.id}`}
          onClick={() => (accepting.value = true)}
        >
          {words.accept}
          <span class="vh">: {club.name}</span>
        </button>
        <button
          type="button"
          class="btn s"
          data-test={`decline-${club.id}`}
          onClick={() => void attempt(() => leave(club.id), words.declined)}
        >
          {words.decline}
          <span class="vh">: {club.name}</span>
        </button>
      </div>
      {accepting.value && <JoinSheet id={club.id} onClose={() => (accepting.value = false)} />}
    </div>
  );
}

/** How many are in it, and how many follow it. */
export function counts({ members, followers, listed }: ClubCard): string {
  const words = c().list;
  return [
    words.members(members, number(members)),
    followers > 0 && words.followers(followers, number(followers)),
    !listed && words.unlisted,
  ]
    .filter(Boolean)
    .join(' · ');
}

import { useSignal } from '@preact/signals';
import type { Club, ClubBarred, ClubMember, ClubWaiting } from '@stoa/client';
import { useEffect, useMemo } from 'preact/hooks';
import { myID } from '../../models/account.ts';
import {
  answer,
  barred,
  leads,
  letOff,
  mayChange,
  members,
  pending,
  remove,
  setRole,
} from '../../models/clubs.ts';
import type { Pages } from '../../models/pages.ts';
import { type Resource, ready } from '../../models/resource.ts';
import { attempt } from '../../parts/attempt.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { useFocusNotLost } from '../../parts/lost.ts';
import { More } from '../../parts/more.tsx';
import { Sheet, SheetHead } from '../../parts/sheet.tsx';
import { Sure } from '../../parts/sure.tsx';
import { to } from '../../router.ts';
import { c } from '../../words/clubs.ts';
import { day } from '../../words/index.ts';

/** Who leads the club: that is to be seen by all who see it. */
export function Leads({ club }: { club: Club }) {
  return (
    <ul class="list">
      {club.leads.map(({ id, name, picture, role }) => (
        <li key={id}>
          <a class="row" href={to.person(id)}>
            <Face id={id} name={name} picture={picture} size={40} />
            <span class="grow">
              <b dir="auto">{name}</b>
              <span>{c().roles[role]}</span>
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** Who is in the club; and for those who lead it, who waits and who is barred. */
export function Members({ club }: { club: Club }) {
  const { id, standing } = club;
  const all = useMemo(() => members(id), [id]);
  const waiting = useMemo(() => pending(id), [id]);
  const out = useMemo(() => barred(id), [id]);
  const lead = leads(standing);
  useFocusNotLost(
    [all, waiting, out].reduce(
      (sum, { shown }) => sum + (ready<readonly unknown[]>(shown.value)?.length ?? 0),
      0,
    ),
  );
  const refresh = () => {
    void all.refresh();
    if (lead) void waiting.refresh();
    if (lead) void out.refresh();
  };
  useEffect(refresh, [all, waiting, out, lead]);
  return (
    <div class="pad stack wide-gap members">
      {lead && <Waiting club={club} of={waiting} onChange={refresh} />}
      <Loadable of={all}>
        {(found) => <Everybody club={club} found={found} all={all} onChange={refresh} />}
      </Loadable>
      {lead && <Barred club={club} of={out} onChange={refresh} />}
    </div>
  );
}

interface ListProps<T> {
  club: Club;
  of: Resource<T[]>;
  onChange: () => void;
}

function Waiting({ club, of, onChange }: ListProps<ClubWaiting>) {
  const words = c().members;
  const some = ready(of.shown.value) ?? [];
  if (of.shown.value.kind === 'ready' && some.length === 0) return null;
  return (
    <section class="waiting" aria-labelledby="waiting" data-test="waiting">
      <h2 class="sub bare-sub" id="waiting">
        {words.waiting} <span class="num">{some.length || ''}</span>
      </h2>
      <Loadable of={of}>
        {(found) => (
          <ul class="list">
            {found.map((one) => (
              <li key={one.person.id}>
                <Pending club={club} one={one} onChange={onChange} />
              </li>
            ))}
          </ul>
        )}
      </Loadable>
    </section>
  );
}

function Pending({
  club,
  one: { person, kind, by },
  onChange,
}: {
  club: Club;
  one: ClubWaiting;
  onChange: () => void;
}) {
  const words = c().members;
  const { id, name, picture } = person;
  const says = {
    asked: words.asked,
    nominated: by ? words.nominated(by.name) : words.nominatedBy,
    invited: by ? words.invited(by.name) : words.invitedBy,
  }[kind];
  const decide = async (yes: boolean) => {
    const said = !yes ? words.refused : kind === 'asked' ? words.isIn : words.isInvited;
    await attempt(() => answer(club.id, id, yes), said(name));
    onChange();
  };
  return (
    <div class="row wrap pending" data-test={`pending-${id}`}>
      <a class="who" href={to.person(id)}>
        <Face id={id} name={name} picture={picture} size={44} />
        <span class="grow">
          <b dir="auto">{name}</b>
          <span>{says}</span>
        </span>
      </a>
      <span class="flex answers">
        {kind !== 'invited' && (
          <button
            type="button"
            class="btn ink s"
            aria-label={(kind === 'asked' ? words.letInWho : words.inviteWho)(name)}
            data-test={`yes-${id}`}
            onClick={() => void decide(true)}
          >
            {kind === 'asked' ? words.letIn : words.invite}
          </button>
        )}
        <button
          type="button"
          class="btn s"
          aria-label={(kind === 'invited' ? words.backWho : words.noWho)(name)}
          data-test={`no-${id}`}
          onClick={() => void decide(false)}
        >
          {kind === 'invited' ? words.back : words.no}
        </button>
      </span>
    </div>
  );
}

function Everybody({
  club,
  found,
  all,
  onChange,
}: {
  club: Club;
  found: readonly ClubMember[];
  all: Pages<ClubMember>;
  onChange: () => void;
}) {
  const words = c();
  const changed = useSignal<ClubMember | undefined>(undefined);
  const me = myID.value;
  return (
    <section class="stack close" data-test="members">
      <ul class="list">
        {found.map((one) => {
          const { person, role, since } = one;
          const says = role === 'member' ? words.members.since(day(since)) : words.roles[role];
          return (
            <li class="row" key={person.id} data-test={`member-${person.id}`} data-role={role}>
              <a class="who grow" href={to.person(person.id)}>
                <Face id={person.id} name={person.name} picture={person.picture} size={44} />
                <span class="grow">
                  <b dir="auto">
                    {person.name}
                    {person.id === me && <span class="meta"> {words.members.you}</span>}
                  </b>
                  <span>{says}</span>
                </span>
              </a>
              {person.id !== me && mayChange(club.standing, role) && (
                <button
                  type="button"
                  class="btn icon bare"
                  aria-label={words.members.change(person.name)}
                  data-test={`change-${person.id}`}
                  onClick={() => (changed.value = one)}
                >
                  <Icon name="ellipsis" />
                </button>
              )}
            </li>
          );
        })}
      </ul>
      <More of={all} says={c().list.more} />
      {changed.value && (
        <MemberSheet
          club={club}
          member={changed.value}
          onClose={() => (changed.value = undefined)}
          onChange={onChange}
        />
      )}
    </section>
  );
}

/** What one who leads the club may do with a member. */
function MemberSheet({
  club,
  member: { person, role },
  onClose,
  onChange,
}: {
  club: Club;
  member: ClubMember;
  onClose: () => void;
  onChange: () => void;
}) {
  const words = c().members;
  const sure = useSignal<'' | 'remove' | 'hand_over'>('');
  const bar = useSignal(false);
  const { id, name } = person;
  const act = async (what: () => Promise<unknown>, said: string) => {
    if (await attempt(what, said)) onClose();
    onChange();
  };
  if (sure.value === 'remove') {
    return (
      <Sure
        title={words.removeSure(name)}
        why={words.removeWhy}
        yes={words.removeYes(name)}
        test="remove-member-sure"
        onYes={() => act(() => remove(club.id, id, bar.value), words.removed(name))}
        onClose={onClose}
      >
        <label class="row">
          <b class="grow">{words.bar}</b>
          <input
            type="checkbox"
            class="sw"
            data-test="bar-too"
            checked={bar.value}
            onChange={(event) => (bar.value = event.currentTarget.checked)}
          />
        </label>
      </Sure>
    );
  }
  if (sure.value === 'hand_over') {
    return (
      <Sure
        title={words.handOverSure(name)}
        why={words.handOverWhy}
        yes={words.handOverYes}
        test="hand-over-sure"
        onYes={() => act(() => setRole(club.id, id, 'founder'), words.handedOver(name))}
        onClose={onClose}
      />
    );
  }
  const isFounder = club.standing === 'founder';
  return (
    <Sheet labelledby="member" onClose={onClose}>
      <div class="stack" data-test="member-sheet">
        <SheetHead id="member" onClose={onClose}>
          {words.change(name)}
        </SheetHead>
        <div class="stack close">
          <a class="btn w" href={to.person(id)}>
            <Icon name="user" />
            {words.profile}
          </a>
          {isFounder && (
            <>
              <button
                type="button"
                class="btn w"
                data-test="make-admin"
                onClick={() =>
                  void act(
                    () => setRole(club.id, id, role === 'admin' ? 'member' : 'admin'),
                    words.roleChanged,
                  )
                }
              >
                {role === 'admin' ? words.unmakeAdmin : words.makeAdmin}
              </button>
              {role === 'member' && <p class="meta">{words.adminWhy}</p>}
              <button
                type="button"
                class="btn w"
                data-test="hand-over"
                onClick={() => (sure.value = 'hand_over')}
              >
                {words.handOver}
              </button>
            </>
          )}
          <button
            type="button"
            class="btn danger w"
            data-test="remove-member"
            onClick={() => (sure.value = 'remove')}
          >
            <Icon name="x" />
            {words.remove}
          </button>
        </div>
      </div>
    </Sheet>
  );
}

function Barred({ club, of, onChange }: ListProps<ClubBarred>) {
  const words = c().members;
  const some = ready(of.shown.value) ?? [];
  if (some.length === 0) return null;
  return (
    <section data-test="barred">
      <h2 class="sub bare-sub">{words.barred}</h2>
      <p class="meta">{words.barredWhy}</p>
      <ul class="list">
        {some.map(({ person: { id, name, picture } }) => (
          <li class="row" key={id}>
            <Face id={id} name={name} picture={picture} size={44} />
            <b class="grow" dir="auto">
              {name}
            </b>
            <button
              type="button"
              class="btn s"
              aria-label={words.letOffWho(name)}
              data-test={`let-off-${id}`}
              onClick={async () => {
                await attempt(() => letOff(club.id, id), words.wasLetOff(name));
                onChange();
              }}
            >
              {words.letOff}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

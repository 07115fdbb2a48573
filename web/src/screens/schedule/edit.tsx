import type { Club, ClubCard, Person, Plan } from '@stoa/client';
import { useEffect, useMemo } from 'preact/hooks';
import { house, myID } from '../../models/account.ts';
import { clubs } from '../../models/clubs.ts';
import { regions } from '../../models/fence.ts';
import { fieldOf } from '../../models/form.ts';
import { say } from '../../models/notices.ts';
import { acquaintances, followers, following } from '../../models/people.ts';
import {
  changing,
  lengths,
  type PlanForm,
  plan,
  planForm,
  planLimits,
} from '../../models/plans.ts';
import { about } from '../../models/report.ts';
import { ready, resource } from '../../models/resource.ts';
import { isSkipped, isTwice, localOf, momentOf, movedTo } from '../../models/when.ts';
import { Face } from '../../parts/face.tsx';
import { Elsewhere, judged, LanguageField, TextField, Whole, Wrong } from '../../parts/fields.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { Topics } from '../../parts/topics.tsx';
import { go, to } from '../../router.ts';
import { f, languageName } from '../../words/form.ts';
import { clock, fenceWords, list } from '../../words/index.ts';
import { lengthWords, s, whole, zoneName } from '../../words/schedule.ts';
import { topicName, tw } from '../../words/topics.ts';

/** A new plan. */
export function NewPlanScreen() {
  const words = s().edit;
  const form = useMemo(() => planForm(house), []);
  return (
    <Porch bare>
      <BackTop up={{ href: to.schedule, says: s().plan.schedule }} />
      <div class="pad stack wide-gap">
        <div class="stack tight">
          <Heading>{words.newTitle}</Heading>
          <p class="soft">{words.newWhat}</p>
        </div>
        <Fields
          form={form}
          isNew
          onSaved={() => {
            say(words.planned);
            const kept = form.base.peek();
            go('id' in kept ? to.plan(kept.id) : to.schedule, 'replace');
          }}
        />
      </div>
    </Porch>
  );
}

/** A plan that is changed by one who hosts it. */
export function EditPlanScreen({ id }: { id: string }) {
  const words = s().edit;
  const form = useMemo(() => resource(() => changing(id)), [id]);
  useEffect(() => void form.refresh(), [form]);
  return (
    <Porch bare>
      <BackTop up={{ href: to.plan(id), says: s().plan.name }} />
      <div class="pad stack wide-gap">
        <div class="stack tight">
          <Heading>{words.title}</Heading>
          <p class="soft">{words.what}</p>
        </div>
        <Loadable of={form}>
          {(there) => (
            <Fields
              form={there}
              onSaved={() => {
                void plan(id).refresh();
                say(f().saved);
                go(to.plan(id), 'replace');
              }}
            />
          )}
        </Loadable>
      </div>
    </Porch>
  );
}

const whos = ['open', 'social', 'members', 'closed'] as const;
const icons: Record<Plan['visibility'], IconName> = {
  open: 'door-open',
  social: 'users',
  members: 'id-card',
  closed: 'key-round',
};

const mayPlan = ({ standing }: ClubCard | Club) =>
  standing === 'member' || standing === 'admin' || standing === 'founder';

function Fields({
  form,
  isNew,
  onSaved,
}: {
  form: PlanForm;
  isNew?: boolean;
  onSaved: () => void;
}) {
  const words = s().edit;
  const draft = form.draft.value;
  useEffect(() => {
    void clubs.refresh();
    void following.refresh();
    void followers.refresh();
    void about.refresh();
  }, []);
  const mine = (ready(clubs.shown.value)?.mine ?? []).filter(mayPlan);
  const kept = form.base.value;
  const known = 'hosts' in kept && kept.club ? [{ id: kept.club.id, name: kept.club.name }] : [];
  const choices = [...new Map([...mine, ...known].map((c) => [c.id, c])).values()];
  return (
    <Whole
      form={form}
      meanwhile={words.meanwhile}
      save={() => form.save()}
      onSaved={onSaved}
      test="plan"
      {...(isNew ? { act: words.plan } : { kept: words.kept })}
    >
      <TextField
        form={form}
        at="title"
        id="plan-title"
        test="plan-title"
        label={words.name}
        value={draft.title}
        most={planLimits.title}
        required
        onType={(title) => form.type({ title })}
      >
        <Newer form={form} field="title" />
      </TextField>
      <When form={form} />
      <div class="field">
        <label for="plan-minutes">{words.minutes}</label>
        <select
          id="plan-minutes"
          data-test="plan-minutes"
          value={draft.minutes}
          {...judged(form, 'minutes')}
          onChange={(event) => form.type({ minutes: Number(event.currentTarget.value) })}
        >
          {[...new Set([...lengths, draft.minutes])]
            .sort((a, b) => a - b)
            .map((n) => (
              <option key={n} value={n}>
                {lengthWords(n)}
              </option>
            ))}
        </select>
        <Wrong form={form} at="minutes" />
        <Newer form={form} field="minutes" />
      </div>
      <TextField
        form={form}
        at="about"
        id="plan-about"
        test="plan-about"
        label={words.about}
        value={draft.about}
        most={planLimits.about}
        rows={5}
        onType={(text) => form.type({ about: text })}
      >
        <Newer form={form} field="about" />
      </TextField>
      {choices.length > 0 && (
        <div class="field">
          <label for="plan-club">{words.club}</label>
          <select
            id="plan-club"
            data-test="plan-club"
            value={draft.club}
            {...judged(form, 'club')}
            onChange={(event) => {
              const club = event.currentTarget.value;
              const none = !club && draft.visibility === 'members';
              form.type({ club, ...(none ? { visibility: 'open' } : {}) });
            }}
          >
            <option value="">{words.noClub}</option>
            {choices.map((c) => (
              <option key={c.id} value={c.id}>
                {c.name}
              </option>
            ))}
          </select>
          <Wrong form={form} at="club" />
        </div>
      )}
      <fieldset class="field">
        <legend>{words.who}</legend>
        <div class="opts">
          {whos
            .filter((v) => v !== 'members' || draft.club)
            .map((v) => (
              <label class="opt" key={v}>
                <input
                  type="radio"
                  name="plan-visibility"
                  data-test={`plan-${v}`}
                  checked={draft.visibility === v}
                  onChange={() => form.type({ visibility: v })}
                />
                <Icon name={icons[v]} />
                {s().plan.whos[v]}
              </label>
            ))}
        </div>
        <Wrong form={form} at="visibility" />
        <Newer form={form} field="visibility" />
      </fieldset>
      <People form={form} field="cohosts" label={words.cohosts} why={words.cohostsWhy} />
      <People form={form} field="invite" label={words.invite} why={words.inviteWhy} />
      <LanguageField
        form={form}
        id="plan-language"
        label={words.language}
        none={words.noLanguage}
        value={draft.language}
        onChoose={(tag) => form.type({ language: tag })}
      >
        <Newer form={form} field="language" />
      </LanguageField>
      <Topics
        id="plan-topics"
        label={tw().of}
        why={tw().why}
        chosen={draft.topics}
        most={planLimits.topics}
        wrong={wrongTopics(form)}
        onChoose={(topics) => form.type({ topics })}
      >
        <Newer form={form} field="topics" />
      </Topics>
      {(regions().length > 1 || draft.fence) && <Where form={form} />}
      <label class="row">
        <span class="grow">
          <b>{words.recorded}</b>
          <span>{words.recordedWhy}</span>
        </span>
        <input
          type="checkbox"
          class="sw"
          data-test="plan-recorded"
          checked={draft.recorded}
          onChange={(event) => form.type({ recorded: event.currentTarget.checked })}
        />
      </label>
    </Whole>
  );
}

type Said = 'title' | 'about' | 'starts' | 'minutes' | 'visibility' | 'language' | 'topics';

const wrongTopics = (form: PlanForm) =>
  [...form.problems.value].find(([place]) => fieldOf(place) === 'topics')?.[1];

/** What a co-host has saved meanwhile. */
function Newer({ form, field }: { form: PlanForm; field: Said }) {
  if (!form.newer.value.has(field)) return null;
  const base = form.base.value;
  const value = {
    title: base.title,
    about: base.about,
    starts: whole(base.starts),
    minutes: lengthWords(base.minutes),
    visibility: s().plan.whos[base.visibility],
    language: base.language && languageName(base.language),
    topics: list((base.topics ?? []).map(topicName)),
  }[field];
  const words = f();
  const says = value ? words.elsewhere(value) : words.elsewhereNothing;
  return <Elsewhere field={field} says={says} onTake={() => form.take(field)} />;
}

/** A day and a time where one is; clocks that are put forward or back are said. */
function When({ form }: { form: PlanForm }) {
  const words = s().edit;
  const { starts } = form.draft.value;
  const written = starts && localOf(starts);
  const before = form.base.value.starts;
  return (
    <div class="field">
      <label for="plan-starts">{words.starts}</label>
      <input
        id="plan-starts"
        type="datetime-local"
        step={60}
        required
        data-test="plan-when"
        defaultValue={written}
        {...judged(form, 'starts', 'plan-starts-why')}
        onInput={(event) => {
          const local = event.currentTarget.value;
          const skipped = isSkipped(local);
          form.type({ starts: skipped ? momentOf(local) : movedTo(local, before) });
          if (skipped) say(words.skipped(clock(momentOf(local))));
        }}
        onBlur={(event) => {
          // An hour that is on no clock is shown as the one that it will be.
          if (starts) event.currentTarget.value = localOf(starts);
        }}
      />
      <Wrong form={form} at="starts" />
      <span class="meta" id="plan-starts-why">
        {words.startsWhy(zoneName(starts))}
        {starts && isTwice(starts) && ` ${words.twice}`}
      </span>
      <Newer form={form} field="starts" />
    </div>
  );
}

function Where({ form }: { form: PlanForm }) {
  const { fence } = form.draft.value;
  const own = regions()[0] ?? '';
  return (
    <div class="field">
      <label for="plan-fence">{s().edit.where}</label>
      <select
        id="plan-fence"
        data-test="plan-fence"
        value={fence}
        {...judged(form, 'fence')}
        onChange={(event) => form.type({ fence: event.currentTarget.value })}
      >
        <option value="">{s().edit.anywhere}</option>
        {[...new Set([own, fence])].filter(Boolean).map((one) => (
          <option key={one} value={one}>
            {fenceWords(one)}
          </option>
        ))}
      </select>
      <Wrong form={form} at="fence" />
    </div>
  );
}

/** People to choose among: those one knows, and those who are chosen already. */
function People({
  form,
  field,
  label,
  why,
}: {
  form: PlanForm;
  field: 'cohosts' | 'invite';
  label: string;
  why: string;
}) {
  const me = myID.value;
  const chosen = form.draft.value[field];
  const kept = form.base.value;
  const known: Pick<Person, 'id' | 'name' | 'picture'>[] =
    'hosts' in kept ? [...kept.hosts.slice(1), ...(kept.invited ?? [])] : [];
  const host = 'hosts' in kept ? kept.hosts[0]?.id : me;
  const people = [...new Map([...known, ...acquaintances()].map((p) => [p.id, p])).values()].filter(
    (p) => (p.id !== host && p.id !== me) || chosen.includes(p.id),
  );
  const wrong = [...form.problems.value].filter(([place]) => place.startsWith(field));
  const toggle = (id: string) =>
    form.type({
      [field]: chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id],
    });
  return (
    <fieldset class="field" aria-describedby={`${field}-why`}>
      <legend>
        {label}
        <span class="optional"> {f().optional}</span>
      </legend>
      {people.length === 0 && <p class="meta">{s().edit.nobody}</p>}
      <ul class="list choose">
        {people.map((p) => (
          <li key={p.id}>
            <label class="row">
              <Face id={p.id} name={p.name} picture={p.picture} size={32} />
              <span class="grow">
                <b>{p.name}</b>
              </span>
              <input
                type="checkbox"
                class="sw"
                data-test={`${field}-${p.id}`}
                checked={chosen.includes(p.id)}
                disabled={
                  field === 'cohosts' &&
                  !chosen.includes(p.id) &&
                  chosen.length >= planLimits.cohosts
                }
                onChange={() => toggle(p.id)}
              />
            </label>
          </li>
        ))}
      </ul>
      {wrong.map(([place, words]) => (
        <span key={place} class="err">
          <Icon name="triangle-alert" />
          {words}
        </span>
      ))}
      <span class="meta" id={`${field}-why`}>
        {why}
      </span>
    </fieldset>
  );
}

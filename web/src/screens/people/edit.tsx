import type { Me } from '@stoa/client';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { account, house, seen, signedIn } from '../../models/account.ts';
import { fieldOf } from '../../models/form.ts';
import { say } from '../../models/notices.ts';
import { person } from '../../models/people.ts';
import {
  type Field,
  limits,
  linkLimits,
  type ProfileForm,
  profileForm,
  tidy,
} from '../../models/profile.ts';
import { ready, resource } from '../../models/resource.ts';
import { Elsewhere, idOf, judged, Left, TextField, Whole, Wrong } from '../../parts/fields.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { Topics } from '../../parts/topics.tsx';
import { to } from '../../router.ts';
import { f, languageName } from '../../words/form.ts';
import { list, t } from '../../words/index.ts';
import { p } from '../../words/people.ts';
import { spoken } from '../../words/spoken.ts';
import { topicName, tw } from '../../words/topics.ts';
import { About, Bearing } from './about.tsx';
import { PicturePart } from './picture.tsx';

/** What one says of oneself, and beside it how others see that. */
export function EditScreen() {
  const me = account.value.kind === 'in' ? account.value.me : undefined;
  return me ? <Editing key={me.id} me={me} /> : null;
}

function Editing({ me }: { me: Me }) {
  const form = useMemo(() => resource(() => profileForm(me.id, house)), [me.id]);
  useEffect(() => {
    void form.refresh();
    void person(me.id).refresh();
  }, [form, me.id]);
  const there = ready(form.shown.value);
  return (
    <Porch
      bare
      aside={there && <div class="pad preview-pane">{<Preview form={there} me={me} />}</div>}
    >
      <BackTop up={{ href: to.me, says: t().nav.me }} />
      <div class="pad stack wide-gap">
        <div class="stack tight">
          <Heading>{t().edit.title}</Heading>
          <p class="soft">{p().edit.what}</p>
        </div>
        <Loadable of={form}>
          {(form) => (
            <>
              <PicturePart me={me} onChange={() => void form.refresh().catch(seen)} />
              <Form form={form} me={me} />
              <div class="only-phone preview-below">
                <Preview form={form} me={me} />
              </div>
            </>
          )}
        </Loadable>
      </div>
    </Porch>
  );
}

function Preview({ form, me }: { form: ProfileForm; me: Me }) {
  const { name, handle, pronouns, bio, links, languages, show_inviter } = tidy(form.draft.value);
  const { invited_by } = form.base.value;
  const others = ready(person(me.id).shown.value);
  const shown = {
    ...{ id: me.id, name: name || me.name, since: me.created, handle, pronouns, bio, languages },
    ...(me.picture ? { picture: me.picture } : {}),
    links: links.filter(({ url }) => url),
    ...(show_inviter && invited_by ? { invited_by } : {}),
    ...(others
      ? {
          followers: others.followers,
          following: others.following,
          more_followers: others.more_followers ?? false,
        }
      : {}),
  };
  return (
    <section class="stack roomy preview" aria-labelledby="preview">
      <h2 class="sub bare-sub" id="preview">
        {p().edit.preview}
      </h2>
      <Bearing person={shown} preview />
      <About person={shown} />
    </section>
  );
}

function Form({ form, me }: { form: ProfileForm; me: Me }) {
  const words = p().edit;
  const draft = form.draft.value;
  const saved = () => {
    const { name, handle, picture } = form.base.peek();
    const { handle: _, picture: __, ...rest } = me;
    const known = { ...(handle ? { handle } : {}), ...(picture ? { picture } : {}) };
    signedIn({ ...rest, name, ...known });
    void person(me.id).refresh();
    say(f().saved);
  };
  return (
    <Whole
      form={form}
      kept={words.kept}
      meanwhile={words.meanwhile}
      save={() => form.save()}
      onSaved={saved}
      test="profile"
    >
      <Line form={form} field="name" label={words.name} autocomplete="nickname" required />
      <Line form={form} field="handle" label={words.handle} hint={words.handleWhy} before="@" />
      <Line form={form} field="pronouns" label={words.pronouns} />
      <Line form={form} field="bio" label={words.bio} rows={5} />
      <Links form={form} />
      <Languages form={form} />
      <Topics
        id="interests"
        label={tw().interests}
        why={tw().interestsWhy}
        chosen={draft.interests}
        most={limits.interests}
        wrong={[...form.problems.value].find(([place]) => fieldOf(place) === 'interests')?.[1]}
        onChoose={(interests) => form.type({ interests })}
      >
        <FromElsewhere form={form} field="interests" />
      </Topics>
      <div class="stack tight">
        <label class="row">
          <span class="grow">
            <b>{words.findable}</b>
            <span>{words.findableWhy}</span>
          </span>
          <input
            type="checkbox"
            class="sw"
            data-test="findable"
            checked={draft.findable}
            onChange={(event) => form.type({ findable: event.currentTarget.checked })}
          />
        </label>
        <FromElsewhere form={form} field="findable" />
      </div>
      <div class="stack tight">
        <label class="row">
          <span class="grow">
            <b>{words.inviter}</b>
            <span>
              {form.base.value.invited_by
                ? words.inviterWhy(form.base.value.invited_by.name)
                : words.inviterNobody}
            </span>
          </span>
          <input
            type="checkbox"
            class="sw"
            data-test="show-inviter"
            checked={draft.show_inviter}
            disabled={!form.base.value.invited_by}
            onChange={(event) => form.type({ show_inviter: event.currentTarget.checked })}
          />
        </label>
        <FromElsewhere form={form} field="show_inviter" />
      </div>
    </Whole>
  );
}

/** What was saved elsewhere meanwhile, to be taken. */
function FromElsewhere({ form, field }: { form: ProfileForm; field: Field }) {
  if (!form.newer.value.has(field)) return null;
  return (
    <Elsewhere field={field} says={elsewhereWords(form, field)} onTake={() => form.take(field)} />
  );
}

function elsewhereWords(form: ProfileForm, field: Field): string {
  const words = f();
  const base = form.base.value;
  if (field === 'show_inviter' || field === 'findable') {
    return base[field] ? words.elsewhereOn : words.elsewhereOff;
  }
  const value =
    field === 'links'
      ? list(base.links.map(({ url, text }) => text || url))
      : field === 'languages'
        ? list(base.languages.map(languageName))
        : field === 'interests'
          ? list(base.interests.map(topicName))
          : base[field];
  return value ? words.elsewhere(value) : words.elsewhereNothing;
}

interface LineProps {
  form: ProfileForm;
  field: 'name' | 'handle' | 'pronouns' | 'bio';
  label: string;
  rows?: number;
  hint?: string;
  before?: string;
  autocomplete?: 'nickname';
  required?: boolean;
}

function Line({ form, field, ...rest }: LineProps) {
  return (
    <TextField
      form={form}
      at={field}
      id={`my-${field}`}
      test={`profile-${field}`}
      value={form.draft.value[field]}
      most={limits[field]}
      code={field === 'handle'}
      onType={(value) => form.type({ [field]: value })}
      {...rest}
    >
      <FromElsewhere form={form} field={field} />
    </TextField>
  );
}

function Links({ form }: { form: ProfileForm }) {
  const words = p().edit;
  const { links } = form.draft.value;
  const group = useRef<HTMLFieldSetElement>(null);
  const change = (n: number, what: { url?: string; text?: string }) =>
    form.type({ links: links.map((link, m) => (m === n ? { ...link, ...what } : link)) });
  const focus = (selector: string) =>
    setTimeout(() => group.current?.querySelector<HTMLElement>(selector)?.focus());
  return (
    <fieldset class="field" ref={group} aria-describedby="links-why">
      <legend>
        {words.links}
        <span class="optional"> {f().optional}</span>
      </legend>
      {links.map(({ url, text = '' }, n) => (
        <div class="link-line" key={n}>
          <div class="grow stack tight">
            <input
              type="text"
              inputMode="url"
              data-test={`link-url-${n}`}
              aria-label={words.url(n + 1)}
              placeholder="https://"
              autocomplete="url"
              autocapitalize="none"
              spellcheck={false}
              maxLength={linkLimits.url}
              value={url}
              {...judged(form, linkAt(form, n, 'url'))}
              onInput={(event) => change(n, { url: event.currentTarget.value })}
            />
            <Wrong form={form} at={linkAt(form, n, 'url')} />
            <input
              data-test={`link-text-${n}`}
              aria-label={words.text(n + 1)}
              placeholder={words.textHint}
              autocomplete="off"
              dir="auto"
              value={text}
              {...judged(form, `links[${n}].text`, `link-left-${n}`)}
              onInput={(event) => change(n, { text: event.currentTarget.value })}
            />
            <Wrong form={form} at={`links[${n}].text`} />
            <Left id={`link-left-${n}`} text={text} of={linkLimits.text} />
          </div>
          <button
            type="button"
            class="btn icon bare"
            aria-label={words.dropLink(n + 1)}
            data-test={`drop-link-${n}`}
            onClick={() => {
              form.type({ links: links.filter((_, m) => m !== n) });
              focus('[data-test=add-link]');
            }}
          >
            <Icon name="x" />
          </button>
        </div>
      ))}
      <Wrong form={form} at="links" />
      {links.length < limits.links && (
        <button
          type="button"
          class="btn align-start"
          data-test="add-link"
          onClick={() => {
            form.type({ links: [...links, { url: '' }] });
            focus(`[data-test=link-url-${links.length}]`);
          }}
        >
          <Icon name="link" />
          {words.addLink}
        </button>
      )}
      <span class="meta" id="links-why">
        {words.linksWhy}
      </span>
      <FromElsewhere form={form} field="links" />
    </fieldset>
  );
}

/** The node may find fault with a link as a whole: that is said at its address. */
function linkAt(form: ProfileForm, n: number, part: 'url'): string {
  const whole = `links[${n}]`;
  return form.problems.value.has(whole) ? whole : `${whole}.${part}`;
}

function Languages({ form }: { form: ProfileForm }) {
  const words = p().edit;
  const chosen = form.draft.value.languages;
  const adding = useRef<HTMLSelectElement>(null);
  const wrong = [...form.problems.value].find(([place]) => fieldOf(place) === 'languages');
  const rest = spoken
    .filter((tag) => !chosen.includes(tag))
    .map((tag) => [tag, languageName(tag)] as const)
    .sort(([, a], [, b]) => a.localeCompare(b, document.documentElement.lang));
  return (
    <fieldset class="field">
      <legend>
        {words.languages}
        <span class="optional"> {f().optional}</span>
      </legend>
      {chosen.length > 0 && (
        <ul class="chips">
          {chosen.map((tag) => (
            <li key={tag}>
              <button
                type="button"
                class="chip"
                aria-label={words.dropLanguage(languageName(tag))}
                data-test={`drop-language-${tag}`}
                onClick={() => {
                  form.type({ languages: chosen.filter((other) => other !== tag) });
                  setTimeout(() => adding.current?.focus());
                }}
              >
                {languageName(tag)}
                <Icon name="x" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {chosen.length < limits.languages && (
        <select
          ref={adding}
          data-test="add-language"
          aria-label={words.addLanguage}
          aria-invalid={wrong !== undefined}
          aria-describedby={wrong ? `wrong-${idOf(wrong[0])}` : 'languages-why'}
          value=""
          onChange={(event) => {
            const tag = event.currentTarget.value;
            event.currentTarget.value = '';
            if (tag) form.type({ languages: [...chosen, tag] });
          }}
        >
          <option value="">{words.addLanguage}</option>
          {rest.map(([tag, name]) => (
            <option key={tag} value={tag}>
              {name}
            </option>
          ))}
        </select>
      )}
      {wrong && <Wrong form={form} at={wrong[0]} />}
      <span class="meta" id="languages-why">
        {words.languagesWhy}
      </span>
      <FromElsewhere form={form} field="languages" />
    </fieldset>
  );
}

import { useSignal } from '@preact/signals';
import type { Me } from '@stoa/client';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { account, house, seen, signedIn } from '../../models/account.ts';
import { say } from '../../models/notices.ts';
import { person } from '../../models/people.ts';
import {
  type Field,
  fieldOf,
  guard,
  limits,
  linkLimits,
  type ProfileForm,
  profileForm,
  tidy,
} from '../../models/profile.ts';
import { ready, resource } from '../../models/resource.ts';
import { seat } from '../../models/visit.ts';
import { Dock } from '../../parts/dock.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { list, problemWords, t } from '../../words/index.ts';
import { languageName, p } from '../../words/people.ts';
import { About, Bearing } from './about.tsx';
import { PicturePart } from './picture.tsx';
import { spoken } from './spoken.ts';

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
    <Porch aside={there && <div class="pad preview-pane">{<Preview form={there} me={me} />}</div>}>
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
      {seat.value && <Dock seat={seat.value} />}
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
    ...(others ? { followers: others.followers, following: others.following } : {}),
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
  const element = useRef<HTMLFormElement>(null);
  const hitch = useSignal('');
  const look = useSignal(0);
  const draft = form.draft.value;
  const wrong = form.problems.value.size;

  useEffect(() => {
    const stop = guard(form);
    return () => {
      stop();
      if (form.changed.peek() && account.peek().kind === 'in') say(p().edit.kept);
    };
  }, [form]);
  // After a save that was refused, the first field that is to be looked at has the focus.
  useLayoutEffect(() => {
    if (look.value === 0) return;
    const first = element.current?.querySelector<HTMLElement>('[aria-invalid=true], [data-take]');
    first?.focus();
  }, [look.value]);

  const save = async () => {
    if (form.saving.peek() || !form.changed.peek()) return;
    hitch.value = '';
    try {
      switch (await form.save()) {
        case 'saved': {
          const { name, handle, picture } = form.base.peek();
          const { handle: _, picture: __, ...rest } = me;
          const known = { ...(handle ? { handle } : {}), ...(picture ? { picture } : {}) };
          signedIn({ ...rest, name, ...known });
          void person(me.id).refresh();
          say(words.saved);
          return;
        }
        case 'invalid':
          hitch.value = words.wrong(form.problems.peek().size);
          break;
        case 'changed_meanwhile':
          hitch.value = words.meanwhile;
      }
      look.value++;
    } catch (thrown) {
      hitch.value = problemWords(seen(thrown));
    }
  };
  const discard = () => {
    form.discard();
    hitch.value = '';
  };

  return (
    <form
      ref={element}
      class="stack roomy profile-form"
      noValidate
      data-test="profile-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Line form={form} field="name" label={words.name} autocomplete="nickname" required />
      <Line form={form} field="handle" label={words.handle} hint={words.handleWhy} before="@" />
      <Line form={form} field="pronouns" label={words.pronouns} autocomplete="off" />
      <Bio form={form} />
      <Links form={form} />
      <Languages form={form} />
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
        <Elsewhere form={form} field="findable" />
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
        <Elsewhere form={form} field="show_inviter" />
      </div>
      <div class="stack close save-bar">
        {hitch.value ? (
          <p class="err" role="alert" data-test="edit-hitch">
            <Icon name="triangle-alert" />
            {wrong > 0 ? words.wrong(wrong) : hitch.value}
          </p>
        ) : (
          form.changed.value && <p class="meta">{words.unsaved}</p>
        )}
        <div class="flex wrap">
          <button
            type="submit"
            class="btn ink grow"
            data-test="save-profile"
            aria-disabled={!form.changed.value || form.saving.value}
          >
            {form.saving.value ? words.saving : words.save}
          </button>
          {form.changed.value && (
            <button type="button" class="btn" data-test="discard" onClick={discard}>
              {words.discard}
            </button>
          )}
        </div>
      </div>
    </form>
  );
}

/** What is wrong at a place of the form; an input is described by it. */
function Wrong({ form, at }: { form: ProfileForm; at: string }) {
  const words = form.problems.value.get(at);
  return words ? (
    <span class="err" id={`wrong-${idOf(at)}`}>
      <Icon name="triangle-alert" />
      {words}
    </span>
  ) : null;
}

const idOf = (place: string) => place.replace(/[^a-z0-9]+/g, '-');

/** What an input needs to be found wrong. */
function judged(form: ProfileForm, at: string, ...more: (string | false | undefined)[]) {
  const wrong = form.problems.value.has(at);
  const by = [wrong && `wrong-${idOf(at)}`, ...more].filter(Boolean).join(' ');
  return { 'aria-invalid': wrong, 'aria-describedby': by || undefined };
}

/** What was saved elsewhere meanwhile, to be taken. */
function Elsewhere({ form, field }: { form: ProfileForm; field: Field }) {
  const words = p().edit;
  if (!form.newer.value.has(field)) return null;
  return (
    <p class="flex elsewhere" data-test={`elsewhere-${field}`}>
      <span class="grow">{elsewhereWords(form, field)}</span>
      <button type="button" class="btn s" data-take onClick={() => form.take(field)}>
        {words.take}
      </button>
    </p>
  );
}

function elsewhereWords(form: ProfileForm, field: Field): string {
  const words = p().edit;
  const base = form.base.value;
  if (field === 'show_inviter' || field === 'findable') {
    return base[field] ? words.elsewhereOn : words.elsewhereOff;
  }
  const value =
    field === 'links'
      ? list(base.links.map(({ url, text }) => text || url))
      : field === 'languages'
        ? list(base.languages.map(languageName))
        : base[field];
  return value ? words.elsewhere(value) : words.elsewhereNothing;
}

/** How much may still be typed: said when it is little. */
function Left({ id, text, of }: { id: string; text: string; of: number }) {
  const left = of - [...text].length;
  if (left > Math.max(of / 10, 10)) return null;
  return (
    <span id={id} class={left < 0 ? 'err num' : 'meta num'} data-test="left">
      {p().edit.left(left)}
    </span>
  );
}

interface LineProps {
  form: ProfileForm;
  field: 'name' | 'handle' | 'pronouns';
  label: string;
  hint?: string;
  before?: string;
  autocomplete?: string;
  required?: boolean;
}

function Line({ form, field, label, hint, before, autocomplete, required }: LineProps) {
  const id = `my-${field}`;
  const value = form.draft.value[field];
  return (
    <div class="field">
      <Label id={id} optional={!required}>
        {label}
      </Label>
      <div class={before ? 'with-before' : undefined}>
        {before && <span aria-hidden="true">{before}</span>}
        <input
          id={id}
          data-test={`profile-${field}`}
          autocomplete={autocomplete ?? 'off'}
          autocapitalize={field === 'handle' ? 'none' : undefined}
          spellcheck={false}
          required={required}
          dir={field === 'handle' ? undefined : 'auto'}
          value={value}
          {...judged(form, field, hint && `${id}-why`, `${id}-left`)}
          onInput={(event) => form.type({ [field]: event.currentTarget.value })}
        />
      </div>
      <Wrong form={form} at={field} />
      {hint && !form.problems.value.has(field) && (
        <span class="meta" id={`${id}-why`}>
          {hint}
        </span>
      )}
      <Left id={`${id}-left`} text={value} of={limits[field]} />
      <Elsewhere form={form} field={field} />
    </div>
  );
}

function Label({
  id,
  optional,
  children,
}: {
  id: string;
  optional: boolean;
  children: ComponentChildren;
}) {
  return (
    <label for={id}>
      {children}
      {optional && <span class="optional"> {p().edit.optional}</span>}
    </label>
  );
}

function Bio({ form }: { form: ProfileForm }) {
  const words = p().edit;
  const { bio } = form.draft.value;
  return (
    <div class="field">
      <Label id="my-bio" optional>
        {words.bio}
      </Label>
      <textarea
        id="my-bio"
        data-test="profile-bio"
        rows={5}
        dir="auto"
        value={bio}
        {...judged(form, 'bio', 'my-bio-left')}
        onInput={(event) => form.type({ bio: event.currentTarget.value })}
      />
      <Wrong form={form} at="bio" />
      <Left id="my-bio-left" text={bio} of={limits.bio} />
      <Elsewhere form={form} field="bio" />
    </div>
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
        <span class="optional"> {words.optional}</span>
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
      <Elsewhere form={form} field="links" />
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
        <span class="optional"> {words.optional}</span>
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
      <Elsewhere form={form} field="languages" />
    </fieldset>
  );
}

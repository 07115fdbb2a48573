import { useEffect, useMemo, useRef } from 'preact/hooks';
import { house } from '../../models/account.ts';
import {
  type ClubField,
  type ClubForm,
  changing,
  club,
  clubForm,
  clubLimits,
} from '../../models/clubs.ts';
import { say } from '../../models/notices.ts';
import { resource } from '../../models/resource.ts';
import {
  Elsewhere,
  judged,
  LanguageField,
  Left,
  TextField,
  Whole,
  Wrong,
} from '../../parts/fields.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { Mark } from '../../parts/mark.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { go, to } from '../../router.ts';
import { c } from '../../words/clubs.ts';
import { f, languageName } from '../../words/form.ts';
import { list, t } from '../../words/index.ts';

/** A new club. */
export function NewClubScreen() {
  const words = c().edit;
  const form = useMemo(() => clubForm(house), []);
  return (
    <Porch bare aside={<Preview form={form} />}>
      <BackTop up={{ href: to.clubs, says: t().nav.clubs }} />
      <div class="pad stack wide-gap">
        <div class="stack tight">
          <Heading>{words.newTitle}</Heading>
          <p class="soft">{words.newWhat}</p>
        </div>
        <Fields
          form={form}
          isNew
          onSaved={() => {
            say(words.founded);
            const { id } = form.base.peek();
            go(id ? to.club(id) : to.clubs, 'replace');
          }}
        />
      </div>
    </Porch>
  );
}

/** A club that is changed by one who leads it. */
export function EditClubScreen({ id }: { id: string }) {
  const words = c().edit;
  const form = useMemo(() => resource(() => changing(id)), [id]);
  useEffect(() => void form.refresh(), [form]);
  const shown = form.shown.value;
  return (
    <Porch bare aside={shown.kind === 'ready' && <Preview form={shown.value} />}>
      <BackTop up={{ href: to.club(id), says: c().club.name }} />
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
                void club(id).refresh();
                say(f().saved);
              }}
            />
          )}
        </Loadable>
      </div>
    </Porch>
  );
}

/** How it will look, beside the form. */
function Preview({ form }: { form: ClubForm }) {
  const { name, about } = form.draft.value;
  const id = form.base.value.id ?? 'new';
  return (
    <section class="pad stack roomy preview-pane" aria-labelledby="preview">
      <h2 class="sub bare-sub" id="preview">
        {c().edit.preview}
      </h2>
      <div class="flex">
        <Mark id={id} name={name || '?'} size={72} />
        <p class="say h2 grow" dir="auto">
          {name}
        </p>
      </div>
      {about && (
        <p class="bio" dir="auto">
          {about}
        </p>
      )}
    </section>
  );
}

const ways = ['open', 'approval', 'nomination'] as const;
const openers = ['members', 'admins'] as const;

function Fields({
  form,
  isNew,
  onSaved,
}: {
  form: ClubForm;
  isNew?: boolean;
  onSaved: () => void;
}) {
  const words = c().edit;
  const { name, about, joining, rooms, listed, language } = form.draft.value;
  return (
    <Whole
      form={form}
      meanwhile={words.meanwhile}
      save={() => form.save()}
      onSaved={onSaved}
      test="club"
      {...(isNew ? { act: words.found } : { kept: words.kept })}
    >
      <TextField
        form={form}
        at="name"
        id="club-name"
        test="club-name"
        label={words.name}
        value={name}
        most={clubLimits.name}
        required
        onType={(value) => form.type({ name: value })}
      >
        <FromElsewhere form={form} field="name" />
      </TextField>
      <TextField
        form={form}
        at="about"
        id="club-about"
        test="club-about"
        label={words.about}
        value={about}
        most={clubLimits.about}
        rows={5}
        onType={(value) => form.type({ about: value })}
      >
        <FromElsewhere form={form} field="about" />
      </TextField>
      <RuleFields form={form} isNew={isNew ?? false} />
      <fieldset class="field">
        <legend>{words.joining}</legend>
        <div class="opts">
          {ways.map((way) => (
            <label class="opt" key={way}>
              <input
                type="radio"
                name="joining"
                data-test={`joining-${way}`}
                checked={joining === way}
                onChange={() => form.type({ joining: way })}
              />
              {words.joiningKinds[way][0]}
              <small>{words.joiningKinds[way][1]}</small>
            </label>
          ))}
        </div>
        <Wrong form={form} at="joining" />
        <FromElsewhere form={form} field="joining" />
      </fieldset>
      <fieldset class="field">
        <legend>{words.rooms}</legend>
        <div class="opts">
          {openers.map((who) => (
            <label class="opt" key={who}>
              <input
                type="radio"
                name="rooms"
                data-test={`rooms-${who}`}
                checked={rooms === who}
                onChange={() => form.type({ rooms: who })}
              />
              {words.roomsKinds[who]}
            </label>
          ))}
        </div>
        <Wrong form={form} at="rooms" />
        <FromElsewhere form={form} field="rooms" />
      </fieldset>
      <LanguageField
        form={form}
        id="club-language"
        label={words.language}
        none={words.noLanguage}
        value={language}
        onChoose={(tag) => form.type({ language: tag })}
      >
        <FromElsewhere form={form} field="language" />
      </LanguageField>
      <div class="stack tight">
        <label class="row">
          <span class="grow">
            <b>{words.listed}</b>
            <span>{words.listedWhy}</span>
          </span>
          <input
            type="checkbox"
            class="sw"
            data-test="club-listed"
            checked={listed}
            onChange={(event) => form.type({ listed: event.currentTarget.checked })}
          />
        </label>
        <FromElsewhere form={form} field="listed" />
      </div>
    </Whole>
  );
}

function RuleFields({ form, isNew }: { form: ClubForm; isNew: boolean }) {
  const words = c().edit;
  const { rules } = form.draft.value;
  const group = useRef<HTMLFieldSetElement>(null);
  const focus = (selector: string) =>
    setTimeout(() => group.current?.querySelector<HTMLElement>(selector)?.focus());
  return (
    <fieldset class="field" ref={group} aria-describedby="rules-why">
      <legend>
        {words.rules}
        <span class="optional"> {f().optional}</span>
      </legend>
      {rules.map((rule, n) => (
        <div class="link-line" key={n}>
          <div class="grow stack tight">
            <input
              data-test={`rule-${n}`}
              aria-label={words.rule(n + 1)}
              autocomplete="off"
              dir="auto"
              value={rule}
              {...judged(form, `rules[${n}]`, `rule-left-${n}`)}
              onInput={(event) => {
                const typed = event.currentTarget.value;
                form.type({ rules: rules.map((other, m) => (m === n ? typed : other)) });
              }}
            />
            <Wrong form={form} at={`rules[${n}]`} />
            <Left id={`rule-left-${n}`} text={rule} of={clubLimits.rule} />
          </div>
          <button
            type="button"
            class="btn icon bare"
            aria-label={words.dropRule(n + 1)}
            data-test={`drop-rule-${n}`}
            onClick={() => {
              form.type({ rules: rules.filter((_, m) => m !== n) });
              focus('[data-test=add-rule]');
            }}
          >
            <Icon name="x" />
          </button>
        </div>
      ))}
      <Wrong form={form} at="rules" />
      {rules.length < clubLimits.rules && (
        <button
          type="button"
          class="btn align-start"
          data-test="add-rule"
          onClick={() => {
            form.type({ rules: [...rules, ''] });
            focus(`[data-test=rule-${rules.length}]`);
          }}
        >
          <Icon name="plus" />
          {words.addRule}
        </button>
      )}
      <span class="meta" id="rules-why">
        {words.rulesWhy} {!isNew && words.rulesNote}
      </span>
      <FromElsewhere form={form} field="rules" />
    </fieldset>
  );
}

/** What was saved by another meanwhile, to be taken. */
function FromElsewhere({ form, field }: { form: ClubForm; field: ClubField }) {
  if (!form.newer.value.has(field)) return null;
  return (
    <Elsewhere field={field} says={elsewhereWords(form, field)} onTake={() => form.take(field)} />
  );
}

function elsewhereWords(form: ClubForm, field: ClubField): string {
  const words = f();
  const { edit } = c();
  const base = form.base.value;
  if (field === 'listed') return base.listed ? words.elsewhereOn : words.elsewhereOff;
  const value = {
    name: base.name,
    about: base.about,
    rules: list(base.rules),
    joining: edit.joiningKinds[base.joining][0] ?? '',
    rooms: edit.roomsKinds[base.rooms],
    language: base.language ? languageName(base.language) : '',
  }[field];
  return value ? words.elsewhere(value) : words.elsewhereNothing;
}

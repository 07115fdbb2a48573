import { useSignal } from '@preact/signals';
import type { ComponentChildren, TargetedEvent } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { account, seen } from '../models/account.ts';
import { type AnyForm, guard, type Saved } from '../models/form.ts';
import { say } from '../models/notices.ts';
import { f } from '../words/form.ts';
import { problemWords } from '../words/index.ts';
import { Icon } from './icon.tsx';
import { Languages } from './languages.tsx';

/** What every form that is saved as a whole is put together of. */

interface WholeProps {
  form: AnyForm;
  /** What is said when somebody goes, and it is not saved. */
  kept?: string;
  /** What is said when it was saved elsewhere meanwhile. */
  meanwhile: string;
  /** On the button, in place of "Save". */
  act?: string;
  save(): Promise<Saved>;
  onSaved(): void;
  test: string;
  children: ComponentChildren;
}

/** A form with the bar under it that saves: first what is wrong gets the focus. */
export function Whole({ form, kept, meanwhile, act, save, onSaved, test, children }: WholeProps) {
  const words = f();
  const element = useRef<HTMLFormElement>(null);
  const hitch = useSignal('');
  const look = useSignal(0);
  const wrong = form.problems.value.size;

  useEffect(() => {
    const stop = guard(form);
    return () => {
      stop();
      if (kept && form.changed.peek() && account.peek().kind === 'in') say(kept);
    };
  }, [form]);
  // After a save that was refused, the first field that is to be looked at has the focus.
  useLayoutEffect(() => {
    if (look.value === 0) return;
    const first = element.current?.querySelector<HTMLElement>('[aria-invalid=true], [data-take]');
    first?.focus();
  }, [look.value]);

  const submit = async () => {
    if (form.saving.peek() || !form.changed.peek()) return;
    hitch.value = '';
    try {
      switch (await save()) {
        case 'saved':
          onSaved();
          return;
        case 'invalid':
          hitch.value = words.wrong(form.problems.peek().size);
          break;
        case 'changed_meanwhile':
          hitch.value = meanwhile;
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
      data-test={`${test}-form`}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {children}
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
            data-test={`save-${test}`}
            aria-disabled={!form.changed.value || form.saving.value}
          >
            {form.saving.value ? words.saving : (act ?? words.save)}
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
export function Wrong({ form, at }: { form: AnyForm; at: string }) {
  const words = form.problems.value.get(at);
  return words ? (
    <span class="err" id={`wrong-${idOf(at)}`}>
      <Icon name="triangle-alert" />
      {words}
    </span>
  ) : null;
}

export const idOf = (place: string) => place.replace(/[^a-z0-9]+/g, '-');

/** What an input needs to be found wrong. */
export function judged(form: AnyForm, at: string, ...more: (string | false | undefined)[]) {
  const wrong = form.problems.value.has(at);
  const by = [wrong && `wrong-${idOf(at)}`, ...more].filter(Boolean).join(' ');
  return { 'aria-invalid': wrong, 'aria-describedby': by || undefined };
}

/** What was saved elsewhere meanwhile, to be taken. */
export function Elsewhere({
  field,
  says,
  onTake,
}: {
  field: string;
  says: string;
  onTake: () => void;
}) {
  return (
    <p class="flex elsewhere" data-test={`elsewhere-${field}`}>
      <span class="grow">{says}</span>
      <button type="button" class="btn s" data-take onClick={onTake}>
        {f().take}
      </button>
    </p>
  );
}

/** How much may still be typed: said when it is little. */
export function Left({ id, text, of }: { id: string; text: string; of: number }) {
  const left = of - [...text].length;
  if (left > Math.max(of / 10, 10)) return null;
  return (
    <span id={id} class={left < 0 ? 'err num' : 'meta num'} data-test="left">
      {f().left(left)}
    </span>
  );
}

export function Label({
  id,
  optional,
  children,
}: {
  id: string;
  optional?: boolean | undefined;
  children: ComponentChildren;
}) {
  return (
    <label for={id}>
      {children}
      {optional && <span class="optional"> {f().optional}</span>}
    </label>
  );
}

interface LineProps {
  form: AnyForm;
  /** The field of the form. */
  at: string;
  id: string;
  label: string;
  value: string;
  most: number;
  /** How many lines it has; one is an input. */
  rows?: number;
  hint?: string | undefined;
  before?: string | undefined;
  autocomplete?: 'nickname' | 'off';
  required?: boolean | undefined;
  /** A word of a programmer's, and no sentence. */
  code?: boolean;
  test: string;
  onType: (value: string) => void;
  children?: ComponentChildren;
}

/** The language in which people speak there, or none that is said. */
export function LanguageField(props: {
  form: AnyForm;
  id: string;
  label: string;
  none: string;
  value: string;
  onChoose(tag: string): void;
  children?: ComponentChildren;
}) {
  const { form, id, value } = props;
  return (
    <div class="field">
      <Label id={id} optional>
        {props.label}
      </Label>
      <Languages
        id={id}
        value={value}
        none={props.none}
        {...judged(form, 'language')}
        onChoose={props.onChoose}
      />
      <Wrong form={form} at="language" />
      {props.children}
    </div>
  );
}

/** A field of text, with what is wrong with it, what it is for, and how much is left. */
export function TextField(props: LineProps) {
  const { form, at, id, label, value, most, rows, hint, before, required, code, children } = props;
  const input = {
    id,
    'data-test': props.test,
    dir: code ? undefined : ('auto' as const),
    value,
    ...judged(form, at, hint && `${id}-why`, `${id}-left`),
    onInput: (event: TargetedEvent<HTMLInputElement | HTMLTextAreaElement>) =>
      props.onType(event.currentTarget.value),
  };
  return (
    <div class="field">
      <Label id={id} optional={!required}>
        {label}
      </Label>
      {rows ? (
        <textarea rows={rows} {...input} />
      ) : (
        <div class={before ? 'with-before' : undefined}>
          {before && <span aria-hidden="true">{before}</span>}
          <input
            autocomplete={props.autocomplete ?? 'off'}
            autocapitalize={code ? 'none' : undefined}
            spellcheck={false}
            required={required}
            {...input}
          />
        </div>
      )}
      <Wrong form={form} at={at} />
      {hint && !form.problems.value.has(at) && (
        <span class="meta" id={`${id}-why`}>
          {hint}
        </span>
      )}
      <Left id={`${id}-left`} text={value} of={most} />
      {children}
    </div>
  );
}

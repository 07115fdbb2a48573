import { useSignal } from '@preact/signals';
import type { ReportReason, ThingKind } from '@stoa/client';
import { reportWords } from '@stoa/client/moderation';
import { useEffect, useMemo } from 'preact/hooks';
import { house, seen } from '../../models/account.ts';
import { say } from '../../models/notices.ts';
import { resource } from '../../models/resource.ts';
import { kinds, nameOf, whereIs } from '../../models/ward.ts';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { BackTop, Porch } from '../../parts/shell.tsx';
import { go } from '../../router.ts';
import { fieldWords, t } from '../../words/index.ts';
import { w } from '../../words/ward.ts';

const textMax = 1000;
const reasons = Object.keys(w().reasons) as ReportReason[];

/** Tells the wardens what is wrong with a person, a club, a room or a plan. */
export function ReportScreen({ kind, id }: { kind: string; id: string }) {
  const words = w().report;
  const named = useMemo(() => resource(() => nameOf(kind, id)), [kind, id]);
  useEffect(() => void named.refresh(), [named]);
  const known = kinds.find((one) => one === kind);
  return (
    <Porch>
      <BackTop up={{ href: whereIs({ kind: known ?? 'person', id }), says: w().back }} />
      <div class="pad stack roomy narrow">
        {known ? (
          <>
            <Heading test="report-heading">{words.title}</Heading>
            <Loadable of={named}>{(name) => <Form kind={known} id={id} name={name} />}</Loadable>
          </>
        ) : (
          <Heading>{words.gone}</Heading>
        )}
      </div>
    </Porch>
  );
}

function Form({ kind, id, name }: { kind: ThingKind; id: string; name: string }) {
  const all = w();
  const words = all.report;
  const reason = useSignal<ReportReason | ''>('');
  const text = useSignal('');
  const hitch = useSignal('');
  const busy = useSignal(false);
  const left = textMax - [...text.value].length;
  const send = async () => {
    if (busy.value) return;
    if (!reason.value) {
      hitch.value = words.choose;
      document.getElementById('reason-harassment')?.focus();
      return;
    }
    busy.value = true;
    hitch.value = '';
    try {
      await reportWords(house, kind, id, reason.value, text.value.trim());
      say(words.sent);
      go(whereIs({ kind, id }), 'replace');
    } catch (thrown) {
      hitch.value = fieldWords(seen(thrown));
    }
    busy.value = false;
  };
  return (
    <form
      class="stack roomy"
      noValidate
      data-test="report-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <p>
        <b>{all.kinds[kind]}: </b>
        <span dir="auto" data-test="report-of">
          {name || all.nameless[kind]}
        </span>
      </p>
      <p class="soft">{words.why}</p>
      {kind === 'person' && <p class="meta">{words.messages}</p>}
      <fieldset class="field">
        <legend>{words.reason}</legend>
        <ul class="list">
          {reasons.map((one) => (
            <li key={one}>
              <label class="row">
                <span class="grow">{all.reasons[one]}</span>
                <input
                  id={`reason-${one}`}
                  type="radio"
                  name="reason"
                  data-test={`reason-${one}`}
                  checked={reason.value === one}
                  onChange={() => {
                    reason.value = one;
                    hitch.value = '';
                  }}
                />
              </label>
            </li>
          ))}
        </ul>
      </fieldset>
      <div class="field">
        <label for="report-words">{words.text}</label>
        <textarea
          id="report-words"
          data-test="report-words"
          rows={5}
          maxLength={textMax}
          dir="auto"
          aria-describedby="report-left"
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
        <span class="meta num" id="report-left">
          {words.left(left)}
        </span>
      </div>
      <p class="meta">{words.emergency}</p>
      {hitch.value && (
        <p class="err" role="alert">
          <Icon name="triangle-alert" />
          {hitch.value}
        </p>
      )}
      <div class="flex wrap">
        <button type="submit" class="btn ink grow" data-test="report-send" disabled={busy.value}>
          {words.send}
        </button>
        <a class="btn" href={whereIs({ kind, id })}>
          {t().cancel}
        </a>
      </div>
    </form>
  );
}

import { useSignal } from '@preact/signals';
import type { Participant, Piece, Seat } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { seen } from '../../models/account.ts';
import { announce } from '../../models/notices.ts';
import { about, moderators, piecesMax, report } from '../../models/report.ts';
import { closeSheet, sheet } from '../../models/stage.ts';
import { Icon } from '../../parts/icon.tsx';
import { SheetHead } from '../../parts/sheet.tsx';

import { ago, firstName, problemWords, t } from '../../words/index.ts';

const textMax = 500; // characters
const piecesShown = 6; // at first

/** Leads to the sheet, where somebody looks at reports. */
export function ReportButton({ person }: { person: Participant }) {
  useEffect(() => void about.refresh(), []);
  if (moderators().length === 0) return null;
  return (
    <button
      type="button"
      class="btn w"
      data-test="report"
      onClick={() => (sheet.value = { kind: 'reporting', who: person.who, found: person })}
    >
      <Icon name="flag" />
      {t().report.title}
    </button>
  );
}

/** Shows moderators a few seconds of what somebody has said. */
export function Reporting({ seat, person }: { seat: Seat; person: Participant }) {
  const words = t().report;
  const name = firstName(person.name);
  const pieces = useSignal<readonly Piece[] | undefined>(undefined);
  const chosen = useSignal<readonly Piece[]>([]);
  const opened = useSignal(0);
  const text = useSignal('');
  const hitch = useSignal('');
  const busy = useSignal(false);
  const earlier = useSignal(false);

  useEffect(() => {
    void seat.heardOf(person.who).then((heard) => {
      opened.value = Date.now();
      pieces.value = [...heard].reverse();
      chosen.value = heard.slice(-1);
    });
  }, [seat, person.who, opened, pieces, chosen]);

  const send = async () => {
    busy.value = true;
    hitch.value = '';
    try {
      await report(seat, person.who, [...chosen.value], text.value.trim());
      closeSheet();
      announce(words.sent);
    } catch (thrown) {
      hitch.value = problemWords(seen(thrown));
      busy.value = false;
    }
  };
  const toggle = (piece: Piece) => {
    const rest = chosen.value.filter((one) => one !== piece);
    chosen.value = rest.length < chosen.value.length ? rest : [...rest, piece].slice(-piecesMax);
  };

  return (
    <form
      class="stack"
      data-test="reporting"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <SheetHead id="sheet" onClose={closeSheet}>
        {words.of(name)}
      </SheetHead>
      {pieces.value?.length === 0 ? (
        <p>{words.nothing(name)}</p>
      ) : (
        <>
          <p>{words.why}</p>
          <fieldset class="field">
            <legend>{words.which}</legend>
            <div class="flex wrap">
              {pieces.value?.slice(0, earlier.value ? undefined : piecesShown).map((piece) => (
                <button
                  key={piece.id}
                  type="button"
                  class="btn s"
                  data-test="piece"
                  aria-pressed={chosen.value.includes(piece)}
                  onClick={() => toggle(piece)}
                >
                  {ago(opened.value - piece.to)}
                </button>
              ))}
              {!earlier.value && (pieces.value?.length ?? 0) > piecesShown && (
                <button type="button" class="btn s bare" onClick={() => (earlier.value = true)}>
                  {words.earlier}
                </button>
              )}
            </div>
            <p class="meta">{words.pieces}</p>
          </fieldset>
          <div class="field">
            <label for="report-text">{words.text}</label>
            <textarea
              id="report-text"
              data-test="report-text"
              rows={3}
              maxLength={textMax}
              value={text.value}
              onInput={(event) => (text.value = event.currentTarget.value)}
            />
          </div>
          <ul class="facts">
            <li>
              <Icon name="key-round" />
              {words.who}
            </li>
            <li>
              <Icon name="check" />
              {words.true}
            </li>
          </ul>
          {hitch.value && (
            <p class="err" role="alert">
              <Icon name="triangle-alert" />
              {hitch.value}
            </p>
          )}
          <button
            type="submit"
            class="btn ink w"
            data-test="report-now"
            disabled={busy.value || chosen.value.length === 0}
          >
            {words.send}
          </button>
        </>
      )}
    </form>
  );
}

import { useSignal } from '@preact/signals';
import { asStoaError, type Me } from '@stoa/client';
import { house, seen } from '../../models/account.ts';
import { eraseByCode, eraseByPasskey } from '../../models/erase.ts';
import { PasskeyError, passkeysSupported } from '../../models/passkeys.ts';
import { Icon } from '../../parts/icon.tsx';
import { Sheet, SheetHead } from '../../parts/sheet.tsx';
import { to } from '../../router.ts';
import { problemWords, t } from '../../words/index.ts';
import { p } from '../../words/people.ts';

/** Asks once more, says what goes, and has it proven who asks. */
export function EraseSheet({ me, onClose }: { me: Me; onClose: () => void }) {
  const words = p().erase;
  const code = useSignal('');
  const missing = useSignal(false);
  const hitch = useSignal('');
  const busy = useSignal(false);
  const byPasskey = me.passkeys > 0 && passkeysSupported();

  const attempt = async (way: () => Promise<void>) => {
    if (busy.value) return;
    busy.value = true;
    hitch.value = '';
    try {
      await way();
    } catch (thrown) {
      if (thrown instanceof PasskeyError) {
        hitch.value = thrown.failure === 'unsupported' ? words.unsupported : words.cancelled;
      } else if (asStoaError(thrown).code === 'sign_in_failed') {
        hitch.value = words.notYours;
      } else {
        hitch.value = problemWords(seen(thrown));
      }
    } finally {
      busy.value = false;
    }
  };
  const withCode = () => {
    missing.value = !code.value.trim();
    if (missing.value) document.getElementById('erase-code')?.focus();
    else void attempt(() => eraseByCode(code.value.trim()));
  };

  return (
    <Sheet labelledby="erase-sure" onClose={onClose}>
      <div class="stack" data-test="erase-sheet">
        <SheetHead id="erase-sure" onClose={onClose}>
          {words.sure}
        </SheetHead>
        <ul class="limits">
          {words.goes.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        <p class="strange final">
          <Icon name="triangle-alert" />
          <b>{words.final}</b>
        </p>
        <a href={house.exportURL} download class="plain-link">
          {words.before}
        </a>
        {hitch.value && (
          <p class="err" role="alert" data-test="erase-hitch">
            <Icon name="triangle-alert" />
            {hitch.value}
          </p>
        )}
        {byPasskey || me.recovery ? (
          <>
            <p class="prove">{words.prove}</p>
            {byPasskey && (
              <button
                type="button"
                class="btn danger sure w"
                data-test="erase-passkey"
                disabled={busy.value}
                onClick={() => void attempt(eraseByPasskey)}
              >
                <Icon name="fingerprint" />
                {words.passkey}
              </button>
            )}
            {byPasskey && me.recovery && <p class="or meta">{words.or}</p>}
            {me.recovery && (
              <form
                class="stack close"
                noValidate
                onSubmit={(event) => {
                  event.preventDefault();
                  withCode();
                }}
              >
                <div class="field">
                  <label for="erase-code">{words.code}</label>
                  <input
                    id="erase-code"
                    data-test="erase-code"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck={false}
                    maxLength={100}
                    value={code.value}
                    aria-invalid={missing.value}
                    aria-describedby="erase-code-hint"
                    onInput={(event) => (code.value = event.currentTarget.value)}
                  />
                  <span id="erase-code-hint" class={missing.value ? 'err' : 'meta'}>
                    {missing.value ? words.codeMissing : words.codeHint}
                  </span>
                </div>
                <button
                  type="submit"
                  class={byPasskey ? 'btn danger w' : 'btn danger sure w'}
                  data-test="erase-with-code"
                  disabled={busy.value}
                >
                  <Icon name="key-round" />
                  {words.withCode}
                </button>
              </form>
            )}
          </>
        ) : (
          <div class="stack close">
            <p>{words.unprovable}</p>
            <a class="btn" href={to.settings}>
              {words.settings}
            </a>
          </div>
        )}
        <button type="button" class="btn quiet w" data-test="erase-not" onClick={onClose}>
          {t().cancel}
        </button>
      </div>
    </Sheet>
  );
}

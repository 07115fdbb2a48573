import { useSignal } from '@preact/signals';
import { say } from '../models/notices.ts';
import { c } from '../words/coming.ts';
import { t } from '../words/index.ts';
import { Icon } from './icon.tsx';

/** A recovery code, shown this once. */
export function RecoveryCode({ code, onKept }: { code: string; onKept: () => void }) {
  const words = c().recovery;
  const failed = useSignal(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(code);
      say(words.copied);
    } catch {
      failed.value = true; // it can be selected by hand
    }
  };
  return (
    <div class="stack roomy">
      <h1>{words.heading}</h1>
      <p>{words.why}</p>
      <output class="code num" data-test="recovery-code">
        {code}
      </output>
      <div class="flex wrap">
        {!failed.value && (
          <button type="button" class="btn grow" onClick={() => void copy()}>
            <Icon name="copy" />
            {t().copy}
          </button>
        )}
        <button type="button" class="btn ink grow" data-test="recovery-kept" onClick={onKept}>
          <Icon name="check" />
          {words.kept}
        </button>
      </div>
    </div>
  );
}

import { useSignal } from '@preact/signals';
import type { WayIn } from '@stoa/client';
import type { ComponentChildren } from 'preact';
import { house, seen, signedIn } from '../../models/account.ts';
import { PasskeyError, passkeysSupported, signUp } from '../../models/passkeys.ts';
import { Icon } from '../../parts/icon.tsx';
import { go, to } from '../../router.ts';
import { c } from '../../words/coming.ts';
import { problemWords } from '../../words/index.ts';
import { Facts } from './facts.tsx';

type Hitch = '' | 'name' | 'cancelled' | 'failed' | 'refused';

/**
 * Making an account: a name, and a passkey or a recovery code. `way` says by what
 * one comes in, each time that it is tried.
 */
export function SignUp({
  way,
  showRecovery,
  children,
}: {
  way: () => Promise<WayIn>;
  showRecovery: (code: string) => void;
  children?: ComponentChildren;
}) {
  const words = c().invitation;
  const name = useSignal('');
  const hitch = useSignal<Hitch>('');
  const refusal = useSignal('');
  const busy = useSignal(false);
  const supported = passkeysSupported();

  const attempt = async (come: () => Promise<void>) => {
    if (!name.value.trim()) {
      hitch.value = 'name';
      document.getElementById('name')?.focus();
      return;
    }
    busy.value = true;
    hitch.value = '';
    try {
      await come();
    } catch (thrown) {
      if (thrown instanceof PasskeyError) {
        hitch.value = thrown.failure === 'cancelled' ? 'cancelled' : 'failed';
      } else {
        hitch.value = 'refused';
        refusal.value = problemWords(seen(thrown));
      }
    } finally {
      busy.value = false;
    }
  };
  const withPasskey = () =>
    attempt(async () => {
      await signUp(await way(), name.value.trim());
      go(to.welcome, 'replace');
    });
  const withRecovery = () =>
    attempt(async () => {
      const { me, recovery_code } = await house.signUpWithRecovery(await way(), name.value.trim());
      showRecovery(recovery_code);
      signedIn(me);
    });
  const offerRecovery = !supported || hitch.value === 'cancelled' || hitch.value === 'failed';

  return (
    <form
      class="stack roomy"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void (supported ? withPasskey() : withRecovery());
      }}
    >
      <div class="field">
        <label for="name">{words.name}</label>
        <input
          id="name"
          data-test="name"
          autocomplete="nickname"
          maxLength={60}
          value={name.value}
          aria-invalid={hitch.value === 'name'}
          aria-describedby="name-hint"
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        <span id="name-hint" class={hitch.value === 'name' ? 'err' : 'meta'}>
          {hitch.value === 'name' ? (
            <>
              <Icon name="triangle-alert" />
              {words.nameMissing}
            </>
          ) : (
            words.nameHint
          )}
        </span>
      </div>
      {hitch.value && hitch.value !== 'name' && (
        <p class="err" role="alert">
          <Icon name="triangle-alert" />
          {hitch.value === 'cancelled'
            ? words.passkeyCancelled
            : hitch.value === 'failed'
              ? words.passkeyFailed
              : refusal.value}
        </p>
      )}
      {!supported && <p class="meta">{words.noPasskey}</p>}
      <div class="stack close">
        {supported && (
          <button class="btn live w" type="submit" data-test="signup-passkey" disabled={busy.value}>
            <Icon name="fingerprint" />
            {words.withPasskey}
          </button>
        )}
        {offerRecovery && (
          <button
            class={supported ? 'btn w' : 'btn live w'}
            type="button"
            data-test="signup-recovery"
            disabled={busy.value}
            onClick={() => void withRecovery()}
          >
            <Icon name="key-round" />
            {words.withRecovery}
          </button>
        )}
      </div>
      {children}
      <Facts />
      <p class="meta">
        {words.known} <a href={to.signin}>{words.signIn}</a>
      </p>
    </form>
  );
}

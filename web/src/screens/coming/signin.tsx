import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { account, house, seen, signedIn } from '../../models/account.ts';
import { offerSignIn, PasskeyError, passkeysSupported, signIn } from '../../models/passkeys.ts';
import { about } from '../../models/report.ts';
import { ready } from '../../models/resource.ts';
import { Scene } from '../../parts/brand.tsx';
import { Icon } from '../../parts/icon.tsx';
import { RecoveryCode } from '../../parts/recovery.tsx';
import { Landing } from '../../parts/shell.tsx';
import { go, to } from '../../router.ts';
import { c } from '../../words/coming.ts';
import { problemWords } from '../../words/index.ts';
import { Facts } from './facts.tsx';

/** The front of the house, for somebody who is not signed in. */
export function WelcomeScreen() {
  const words = c().welcome;
  const open = ready(about.shown.value)?.sign_up === 'open';
  useEffect(() => void about.refresh(), []);
  return (
    <Landing art={<Scene people={[150, 168]} />}>
      <div class="stack close">
        <h1 tabIndex={-1}>{words.heading}</h1>
        <p class="lead">{words.what}</p>
      </div>
      <div class="stack close">
        {open && (
          <a class="btn live w" href={to.join} data-test="to-join">
            {words.join}
          </a>
        )}
        <a class={open ? 'btn w' : 'btn live w'} href={to.signin} data-test="to-signin">
          {words.signIn}
        </a>
      </div>
      <p class="meta">{open ? words.haveInvite : `${words.byInvite} ${words.haveInvite}`}</p>
      <Facts />
    </Landing>
  );
}

/** Signing in. `then` is where one wanted to go. */
export function SignInScreen({ then }: { then: string }) {
  const words = c().signin;
  const code = useSignal('');
  const hitch = useSignal('');
  const missing = useSignal(false);
  const newCode = useSignal('');
  const busy = useSignal(false);
  const stopOffer = useRef(() => {});
  const supported = passkeysSupported();
  const failed = (thrown: unknown) => {
    hitch.value =
      thrown instanceof PasskeyError
        ? thrown.failure === 'unsupported'
          ? words.unsupported
          : words.cancelled
        : problemWords(seen(thrown));
  };

  useEffect(() => {
    stopOffer.current = offerSignIn(failed);
    return () => stopOffer.current();
  }, []);

  // However one came in, with the button or by autofill: on to where one wanted.
  const inside = account.value.kind === 'in' && !newCode.value;
  useEffect(() => {
    if (inside) go(then, 'replace');
  }, [inside, then]);

  const attempt = async (way: () => Promise<void>) => {
    stopOffer.current();
    busy.value = true;
    hitch.value = '';
    try {
      await way();
    } catch (thrown) {
      failed(thrown);
    } finally {
      busy.value = false;
    }
  };
  const withCode = () => {
    missing.value = !code.value.trim();
    if (missing.value) return;
    void attempt(async () => {
      const { me, recovery_code } = await house.signInWithRecovery(code.value.trim());
      newCode.value = recovery_code;
      signedIn(me);
    });
  };

  if (newCode.value) {
    return (
      <Landing art={<Scene people={[150]} />}>
        <RecoveryCode code={newCode.value} onKept={() => (newCode.value = '')} />
      </Landing>
    );
  }
  return (
    <Landing art={<Scene people={[150]} />}>
      <h1 tabIndex={-1}>{words.heading}</h1>
      {hitch.value && (
        <p class="err" role="alert">
          <Icon name="triangle-alert" />
          {hitch.value}
        </p>
      )}
      {supported ? (
        <button
          type="button"
          class="btn live w"
          data-test="signin-passkey"
          disabled={busy.value}
          onClick={() => void attempt(signIn)}
        >
          <Icon name="fingerprint" />
          {words.withPasskey}
        </button>
      ) : (
        <p class="meta">{words.unsupported}</p>
      )}
      {supported && <p class="or meta">{words.or}</p>}
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          withCode();
        }}
      >
        <div class="field">
          <label for="code">{words.code}</label>
          <input
            id="code"
            data-test="recovery-input"
            autocomplete="one-time-code webauthn"
            autocapitalize="none"
            spellcheck={false}
            maxLength={100}
            value={code.value}
            aria-invalid={missing.value}
            aria-describedby="code-hint"
            onInput={(event) => (code.value = event.currentTarget.value)}
          />
          <span id="code-hint" class={missing.value ? 'err' : 'meta'}>
            {missing.value ? words.codeMissing : words.codeHint}
          </span>
        </div>
        <button type="submit" class="btn w" data-test="signin-recovery" disabled={busy.value}>
          <Icon name="key-round" />
          {words.withCode}
        </button>
      </form>
    </Landing>
  );
}

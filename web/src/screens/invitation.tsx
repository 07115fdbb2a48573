import { useSignal } from '@preact/signals';
import type { StoaError } from '@stoa/client';
import { useEffect, useMemo } from 'preact/hooks';
import { account, house, seen, signedIn } from '../models/account.ts';
import { PasskeyError, passkeysSupported, signUp } from '../models/passkeys.ts';
import { resource } from '../models/resource.ts';
import { Scene } from '../parts/brand.tsx';
import { Icon } from '../parts/icon.tsx';
import { Loadable } from '../parts/loadable.tsx';
import { RecoveryCode } from '../parts/recovery.tsx';
import { Landing } from '../parts/shell.tsx';
import { go, to } from '../router.ts';
import { problemWords, t } from '../words/index.ts';

/** The way in with an invitation: a name, and a passkey or a recovery code. */
export function InvitationScreen({ code }: { code: string }) {
  const found = useMemo(
    () =>
      resource(async () => {
        try {
          return await house.invitation(code);
        } catch (thrown) {
          if ((thrown as StoaError).code === 'no_invite') return undefined;
          throw thrown;
        }
      }),
    [code],
  );
  useEffect(() => void found.refresh(), [found]);
  const recovery = useSignal('');

  if (recovery.value) {
    return (
      <Landing art={<Scene people={[150]} />}>
        <RecoveryCode code={recovery.value} onKept={() => go(to.hallway, 'replace')} />
      </Landing>
    );
  }
  return (
    <Landing art={<Scene people={[150, 168]} />}>
      <Loadable of={found}>
        {(invitation) =>
          invitation ? (
            <>
              <Greeting from={invitation.from?.name} />
              {account.value.kind === 'in' ? (
                <AlreadyIn name={account.value.me.name} />
              ) : (
                <SignUp code={code} showRecovery={(c) => (recovery.value = c)} />
              )}
            </>
          ) : (
            <Gone />
          )
        }
      </Loadable>
    </Landing>
  );
}

function Greeting({ from }: { from: string | undefined }) {
  const words = t().invitation;
  return (
    <div class="stack close">
      <h1 tabIndex={-1}>{from ? words.from(from) : words.fromHouse}</h1>
      <p class="lead">{words.what}</p>
    </div>
  );
}

type Hitch = '' | 'name' | 'cancelled' | 'failed' | 'refused';

function SignUp({ code, showRecovery }: { code: string; showRecovery: (code: string) => void }) {
  const words = t().invitation;
  const name = useSignal('');
  const hitch = useSignal<Hitch>('');
  const refusal = useSignal('');
  const busy = useSignal(false);
  const supported = passkeysSupported();

  const attempt = async (way: () => Promise<void>) => {
    if (!name.value.trim()) {
      hitch.value = 'name';
      document.getElementById('name')?.focus();
      return;
    }
    busy.value = true;
    hitch.value = '';
    try {
      await way();
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
      await signUp(code, name.value.trim());
      go(to.hallway, 'replace');
    });
  const withRecovery = () =>
    attempt(async () => {
      const { me, recovery_code } = await house.signUpWithRecovery(code, name.value.trim());
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
      <Facts />
      <p class="meta">
        {words.known} <a href={to.signin}>{words.signIn}</a>
      </p>
    </form>
  );
}

/** What the house promises, and keeps. */
export function Facts() {
  const { facts } = t();
  return (
    <ul class="facts">
      <li>
        <Icon name="check" />
        {facts.noNumber}
      </li>
      <li>
        <Icon name="check" />
        {facts.notRecorded}
      </li>
    </ul>
  );
}

function AlreadyIn({ name }: { name: string }) {
  return (
    <>
      <p>{t().invitation.signedIn(name)}</p>
      <a class="btn ink w" href={to.hallway}>
        {t().over.hallway}
      </a>
    </>
  );
}

function Gone() {
  const words = t().invitation;
  return (
    <>
      <div class="stack close">
        <h1 tabIndex={-1} data-test="invitation-gone">
          {words.gone}
        </h1>
        <p class="lead">{words.goneWhy}</p>
      </div>
      <p class="meta">
        {words.known} <a href={to.signin}>{words.signIn}</a>
      </p>
    </>
  );
}

import { useSignal } from '@preact/signals';
import type { StoaError } from '@stoa/client';
import { useEffect, useMemo } from 'preact/hooks';
import { account, house } from '../../models/account.ts';
import { resource } from '../../models/resource.ts';
import { Scene } from '../../parts/brand.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { RecoveryCode } from '../../parts/recovery.tsx';
import { Landing } from '../../parts/shell.tsx';
import { go, to } from '../../router.ts';
import { c } from '../../words/coming.ts';
import { t } from '../../words/index.ts';
import { SignUp } from './signup.tsx';

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
        <RecoveryCode code={recovery.value} onKept={() => go(to.welcome, 'replace')} />
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
                <SignUp
                  way={async () => ({ invite: code })}
                  showRecovery={(text) => (recovery.value = text)}
                />
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
  const words = c().invitation;
  return (
    <div class="stack close">
      <h1 tabIndex={-1}>{from ? words.from(from) : words.fromHouse}</h1>
      <p class="lead">{words.what}</p>
    </div>
  );
}

/** For who has an account already. */
export function AlreadyIn({ name }: { name: string }) {
  return (
    <>
      <p>{c().invitation.signedIn(name)}</p>
      <a class="btn ink w" href={to.hallway}>
        {t().over.hallway}
      </a>
    </>
  );
}

function Gone() {
  const words = c().invitation;
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

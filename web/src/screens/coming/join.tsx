import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { account } from '../../models/account.ts';
import { about } from '../../models/report.ts';
import { Work } from '../../models/work.ts';
import { Scene } from '../../parts/brand.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { RecoveryCode } from '../../parts/recovery.tsx';
import { Landing } from '../../parts/shell.tsx';
import { go, to } from '../../router.ts';
import { c } from '../../words/coming.ts';
import { AlreadyIn } from './invitation.tsx';
import { SignUp } from './signup.tsx';

/** The way in without an invitation, where the house is open. */
export function JoinScreen() {
  useEffect(() => void about.refresh(), []);
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
      <Loadable of={about}>
        {({ sign_up }) =>
          account.value.kind === 'in' ? (
            <AlreadyIn name={account.value.me.name} />
          ) : sign_up === 'open' ? (
            <Open showRecovery={(code) => (recovery.value = code)} />
          ) : (
            <Shut />
          )
        }
      </Loadable>
    </Landing>
  );
}

function Open({ showRecovery }: { showRecovery: (code: string) => void }) {
  const words = c().join;
  const work = useMemo(() => new Work(), []);
  useEffect(() => () => work.stop(), [work]);
  const state = work.state.value;
  return (
    <>
      <div class="stack close">
        <h1 tabIndex={-1}>{words.heading}</h1>
        <p class="lead">{words.what}</p>
      </div>
      <SignUp way={() => work.take()} showRecovery={showRecovery}>
        <p
          class={state === 'stuck' ? 'err' : 'meta flex'}
          role="status"
          data-test={`work-${state}`}
        >
          <Icon
            name={state === 'stuck' ? 'triangle-alert' : state === 'done' ? 'check' : 'clock'}
          />
          {words[state]}
        </p>
      </SignUp>
    </>
  );
}

function Shut() {
  const words = c();
  return (
    <>
      <div class="stack close">
        <h1 tabIndex={-1}>{words.join.shut}</h1>
        <p class="lead">{words.join.shutWhy}</p>
      </div>
      <a class="btn live w" href={to.signin}>
        {words.welcome.signIn}
      </a>
    </>
  );
}

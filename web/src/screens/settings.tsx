import { type Signal, useSignal } from '@preact/signals';
import type { Session } from '@stoa/client';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { account, house, rename, seen, signedIn, signOut } from '../models/account.ts';
import { forgetBackup, forgetHere, whereabouts } from '../models/device.ts';
import { microphones, watchMicrophones } from '../models/microphones.ts';
import { say } from '../models/notices.ts';
import { addPasskey, PasskeyError, passkeysSupported } from '../models/passkeys.ts';
import { ready, resource } from '../models/resource.ts';
import { type Language, language, microphone, shortcuts, theme } from '../models/settings.ts';
import { Icon } from '../parts/icon.tsx';
import { LegalLinks } from '../parts/legal.tsx';
import { Loadable } from '../parts/loadable.tsx';
import { RecoveryCode } from '../parts/recovery.tsx';
import { BackTop, Porch } from '../parts/shell.tsx';
import { to } from '../router.ts';
import { dayAndClock, problemWords, t } from '../words/index.ts';
import { w } from '../words/safety.ts';
import { Mail } from './mail.tsx';
import { Spared } from './spared.tsx';

export function SettingsScreen() {
  const words = t().settings;
  const code = useSignal('');
  return (
    <Porch>
      <BackTop />
      <div class="pad stack wide-gap narrow">
        {code.value ? (
          <RecoveryCode code={code.value} onKept={() => (code.value = '')} />
        ) : (
          <>
            <h1 tabIndex={-1}>{words.title}</h1>
            <Name />
            <Appearance />
            <InRooms />
            <Mine />
            <Spared />
            <Mail />
            <Keys showCode={(fresh) => (code.value = fresh)} />
            <Sessions />
            <LegalLinks />
          </>
        )}
      </div>
    </Porch>
  );
}

/** Does something with the account, and says what came of it. */
async function attempt(what: () => Promise<unknown>, done?: string): Promise<void> {
  const words = t().settings;
  try {
    await what();
    if (done) say(done);
  } catch (thrown) {
    if (thrown instanceof PasskeyError) {
      say(
        {
          unsupported: words.passkeyUnsupported,
          cancelled: words.passkeyCancelled,
          already_here: words.passkeyAlready,
        }[thrown.failure],
      );
    } else {
      say(problemWords(seen(thrown)));
    }
  }
}

function Name() {
  const words = t().settings;
  const current = account.value.kind === 'in' ? account.value.me.name : '';
  const name = useSignal(current);
  return (
    <form
      class="field"
      onSubmit={(event) => {
        event.preventDefault();
        void attempt(() => rename(name.value.trim()), words.saved);
      }}
    >
      <label for="my-name">{words.name}</label>
      <div class="flex">
        <input
          id="my-name"
          class="grow"
          data-test="my-name"
          autocomplete="nickname"
          required
          maxLength={60}
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        <button
          type="submit"
          class="btn"
          data-test="save-name"
          disabled={!name.value.trim() || name.value.trim() === current}
        >
          {words.save}
        </button>
      </div>
    </form>
  );
}

const languages: [Language, string][] = [
  ['en', 'English'],
  ['de', 'Deutsch'],
];

function Appearance() {
  const words = t().settings;
  return (
    <>
      <Choice name="language" legend={words.language} value={language} options={languages} />
      <Choice
        name="theme"
        legend={words.theme}
        value={theme}
        options={[
          ['auto', words.themes.auto],
          ['light', words.themes.light],
          ['dark', words.themes.dark],
        ]}
      />
    </>
  );
}

interface ChoiceProps<T extends string> {
  name: string;
  legend: string;
  value: Signal<T>;
  options: [T, string][];
}

function Choice<T extends string>({ name, legend, value, options }: ChoiceProps<T>) {
  return (
    <fieldset class="field">
      <legend>{legend}</legend>
      <div class="opts">
        {options.map(([option, says]) => (
          <label class="opt" key={option}>
            <input
              type="radio"
              name={name}
              data-test={`${name}-${option}`}
              checked={value.value === option}
              onChange={() => (value.value = option)}
            />
            {says}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function InRooms() {
  const words = t().settings;
  useEffect(watchMicrophones, []);
  const found = microphones.value;
  return (
    <>
      <div class="field">
        <label for="microphone">{words.microphone}</label>
        <select
          id="microphone"
          data-test="microphone"
          value={microphone.value}
          aria-describedby="microphone-why"
          onChange={(event) => (microphone.value = event.currentTarget.value)}
        >
          <option value="">{words.microphoneDefault}</option>
          {found.map((device, n) => (
            <option key={device.deviceId} value={device.deviceId}>
              {device.label || words.microphoneUnnamed(n + 1)}
            </option>
          ))}
        </select>
        <span class="meta" id="microphone-why">
          {words.microphoneWhy}
        </span>
      </div>
      <label class="row">
        <span class="grow">
          <b>{words.shortcuts}</b>
          <span>{words.shortcutsWhy}</span>
        </span>
        <input
          type="checkbox"
          class="sw"
          data-test="shortcuts"
          checked={shortcuts.value === 'on'}
          onChange={(event) => (shortcuts.value = event.currentTarget.checked ? 'on' : 'off')}
        />
      </label>
    </>
  );
}

/** What one has said of oneself, and what is kept of one. */
function Mine() {
  const words = t();
  return (
    <Part title={words.settings.mine}>
      <ul class="list">
        <li>
          <a class="row" href={to.edit} data-test="to-edit">
            <Icon name="user" />
            <b class="grow">{words.edit.title}</b>
          </a>
        </li>
        <li>
          <a class="row" href={to.telling} data-test="to-telling">
            <Icon name="bell" />
            <b class="grow">{words.settings.telling}</b>
          </a>
        </li>
        <li>
          <a class="row" href={to.decisions} data-test="to-decisions">
            <Icon name="id-card" />
            <b class="grow">{w().decisions}</b>
          </a>
        </li>
        <li>
          <a class="row" href={to.reports} data-test="to-reports">
            <Icon name="flag" />
            <b class="grow">{w().reports}</b>
          </a>
        </li>
        <li>
          <a class="row" href={to.stored} data-test="to-stored">
            <Icon name="archive" />
            <b class="grow">{words.stored.title}</b>
          </a>
        </li>
      </ul>
    </Part>
  );
}

function Keys({ showCode }: { showCode: (code: string) => void }) {
  const words = t().settings;
  if (account.value.kind !== 'in') return null;
  const { me } = account.value;
  const renew = async () => {
    const { recovery_code } = await house.renewRecovery();
    showCode(recovery_code);
    signedIn({ ...me, recovery: true });
  };
  return (
    <Part title={words.keys}>
      <ul class="list">
        <li class="row">
          <Icon name="fingerprint" />
          <span class="grow">
            <b>{words.passkeys(me.passkeys)}</b>
          </span>
          {passkeysSupported() && (
            <button
              type="button"
              class="btn s"
              data-test="add-passkey"
              onClick={() => void attempt(addPasskey, words.passkeyAdded)}
            >
              {words.addPasskey}
            </button>
          )}
        </li>
        <li class="row">
          <Icon name="key-round" />
          <span class="grow">
            <b>{me.recovery ? words.recoveryThere : words.recoveryNone}</b>
            {me.recovery && <span>{words.recoveryWhy}</span>}
          </span>
          <button
            type="button"
            class="btn s"
            data-test="renew-recovery"
            onClick={() => void attempt(renew)}
          >
            {words.recoveryNew}
          </button>
        </li>
        <Device />
      </ul>
    </Part>
  );
}

/** The key by which others know one's voice, and where it is. */
function Device() {
  const words = t().settings;
  useEffect(() => void whereabouts.refresh(), []);
  const where = ready(whereabouts.shown.value);
  if (!where) return null;
  return (
    <li class="row" data-test="device-key" data-where={where}>
      <Icon name={where === 'backed_up' ? 'lock' : 'key-round'} />
      <span class="grow">
        <b>{words.device[where]}</b>
        <span>{words.deviceWhy[where]}</span>
      </span>
      {where === 'backed_up' && (
        <button
          type="button"
          class="btn s"
          data-test="delete-backup"
          onClick={() => void attempt(forgetBackup, words.backupDeleted)}
        >
          {words.backupDelete}
        </button>
      )}
    </li>
  );
}

function Sessions() {
  const words = t().settings;
  const sessions = useMemo(
    () => resource<Session[]>(async () => (await house.sessions()).sessions),
    [],
  );
  useEffect(() => void sessions.refresh(), [sessions]);
  const end = async (session: Session) => {
    await house.endSession(session.id);
    await sessions.refresh();
  };
  const lastKey = account.value.kind === 'in' && account.value.me.passkeys === 0;
  return (
    <Part title={words.sessions}>
      <Loadable of={sessions}>
        {(found) => (
          <ul class="list">
            {found.map((session) => (
              <li class="row" key={session.id}>
                <Icon name="monitor" />
                <span class="grow">
                  <b>
                    {session.current
                      ? words.sessionHere
                      : words.sessionSeen(dayAndClock(session.seen))}
                  </b>
                  <span>{words.sessionSince(dayAndClock(session.created))}</span>
                </span>
                {!session.current && (
                  <button
                    type="button"
                    class="btn s"
                    data-test="end-session"
                    onClick={() => void attempt(() => end(session))}
                  >
                    {words.sessionEnd}
                  </button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loadable>
      {lastKey && <p class="meta">{words.lastKey}</p>}
      <button
        type="button"
        class="btn align-start"
        data-test="sign-out"
        onClick={() => void attempt(signOut)}
      >
        <Icon name="log-out" />
        {words.signOut}
      </button>
      <div class="stack close">
        <button
          type="button"
          class="btn danger align-start"
          data-test="forget-here"
          onClick={() => void attempt(forgetHere)}
        >
          <Icon name="log-out" />
          {words.forgetHere}
        </button>
        <p class="meta">{words.forgetHereWhy}</p>
      </div>
    </Part>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="stack">
      <h2 class="sub bare-sub">{title}</h2>
      {children}
    </section>
  );
}

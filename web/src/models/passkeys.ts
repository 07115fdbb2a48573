import type { Me } from '@stoa/client';
import { house, signedIn } from './account.ts';

/** Passkeys (WebAuthn, level 3): made and used by the browser, checked by the node. */

/** Why a passkey did not come about. */
export type PasskeyFailure = 'unsupported' | 'cancelled' | 'already_here';

export class PasskeyError extends Error {
  readonly failure: PasskeyFailure;

  constructor(failure: PasskeyFailure) {
    super(failure);
    this.failure = failure;
  }
}

export const passkeysSupported = () =>
  typeof PublicKeyCredential !== 'undefined' &&
  'parseCreationOptionsFromJSON' in PublicKeyCredential;

export async function signUp(invite: string, name: string): Promise<void> {
  const { ceremony, options } = await house.beginSignUp(invite, name);
  signedIn(await house.finishSignUp(ceremony, await create(options)));
}

export async function addPasskey(): Promise<Me> {
  const { ceremony, options } = await house.beginPasskey();
  const me = await house.finishPasskey(ceremony, await create(options));
  signedIn(me);
  return me;
}

export async function signIn(): Promise<void> {
  const { ceremony, options } = await house.beginSignIn();
  signedIn(await house.finishSignIn(ceremony, await use(options)));
}

/**
 * Offers passkeys in the browser's autofill, where it can; returns how to
 * stop. A browser has one such offer at a time, so it must be stopped before
 * `signIn`.
 */
export function offerSignIn(failed: (thrown: unknown) => void): () => void {
  const stopped = new AbortController();
  void (async () => {
    if (!passkeysSupported()) return;
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    try {
      const { ceremony, options } = await house.beginSignIn();
      if (stopped.signal.aborted) return;
      const used = await use(options, { mediation: 'conditional', signal: stopped.signal });
      signedIn(await house.finishSignIn(ceremony, used));
    } catch (thrown) {
      if (!stopped.signal.aborted && !(thrown instanceof PasskeyError)) failed(thrown);
    }
  })();
  return () => stopped.abort();
}

async function create(options: PublicKeyCredentialCreationOptionsJSON): Promise<unknown> {
  if (!passkeysSupported()) throw new PasskeyError('unsupported');
  try {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return toJSON(await navigator.credentials.create({ publicKey }));
  } catch (thrown) {
    throw failureOf(thrown);
  }
}

async function use(
  options: PublicKeyCredentialRequestOptionsJSON,
  how: { mediation?: 'conditional'; signal?: AbortSignal } = {},
): Promise<unknown> {
  if (!passkeysSupported()) throw new PasskeyError('unsupported');
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    return toJSON(await navigator.credentials.get({ publicKey, ...how }));
  } catch (thrown) {
    throw failureOf(thrown);
  }
}

function toJSON(credential: Credential | null): unknown {
  if (!(credential instanceof PublicKeyCredential)) throw new PasskeyError('cancelled');
  return credential.toJSON();
}

function failureOf(thrown: unknown): unknown {
  if (!(thrown instanceof DOMException)) return thrown;
  switch (thrown.name) {
    case 'NotAllowedError':
    case 'AbortError':
      return new PasskeyError('cancelled');
    case 'InvalidStateError':
      return new PasskeyError('already_here');
    default: // NotSupportedError, ConstraintError, SecurityError, …
      return new PasskeyError('unsupported');
  }
}

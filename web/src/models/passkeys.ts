import { backupInput, type Me, type WayIn } from '@stoa/client';
import { house, signedIn } from './account.ts';
import { bringDevice } from './device.ts';

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

export async function signUp(way: WayIn, name: string): Promise<void> {
  const { ceremony, options } = await house.beginSignUp(way, name);
  const passkey = await create(options);
  await come(await house.finishSignUp(ceremony, passkey.told), passkey);
}

export async function addPasskey(): Promise<Me> {
  const { ceremony, options } = await house.beginPasskey();
  const passkey = await create(options);
  const me = await house.finishPasskey(ceremony, passkey.told);
  await come(me, passkey);
  return me;
}

export async function signIn(): Promise<void> {
  const { ceremony, options } = await house.beginSignIn();
  const passkey = await use(options);
  await come(await house.finishSignIn(ceremony, passkey.told), passkey);
}

/** Shows by a passkey that one is who one is; returns what the node is told. */
export async function prove(options: PublicKeyCredentialRequestOptionsJSON): Promise<unknown> {
  const { told, secret } = await use(options);
  secret?.fill(0);
  return told;
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
      const passkey = await use(options, { mediation: 'conditional', signal: stopped.signal });
      await come(await house.finishSignIn(ceremony, passkey.told), passkey);
    } catch (thrown) {
      if (!stopped.signal.aborted && !(thrown instanceof PasskeyError)) failed(thrown);
    }
  })();
  return () => stopped.abort();
}

/** A passkey that was made or used just now. */
interface Used {
  id: string;
  /** What the node is told of it. */
  told: unknown;
  /** What its authenticator makes for the backup of a device's key, where it can. */
  secret: Uint8Array<ArrayBuffer> | undefined;
}

/** Comes in, with the key of this device at hand. */
async function come(me: Me, { id, secret }: Used): Promise<void> {
  if (secret) await bringDevice(me.id, id, secret);
  signedIn(me);
}

const extensions = { prf: { eval: { first: backupInput } } };

async function create(options: PublicKeyCredentialCreationOptionsJSON): Promise<Used> {
  if (!passkeysSupported()) throw new PasskeyError('unsupported');
  try {
    const asked = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const publicKey = { ...asked, extensions: { ...asked.extensions, ...extensions } };
    return used(await navigator.credentials.create({ publicKey }));
  } catch (thrown) {
    throw failureOf(thrown);
  }
}

async function use(
  options: PublicKeyCredentialRequestOptionsJSON,
  how: { mediation?: 'conditional'; signal?: AbortSignal } = {},
): Promise<Used> {
  if (!passkeysSupported()) throw new PasskeyError('unsupported');
  try {
    const asked = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const publicKey = { ...asked, extensions: { ...asked.extensions, ...extensions } };
    return used(await navigator.credentials.get({ publicKey, ...how }));
  } catch (thrown) {
    throw failureOf(thrown);
  }
}

/** What the authenticator has made stays here: it opens what the node keeps sealed. */
function used(credential: Credential | null): Used {
  if (!(credential instanceof PublicKeyCredential)) throw new PasskeyError('cancelled');
  const first = credential.getClientExtensionResults().prf?.results?.first;
  const secret = first instanceof ArrayBuffer ? new Uint8Array(first) : undefined;
  const told = { ...credential.toJSON(), clientExtensionResults: {} };
  return { id: credential.id, told, secret };
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

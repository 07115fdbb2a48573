import { scrypt } from '@noble/hashes/scrypt.js';

/**
 * The work that a house asks of who makes an account without an invite: a counter
 * whose scrypt (RFC 7914; N = 16384, r = 8, p = 1), with the challenge as salt,
 * begins with so many zero bits. See docs/protocol/http.md.
 */

export interface Task {
  /** base64url */
  challenge: string;
  bits: number;
}

export interface Worked {
  challenge: string;
  counter: number;
}

const settings = { N: 1 << 14, r: 8, p: 1, dkLen: 8 };

/** With how many zero bits the function of a counter begins. */
export function zeros(challenge: Uint8Array, counter: number): number {
  const tried = new Uint8Array(4);
  new DataView(tried.buffer).setUint32(0, counter);
  const hash = new DataView(scrypt(tried, challenge, settings).buffer);
  const high = hash.getUint32(0);
  return high === 0 ? 32 + Math.clz32(hash.getUint32(4)) : Math.clz32(high);
}

/** Finds the answer. It takes seconds, so it is for a worker. */
export function work({ challenge, bits }: Task): Worked {
  const salt = Uint8Array.from(
    atob(challenge.replaceAll('-', '+').replaceAll('_', '/')),
    (character) => character.charCodeAt(0),
  );
  let counter = 0;
  while (zeros(salt, counter) < bits) counter++;
  return { challenge, counter };
}

/** Finds the answer in a worker of its own, which ends with `stop`. */
export function workAside(task: Task, stop: AbortSignal): Promise<Worked> {
  return new Promise((resolve, reject) => {
    stop.throwIfAborted();
    const worker = new Worker(new URL('./work.worker.js', import.meta.url), { type: 'module' });
    const end = () => worker.terminate();
    const stopped = () => {
      end();
      reject(stop.reason);
    };
    stop.addEventListener('abort', stopped, { once: true });
    worker.onmessage = ({ data }: MessageEvent<Worked>) => {
      end();
      stop.removeEventListener('abort', stopped);
      resolve(data);
    };
    worker.onerror = (event) => {
      end();
      stop.removeEventListener('abort', stopped);
      reject(new Error(event.message || 'the worker could not be started'));
    };
    worker.postMessage(task);
  });
}

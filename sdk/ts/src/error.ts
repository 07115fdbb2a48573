/** What the node says when it refuses (RFC 9457). */
export interface Problem {
  code: string;
  title: string;
  status: number;
  detail?: string;
  /** Seconds to wait before asking again. */
  retry_after?: number;
  /** What is wrong with single fields. */
  errors?: Violation[];
  /** Of `suspended`: until when (for good, where it is absent), why, and the next recovery code. */
  until?: string;
  reason?: string;
  recovery_code?: string;
  /** Of `changed_meanwhile`, in the queue: what was decided last. */
  decision?: {
    what: 'nothing' | 'warning' | 'suspend' | 'ban' | 'close_room' | 'remove' | 'lift';
    made: string;
  };
}

/** What is wrong with one field, for people; `location` is like `body.links[1].url`. */
export interface Violation {
  location?: string;
  message: string;
}

/**
 * The one kind of error this library throws. `code` is stable and for programs
 * (docs/protocol/http.md lists those of a node), `title` is for people.
 *
 * Codes made here, with status 0: `offline` (the node cannot be reached),
 * `not_here` (the seat is gone), `no_sealing` (this browser cannot come in),
 * `nothing_heard` (there is nothing to be reported), `no_key` (the room's secret has
 * not come yet), `no_text` (that cannot be written), `microphone_refused`,
 * `microphone_missing`.
 */
export class StoaError extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  /** Seconds to wait before asking again, where the node has said so. */
  readonly retryAfter: number | undefined;
  readonly errors: readonly Violation[];
  /** All that the node has said. */
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.title} (${problem.code})`);
    this.name = 'StoaError';
    this.code = problem.code;
    this.status = problem.status;
    this.title = problem.title;
    this.detail = problem.detail;
    this.retryAfter = problem.retry_after;
    this.errors = problem.errors ?? [];
    this.problem = problem;
  }
}

export const offline = () =>
  new StoaError({ code: 'offline', title: 'The node cannot be reached', status: 0 });

export const notHere = () =>
  new StoaError({ code: 'not_here', title: 'There is no seat in the room', status: 0 });

export const nothingHeard = () =>
  new StoaError({ code: 'nothing_heard', title: 'There is nothing to be reported', status: 0 });

export const noKey = () =>
  new StoaError({ code: 'no_key', title: 'The secret of the room has not come yet', status: 0 });

export const noText = () =>
  new StoaError({ code: 'no_text', title: 'That is no text of 1 to 500 characters', status: 0 });

/** Turns whatever was thrown into the one kind of error. */
export function asStoaError(thrown: unknown): StoaError {
  if (thrown instanceof StoaError) return thrown;
  const title = thrown instanceof Error ? thrown.message : String(thrown);
  return new StoaError({ code: 'internal', title, status: 0 });
}

/** Addresses of mail in the double: the code is in `codes`, as if it had been read. */
import type { MyAddress, Violation } from '@stoa/client';

interface AroundMail {
  refuse(code: string, status?: number, errors?: Violation[]): never;
}

export class DoubleMail {
  /** Whether the house sends any. */
  sends = false;
  readonly all = new Map<string, MyAddress>();
  readonly codes = new Map<string, string>();
  readonly #tries = new Map<string, number>();
  readonly #asked = new Map<string, number>();
  readonly #around: AroundMail;

  constructor(around: AroundMail) {
    this.#around = around;
  }

  answer(
    method: string,
    path: string[],
    me: string,
    { body, de }: { body: Record<string, unknown>; de: boolean },
  ) {
    const [first, second, third] = path;
    if (first !== 'me' || second !== 'address') return;
    const { refuse } = this.#around;
    const mine = this.all.get(me) ?? { news: 'off' as const };
    if (method === 'DELETE') {
      this.all.delete(me);
      return { status: 204 };
    }
    if (method !== 'GET' && !this.sends) return refuse('no_mail', 409);
    const is = (now: MyAddress) => {
      this.all.set(me, now);
      return { body: now };
    };
    if (method === 'GET') return { body: mine };
    if (third === 'news') {
      if (!mine.address) return refuse('no_address', 409);
      return is({ ...mine, news: body.news as MyAddress['news'] });
    }
    if (third === 'verify') {
      if (!mine.pending) return refuse('no_code', 409);
      const { pending, ...rest } = mine;
      if (String(body.code).replaceAll(' ', '') === this.codes.get(me)) {
        this.#tries.delete(me);
        return is({ ...rest, address: pending.address, verified: new Date().toISOString() });
      }
      const tries = (this.#tries.get(me) ?? 0) + 1;
      this.#tries.set(me, tries);
      if (tries < 5) return refuse('wrong_code', 422);
      this.all.set(me, rest);
      return refuse('no_code', 409);
    }
    const address = String(body.address);
    if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(address)) {
      const message = de
        ? 'Das ist keine E-Mail-Adresse wie name@example.org'
        : 'This is no e-mail address: such as name@example.org';
      return refuse('invalid', 422, [{ location: 'body.address', message }]);
    }
    const asked = (this.#asked.get(me) ?? 0) + 1;
    if (asked > 3) return refuse('too_many', 429);
    this.#asked.set(me, asked);
    this.codes.set(me, String(10_000_000 + asked));
    this.#tries.delete(me);
    const expires = new Date(Date.now() + 900_000 + asked).toISOString();
    return is({ ...mine, pending: { address, expires } });
  }
}

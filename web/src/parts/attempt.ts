import { seen } from '../models/account.ts';
import { say } from '../models/notices.ts';
import { problemWords } from '../words/index.ts';

/** Does something, and says what came of it; whether it was done. */
export async function attempt(what: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await what();
    if (done) say(done);
    return true;
  } catch (thrown) {
    say(problemWords(seen(thrown)));
    return false;
  }
}

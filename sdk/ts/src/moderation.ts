import type { House } from './house.ts';
import type {
  MyDecision,
  MyReport,
  NewDecision,
  Queue,
  QueueEntry,
  QueueLog,
  ReportReason,
  ThingKind,
} from './http.ts';

/** What is reported in words, judged and decided: calls for those who show it. */

const enc = encodeURIComponent;
const page = (after: string) => (after ? `?after=${enc(after)}` : '');

/** Tells the wardens of a house what is wrong with something. */
export const reportWords = (
  house: House,
  kind: ThingKind,
  id: string,
  reason: ReportReason,
  text: string,
) => house.ask<{ id: string }>('POST', 'reports/words', { about: { [kind]: id }, reason, text });

/** What I have reported. */
export const myReports = (house: House) => house.ask<{ reports: MyReport[] }>('GET', 'me/reports');

/** What was decided about me, and my answer to one of that. */
export const myDecisions = (house: House) =>
  house.ask<{ decisions: MyDecision[] }>('GET', 'me/decisions');
export const answerDecision = (house: House, id: string, text: string) =>
  house.ask<void>('POST', `me/decisions/${enc(id)}/answer`, { text });

/** What there is to judge, for wardens. */
export const queueOf = (house: House, after = '') => house.ask<Queue>('GET', `queue${page(after)}`);
export const queueEntry = (house: House, id: string) =>
  house.versioned<QueueEntry>('GET', `queue/${enc(id)}`);
/** Decides, if nobody has meanwhile. */
export const decide = (house: House, id: string, decision: NewDecision, version: string) =>
  house.versioned<QueueEntry>('POST', `queue/${enc(id)}/decisions`, decision, {
    'if-match': version,
  });
export const queueLog = (house: House, after = '') =>
  house.ask<QueueLog>('GET', `queue/log${page(after)}`);

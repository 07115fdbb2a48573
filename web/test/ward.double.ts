/** Reports in words, the queue and decisions, in the double. */
import type {
  DecisionWhat,
  MyDecision,
  MyReport,
  NamedThing,
  Person,
  QueueDecision,
  QueueEntry,
  ReportReason,
  ThingKind,
} from '@stoa/client';

/** What the queue asks of the rest of the double. */
export interface AroundWard {
  newID(): string;
  person(viewer: string, id: string): Person | undefined;
  /** How a thing is called, and whom it concerns. */
  thing(kind: ThingKind, id: string): { name: string; concerns: string } | undefined;
  decided(who: string): void;
  refuse(code: string, status?: number): never;
}

interface Asked {
  body: Record<string, unknown>;
  ifMatch: string | undefined;
}

type Answer = { status?: number; body?: unknown; headers?: Record<string, string> };

interface KeptReport {
  id: string;
  by: string;
  reason: ReportReason;
  text: string;
  made: string;
  decided: boolean;
}

interface KeptDecision {
  id: string;
  by: string;
  person: string;
  what: DecisionWhat;
  made: string;
  ends?: string;
  lifted?: string;
  reason: string;
  answer?: string;
}

interface Entry {
  id: string;
  kind: ThingKind;
  open: boolean;
  since: string;
  version: number;
  reports: KeptReport[];
  decisions: KeptDecision[];
  /** Who is not to judge it again. */
  passed?: string;
}

export class DoubleWard {
  readonly wardens = new Set<string>();
  readonly entries = new Map<string, Entry>();
  readonly #around: AroundWard;

  constructor(around: AroundWard) {
    this.#around = around;
  }

  report(by: string, kind: ThingKind, id: string, reason: ReportReason, text: string): string {
    const made = new Date().toISOString();
    let entry = this.entries.get(id);
    if (!entry?.open) {
      const before = entry ?? { version: 0, reports: [], decisions: [] };
      entry = { ...before, id, kind, open: true, since: made, version: before.version + 1 };
      this.entries.set(id, entry);
    }
    const report = { id: this.#around.newID(), by, reason, text, made, decided: false };
    entry.reports.unshift(report);
    return report.id;
  }

  decide(by: string, id: string, what: DecisionWhat, reason: string, days = 7): void {
    const entry = this.entries.get(id);
    const concerns = entry && this.#around.thing(entry.kind, id)?.concerns;
    if (!entry || !concerns) {
      this.#around.refuse('thing_gone');
      return;
    }
    const made = new Date().toISOString();
    const ends = what === 'suspend' && new Date(Date.now() + days * 86_400_000).toISOString();
    if (what === 'lift') for (const d of entry.decisions) d.lifted = made;
    const decision = { id: this.#around.newID(), by, person: concerns, what, made, reason };
    entry.decisions.push({ ...decision, ...(ends ? { ends } : {}) });
    Object.assign(entry, { open: false, since: made, version: entry.version + 1 });
    for (const report of entry.reports) report.decided = true;
    if (what !== 'nothing') this.#around.decided(concerns);
  }

  answer(method: string, path: string[], me: string, asked: Asked): Answer | undefined {
    const { body, ifMatch } = asked;
    const [first, second, third, fourth] = path;
    if (first === 'reports' && second === 'words') {
      const [kind, id] = Object.entries(body.about as Record<string, string>)[0] ?? [];
      if (!id || !this.#around.thing(kind as ThingKind, id)) {
        return this.#around.refuse(`no_${kind}`, 404);
      }
      const { reason, text } = body as { reason: ReportReason; text: string };
      return { status: 201, body: { id: this.report(me, kind as ThingKind, id, reason, text) } };
    }
    if (first === 'me' && second === 'reports') return { body: { reports: this.#reports(me) } };
    if (first === 'me' && second === 'decisions') {
      if (fourth !== 'answer') return { body: { decisions: this.#decisions(me) } };
      this.#answered(me, third ?? '', String(body.text));
      return { status: 204 };
    }
    if (first !== 'queue') return;
    if (!this.wardens.has(me)) return this.#around.refuse('no_such_thing', 404);
    if (!second) {
      const all = [...this.entries.values()];
      const open = all.filter((e) => e.open).sort((a, b) => a.since.localeCompare(b.since));
      const rest = all.filter((e) => !e.open).sort((a, b) => b.since.localeCompare(a.since));
      const entries = [...open, ...rest].map((e) => this.#entry(me, e));
      return { body: { entries, open: open.length } };
    }
    if (second === 'log') {
      const all = [...this.entries.values()].flatMap((e) => this.#entry(me, e).decisions);
      return { body: { decisions: all.sort((a, b) => b.made.localeCompare(a.made)) } };
    }
    const entry = this.entries.get(second);
    if (!entry) return this.#around.refuse('no_such_thing', 404);
    if (method === 'POST') {
      if (ifMatch !== `"${entry.version}"`) this.#around.refuse('changed_meanwhile', 412);
      const { what, reason, days } = body as { what: DecisionWhat; reason: string; days?: number };
      this.decide(me, second, what, reason, days);
    }
    const status = method === 'POST' ? 201 : 200;
    return {
      ...{ status, body: this.#entry(me, entry) },
      headers: { etag: `"${entry.version}"` },
    };
  }

  #named(kind: ThingKind, id: string): NamedThing {
    const name = this.#around.thing(kind, id)?.name;
    return { kind, id, ...(name ? { name } : {}) };
  }

  #reports(me: string): MyReport[] {
    const all = [...this.entries.values()].flatMap((e) =>
      e.reports
        .filter((r) => r.by === me)
        .map(({ by: _, decided, ...r }): MyReport => {
          const state = decided ? 'decided' : 'open';
          return { ...r, by: 'words', about: this.#named(e.kind, e.id), state };
        }),
    );
    return all.sort((a, b) => b.made.localeCompare(a.made));
  }

  #decisions(me: string): MyDecision[] {
    const all = [...this.entries.values()].flatMap((e) =>
      e.decisions
        .filter((d) => d.person === me)
        .map(({ by: _, person: __, ...d }): MyDecision => {
          const lasts = ['suspend', 'ban'].includes(d.what) && !d.lifted;
          const open = d.what !== 'lift' && !d.answer;
          return { ...d, about: this.#named(e.kind, e.id), in_force: lasts, open };
        }),
    );
    return all.sort((a, b) => b.made.localeCompare(a.made));
  }

  #answered(me: string, id: string, text: string): void {
    for (const entry of this.entries.values()) {
      const decision = entry.decisions.find((d) => d.id === id && d.person === me);
      if (!decision) continue;
      if (decision.answer) this.#around.refuse('already_answered', 409);
      decision.answer = text;
      const since = new Date().toISOString();
      Object.assign(entry, { open: true, since, version: entry.version + 1, passed: decision.by });
      return;
    }
    this.#around.refuse('no_such_thing', 404);
  }

  #entry(me: string, e: Entry): QueueEntry {
    const { person } = this.#around;
    const concerns = this.#around.thing(e.kind, e.id)?.concerns;
    const whom = concerns && person(me, concerns);
    const about = this.#named(e.kind, e.id);
    return {
      ...{ id: e.id, about, open: e.open, since: e.since, words: e.reports.length, voices: 0 },
      ...(whom ? { person: whom } : {}),
      reasons: [...new Set(e.reports.map((r) => r.reason))],
      judge: e.passed !== me && e.reports.every((r) => r.by !== me),
      again: e.open && e.passed !== undefined,
      reports: e.reports.map(({ by, decided: _, ...r }) => {
        const who = person(me, by);
        return { ...r, ...(who ? { by: who } : {}) };
      }),
      heard: [],
      decisions: e.decisions.map(({ by, person: _, ...d }): QueueDecision => {
        const who = person(me, by);
        return { ...d, entry: e.id, about, ...(who ? { by: who } : {}) };
      }),
    };
  }
}

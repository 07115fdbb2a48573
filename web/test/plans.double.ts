/** The plans of the double: who sees them, who goes, and how their rooms are opened. */
import type { Plan, PlanChange, PlanNews, Violation } from '@stoa/client';

export interface KeptPlan extends PlanChange {
  id: string;
  host: string;
  asked: Map<string, boolean>;
  invited: Set<string>;
  goers: Map<string, number | undefined>;
  state: Plan['state'];
  room: string | undefined;
  version: number;
}

/** What the plans ask of the rest of the double. */
export interface Around {
  newID(): string;
  person(id: string): { id: string; name: string; picture?: string } | undefined;
  follows(who: string, whom: string): boolean;
  club(id: string): { id: string; name: string } | undefined;
  inClub(club: string, who: string): boolean;
  followsClub(club: string, who: string): boolean;
  openRoom(by: string, plan: KeptPlan): string;
  tell(who: string, news: PlanNews): void;
  refuse(code: string, status?: number, errors?: Violation[]): never;
  origin(): string;
}

interface Asked {
  body: Record<string, unknown>;
  query: URLSearchParams;
  ifMatch: string | undefined;
  de: boolean;
}

type Answer = {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
  bytes?: Buffer;
};

export class DoublePlans {
  readonly all = new Map<string, KeptPlan>();
  readonly #secrets = new Map<string, string>();
  readonly #around: Around;

  constructor(around: Around) {
    this.#around = around;
  }

  /** A plan of somebody's. */
  add(host: string, what: Partial<PlanChange> & { title: string; starts: string }): KeptPlan {
    const { cohosts = [], invite = [] } = what;
    const plan: KeptPlan = {
      ...{ about: '', minutes: 60, visibility: 'open', recorded: false },
      ...what,
      ...{ id: this.#around.newID(), host, cohosts, version: 1, state: 'planned', room: undefined },
      asked: new Map(cohosts.map((id) => [id, false])),
      invited: new Set(invite),
      goers: new Map([[host, 15]]),
    };
    this.all.set(plan.id, plan);
    return plan;
  }

  /** Opens the room of a plan, as at its start. */
  open(plan: KeptPlan): void {
    if (plan.state !== 'planned') return;
    plan.room = this.#around.openRoom(plan.host, plan);
    plan.state = 'open';
    this.tell(plan, 'open');
  }

  /** Tells those who go. */
  tell(plan: KeptPlan, kind: PlanNews['kind'], but = ''): void {
    const { id, title, starts } = plan;
    for (const who of plan.goers.keys()) {
      if (who !== but) this.#around.tell(who, { id, kind, title, starts });
    }
  }

  answer(method: string, path: string[], me: string, asked: Asked): Answer | undefined {
    const [first, second, third] = path;
    const { body, query, ifMatch, de } = asked;
    const refuse = this.#around.refuse;
    if (first === 'me' && second === 'calendar') {
      if (third === 'renew') this.#secrets.set(me, this.#around.newID());
      const secret = this.#secrets.get(me) ?? this.#around.newID();
      this.#secrets.set(me, secret);
      return { body: { url: `${this.#around.origin()}/calendar/${secret}.ics` } };
    }
    if (first !== 'plans') return;
    if (!second) {
      if (method === 'GET') return { body: { plans: this.#list(me, query) } };
      const plan = this.add(me, this.#checked(body, de));
      return { status: 201, ...this.#plan(plan, me) };
    }
    const ics = second.endsWith('.ics');
    const plan = this.all.get(second.replace(/\.ics$/, ''));
    if (!plan || !this.#sees(plan, me)) return refuse('no_plan', 404);
    if (ics) {
      const headers = { 'content-type': 'text/calendar' };
      return { bytes: Buffer.from('BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n'), headers };
    }
    const hosts = plan.host === me || plan.asked.get(me) === true;
    const ahead = plan.state === 'planned' || plan.state === 'open';
    switch (`${method} ${third ?? ''}`) {
      case 'GET ':
        return this.#plan(plan, me);
      case 'PUT ': {
        if (!hosts) return refuse('not_host', 403);
        if (!ifMatch) return refuse('no_version', 428);
        if (plan.state !== 'planned') return refuse(ahead ? 'plan_begun' : 'plan_over');
        if (ifMatch !== `"${plan.version}"`) return refuse('changed_meanwhile', 412);
        const what = this.#checked(body, de);
        const moved = what.starts !== plan.starts || what.minutes !== plan.minutes;
        delete plan.club;
        delete plan.language;
        delete plan.topics;
        Object.assign(plan, what);
        plan.asked = new Map(what.cohosts.map((id) => [id, plan.asked.get(id) ?? false]));
        if (what.invite) plan.invited = new Set(what.invite);
        plan.version++;
        if (moved) this.tell(plan, 'moved', me);
        return this.#plan(plan, me);
      }
      case 'DELETE ':
        if (!hosts) return refuse('not_host', 403);
        if (plan.state !== 'planned') return refuse('plan_begun');
        plan.state = 'cancelled';
        this.tell(plan, 'cancelled', me);
        return { status: 204 };
      case 'PUT hosting':
        if (!plan.asked.has(me)) return refuse('not_host', 403);
        if (body.accept) {
          plan.asked.set(me, true);
          plan.goers.set(me, 15);
        } else plan.asked.delete(me);
        plan.version++;
        return { status: 204 };
      case 'PUT going':
        if (!ahead) return refuse('plan_over');
        plan.goers.set(me, body.remind_minutes as number | undefined);
        return this.#plan(plan, me);
      case 'DELETE going':
        plan.goers.delete(me);
        return { status: 204 };
      case 'POST open':
        if (!hosts) return refuse('not_host', 403);
        if (Date.parse(plan.starts) - Date.now() > 15 * 60_000) return refuse('plan_early');
        this.open(plan);
        return this.#plan(plan, me);
    }
    return;
  }

  #sees(plan: KeptPlan, me: string): boolean {
    if (plan.host === me || plan.asked.has(me) || plan.goers.has(me)) return true;
    if (plan.state === 'cancelled') return false;
    if (plan.invited.has(me)) return true;
    switch (plan.visibility) {
      case 'open':
        return true;
      case 'social':
        return this.#around.follows(plan.host, me);
      case 'members':
        return this.#around.inClub(plan.club ?? '', me);
      case 'closed':
        return false;
    }
  }

  /** The plans that `me` may see and that are called so. */
  called(is: (title: string) => boolean, me: string): Plan[] {
    const all = this.#list(me, new URLSearchParams({ which: 'all' }));
    return all.filter(({ title }) => is(title));
  }

  #list(me: string, query: URLSearchParams): Plan[] {
    const which = query.get('which');
    const from = Date.parse(query.get('from') ?? new Date().toISOString());
    const ofClub = ({ club = '' }: KeptPlan) =>
      this.#around.inClub(club, me) || this.#around.followsClub(club, me);
    const forMe = (p: KeptPlan) =>
      ofClub(p) ||
      p.host === me ||
      p.asked.has(me) ||
      p.goers.has(me) ||
      p.invited.has(me) ||
      this.#around.follows(me, p.host);
    return [...this.all.values()]
      .filter((p) => Date.parse(p.starts) + p.minutes * 60_000 > from && this.#sees(p, me))
      .filter((p) => !query.get('club') || p.club === query.get('club'))
      .filter((p) => which === 'all' || (which === 'clubs' ? ofClub(p) : forMe(p)))
      .sort((a, b) => a.starts.localeCompare(b.starts))
      .map((p) => this.#shown(p, me));
  }

  #plan(plan: KeptPlan, me: string): Answer {
    const body = this.#shown(plan, me);
    if (body.may_edit) {
      body.invited = [...plan.invited].flatMap((id) => this.#around.person(id) ?? []);
    }
    return { body, headers: { etag: `"${plan.version}"` } };
  }

  #shown(plan: KeptPlan, me: string): Plan {
    const edits = plan.host === me || plan.asked.get(me) === true;
    const hosts = [[plan.host, true] as const, ...plan.asked].flatMap(([id, accepted]) => {
      const person = this.#around.person(id);
      return person && (accepted || edits || id === me) ? [{ ...person, accepted }] : [];
    });
    const { id, title, about, starts, minutes, visibility, recorded, state, room } = plan;
    const club = this.#around.club(plan.club ?? '');
    const remind = plan.goers.get(me);
    return {
      ...{ id, title, about, starts, minutes, hosts, visibility, recorded, state },
      ...(club ? { club: { id: club.id, name: club.name } } : {}),
      ...(plan.language ? { language: plan.language } : {}),
      ...(plan.topics?.length ? { topics: plan.topics } : {}),
      ...(room ? { room } : {}),
      going: plan.goers.size,
      ...(plan.goers.has(me)
        ? { mine: { going: true, ...(remind === undefined ? {} : { remind_minutes: remind }) } }
        : {}),
      may_edit: edits,
    };
  }

  #checked(body: Record<string, unknown>, de: boolean): PlanChange {
    const what = body as unknown as PlanChange;
    const errors: Violation[] = [];
    const bad = (field: string, en: string, german: string) =>
      errors.push({ location: `body.${field}`, message: de ? german : en });
    if (!what.title.trim()) {
      bad('title', 'A title has 1 to 120 characters', 'Ein Titel hat 1 bis 120 Zeichen');
    }
    if (!(Date.parse(what.starts) > Date.now())) {
      bad('starts', 'This has to be ahead', 'Das muss in der Zukunft liegen');
    }
    if (errors.length > 0) this.#around.refuse('invalid', 422, errors);
    return what;
  }
}

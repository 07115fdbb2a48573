/** The clubs of the double: who is in them, who asks, and what each of them may see and do. */
import type {
  Club,
  ClubCard,
  ClubRole,
  ClubWaiting,
  NewClub,
  Person,
  Standing,
  Violation,
} from '@stoa/client';

interface Member {
  role: ClubRole;
  since: string;
  shown: boolean;
}

export interface KeptClub extends NewClub {
  id: string;
  created: string;
  rules_version: number;
  version: number;
  members: Map<string, Member>;
  followers: Set<string>;
  pending: Map<string, { kind: ClubWaiting['kind']; by?: string; at: string }>;
  barred: Set<string>;
}

/** What the clubs ask of the rest of the double. */
export interface Around {
  newID(): string;
  /** Somebody, as `me` sees them; nothing for nobody. */
  person(me: string, id: string): Person | undefined;
  refuse(code: string, status?: number, errors?: Violation[]): never;
}

export interface AskedOfClubs {
  body: Record<string, unknown>;
  query: URLSearchParams;
  ifMatch: string | undefined;
  de: boolean;
}

type Answer = { status?: number; body?: unknown; headers?: Record<string, string> };

const isIn = (standing: Standing) =>
  standing === 'member' || standing === 'admin' || standing === 'founder';

export class DoubleClubs {
  readonly all = new Map<string, KeptClub>();
  pageSize = 20;
  readonly #around: Around;

  constructor(around: Around) {
    this.#around = around;
  }

  /** A club, of which `by` is the founder. */
  found(by: string, what: Partial<NewClub> & { name: string }): KeptClub {
    const at = new Date().toISOString();
    const club: KeptClub = {
      ...{ about: '', rules: [], joining: 'open', rooms: 'members', listed: true },
      ...what,
      ...{ id: this.#around.newID(), created: at, rules_version: 1, version: 1 },
      members: new Map([[by, { role: 'founder', since: at, shown: false }]]),
      ...{ followers: new Set(), pending: new Map(), barred: new Set() },
    };
    this.all.set(club.id, club);
    return club;
  }

  /** Puts somebody into a club. */
  take(club: KeptClub, who: string, role: ClubRole = 'member', shown = false): void {
    const since = new Date().toISOString();
    club.members.set(who, { role, since, shown });
    club.pending.delete(who);
    club.followers.delete(who);
  }

  isMember(club: string, who: string): boolean {
    return this.all.get(club)?.members.has(who) ?? false;
  }

  /** Clubs that both are in. */
  shared(a: string, b: string): KeptClub[] {
    return [...this.all.values()].filter((c) => c.members.has(a) && c.members.has(b));
  }

  /** The clubs that somebody shows, and `me` may see. */
  shownBy(who: string, me: string) {
    return [...this.all.values()].flatMap((club) => {
      const member = club.members.get(who);
      if (!member?.shown || !this.#sees(club, me)) return [];
      return [{ id: club.id, name: club.name, role: member.role }];
    });
  }

  /** Whether `who` may open rooms of it; refuses what they do not see. */
  mayOpen(id: string, who: string): KeptClub {
    const club = this.#seen(id, who);
    const role = club.members.get(who)?.role;
    if (!role || (club.rooms === 'admins' && role === 'member')) {
      this.#around.refuse('not_in_club', 403);
    }
    return club;
  }

  /** Somebody is erased: whoever is in a club of theirs longest has it; or it is gone. */
  erase(who: string): void {
    for (const club of this.all.values()) {
      const was = club.members.get(who)?.role;
      club.members.delete(who);
      club.followers.delete(who);
      club.pending.delete(who);
      club.barred.delete(who);
      if (was !== 'founder') continue;
      const next = [...club.members.values()].sort(
        (a, b) =>
          Number(b.role === 'admin') - Number(a.role === 'admin') || a.since.localeCompare(b.since),
      )[0];
      if (next) next.role = 'founder';
      else this.all.delete(club.id);
    }
  }

  answer(method: string, path: string[], me: string, asked: AskedOfClubs): Answer | undefined {
    const [first, second, third, fourth] = path;
    if (first !== 'clubs') return;
    const { body, query, de } = asked;
    const refuse = this.#around.refuse;
    if (!second) {
      if (method === 'GET') return { body: this.#lists(me) };
      const what = this.#checked(body, de);
      const own = [...this.all.values()].filter((c) => c.members.get(me)?.role === 'founder');
      if (own.length >= 5) return refuse('too_many_clubs', 409);
      return { status: 201, ...this.#club(this.found(me, what), me) };
    }
    if (second === 'listed') return { body: this.#listed(me, query) };
    const club = this.#seen(second, me);
    const standing = this.#standing(club, me);
    const lead = () =>
      standing === 'admin' || standing === 'founder' || refuse('not_club_admin', 403);
    const founder = () => standing === 'founder' || refuse('not_club_founder', 403);
    const done = { status: 204 };
    const who = fourth ?? '';
    switch (`${method} ${third ?? ''}`) {
      case 'GET ':
        return this.#club(club, me);
      case 'PUT ': {
        lead();
        if (!asked.ifMatch) return refuse('no_version', 428);
        if (asked.ifMatch !== `"${club.version}"`) return refuse('changed_meanwhile', 412);
        const what = this.#checked(body, de);
        if (what.rules.join('\n') !== club.rules.join('\n')) club.rules_version++;
        delete club.language;
        Object.assign(club, what);
        club.version++;
        return this.#club(club, me);
      }
      case 'DELETE ':
        founder();
        this.all.delete(club.id);
        return done;
      case 'PUT follow':
        if (!club.listed) return refuse('no_club', 404);
        club.followers.add(me);
        return done;
      case 'DELETE follow':
        club.followers.delete(me);
        return done;
      case 'POST join':
        return { body: { standing: this.#join(club, me, Number(body.rules_version)) } };
      case 'PUT membership': {
        const member = club.members.get(me) ?? refuse('not_in_club', 403);
        member.shown = Boolean(body.shown);
        return done;
      }
      case 'DELETE membership':
        if (standing === 'founder' && club.members.size > 1) return refuse('founder_stays', 409);
        club.members.delete(me);
        club.pending.delete(me);
        if (standing === 'founder') this.all.delete(club.id);
        return done;
      case 'GET members': {
        if (!isIn(standing)) return refuse('not_in_club', 403);
        const from = Number(query.get('after') || 0);
        const members = [...club.members].flatMap(([id, { role, since }]) => {
          const person = this.#around.person(me, id);
          return person ? [{ person, role, since }] : [];
        });
        const to = from + this.pageSize;
        const next = members.length > to ? { next: String(to) } : {};
        return { body: { members: members.slice(from, to), ...next } };
      }
      case 'PUT members': {
        founder();
        const member = club.members.get(who) ?? refuse('no_person', 404);
        const role = body.role as ClubRole;
        const own = club.members.get(me);
        if (role === 'founder' && own) own.role = 'admin';
        member.role = role;
        return done;
      }
      case 'DELETE members': {
        lead();
        const member = club.members.get(who) ?? refuse('no_person', 404);
        if (member.role !== 'member') founder();
        club.members.delete(who);
        if (query.get('bar') === 'true') club.barred.add(who);
        return done;
      }
      case 'GET barred': {
        lead();
        const barred = [...club.barred].flatMap((id) => {
          const person = this.#around.person(me, id);
          return person ? [{ person, since: club.created }] : [];
        });
        return { body: { barred } };
      }
      case 'DELETE barred':
        lead();
        club.barred.delete(who);
        return done;
      case 'GET pending':
        lead();
        return { body: { pending: this.#pending(club, me) } };
      case 'PUT pending': {
        lead();
        const one = club.pending.get(who) ?? refuse('no_person', 404);
        if (one.kind === 'asked') this.take(club, who);
        else one.kind = 'invited';
        return done;
      }
      case 'DELETE pending':
        lead();
        club.pending.delete(who);
        return done;
      case 'POST nominations': {
        if (!isIn(standing)) return refuse('not_in_club', 403);
        const whom = String(body.person);
        if (!this.#around.person(me, whom)) return refuse('no_person', 404);
        const known = club.members.has(whom) || club.barred.has(whom) || club.pending.has(whom);
        if (!known) this.#nominate(club, whom, me);
        return done;
      }
    }
    return;
  }

  #nominate(club: KeptClub, whom: string, by: string): void {
    const invites = club.members.get(by)?.role !== 'member';
    const at = new Date().toISOString();
    club.pending.set(whom, { kind: invites ? 'invited' : 'nominated', by, at });
  }

  #join(club: KeptClub, me: string, rules: number): Standing {
    const { refuse } = this.#around;
    if (club.barred.has(me)) return refuse('no_club_entry', 403);
    if (rules !== club.rules_version) return refuse('rules_changed', 409);
    const invited = club.pending.get(me)?.kind === 'invited';
    if (!invited && club.joining === 'nomination') return refuse('by_nomination', 409);
    if (!invited && club.joining === 'approval') {
      club.pending.set(me, { kind: 'asked', at: new Date().toISOString() });
      return 'asked';
    }
    this.take(club, me);
    return 'member';
  }

  #standing(club: KeptClub, me: string): Standing {
    const role = club.members.get(me)?.role;
    if (role) return role;
    const kind = club.pending.get(me)?.kind;
    return kind === 'asked' || kind === 'invited' ? kind : 'none';
  }

  #sees(club: KeptClub, me: string): boolean {
    return club.listed || this.#standing(club, me) !== 'none';
  }

  #seen(id: string, me: string): KeptClub {
    const club = this.all.get(id);
    if (!club || !this.#sees(club, me)) return this.#around.refuse('no_club', 404);
    return club;
  }

  #card(club: KeptClub, me: string): ClubCard {
    const { id, name, about, members, followers, listed } = club;
    return {
      ...{ id, name, about, listed, members: members.size, followers: followers.size },
      ...{ standing: this.#standing(club, me), followed: followers.has(me) },
    };
  }

  #club(club: KeptClub, me: string): Answer {
    const { rules, rules_version, joining, rooms, language, created, members, pending } = club;
    const standing = this.#standing(club, me);
    const leads = [...members].flatMap(([id, { role }]) => {
      const person = this.#around.person(me, id);
      if (!person || role === 'member') return [];
      const { name, picture } = person;
      return [{ id, name, role, ...(picture ? { picture } : {}) }];
    });
    const body: Club = {
      ...this.#card(club, me),
      ...{ rules, rules_version, joining, rooms, created, leads },
      ...(language ? { language } : {}),
      shown: members.get(me)?.shown ?? false,
      ...(standing === 'admin' || standing === 'founder'
        ? { pending: [...pending.values()].filter(({ kind }) => kind !== 'invited').length }
        : {}),
    };
    return { body, headers: { etag: `"${club.version}"` } };
  }

  #lists(me: string) {
    const cards = [...this.all.values()].map((club) => this.#card(club, me));
    return {
      mine: cards.filter(({ standing }) => isIn(standing)),
      invited: cards.filter(({ standing }) => standing === 'invited'),
      asked: cards.filter(({ standing }) => standing === 'asked'),
      followed: cards.filter(({ followed }) => followed),
    };
  }

  #listed(me: string, query: URLSearchParams) {
    const all = [...this.all.values()]
      .filter((club) => club.listed)
      .sort((a, b) => b.members.size - a.members.size);
    const from = Number(query.get('after') || 0);
    const to = from + this.pageSize;
    return {
      clubs: all.slice(from, to).map((club) => this.#card(club, me)),
      ...(all.length > to ? { next: String(to) } : {}),
    };
  }

  #pending(club: KeptClub, me: string): ClubWaiting[] {
    return [...club.pending].flatMap(([id, { kind, by, at }]) => {
      const person = this.#around.person(me, id);
      const whose = by ? this.#around.person(me, by) : undefined;
      return person ? [{ person, kind, at, ...(whose ? { by: whose } : {}) }] : [];
    });
  }

  #checked(body: Record<string, unknown>, de: boolean): NewClub {
    const what = body as unknown as NewClub;
    const errors: Violation[] = [];
    const wrong = (bad: boolean, at: string, english: string, german: string) => {
      if (bad) errors.push({ location: `body.${at}`, message: de ? german : english });
    };
    const long = (text: string, most: number) => [...text].length > most;
    wrong(
      what.name === '' || long(what.name, 60),
      'name',
      'A club’s name has 1 to 60 characters.',
      'Der Name eines Clubs hat 1 bis 60 Zeichen.',
    );
    wrong(
      long(what.about, 500) || what.about.split('\n').length > 10,
      'about',
      'This has at most 500 characters in 10 lines.',
      'Das hat höchstens 500 Zeichen in 10 Zeilen.',
    );
    for (const [n, rule] of what.rules.entries()) {
      wrong(
        long(rule, 140),
        `rules[${n}]`,
        'A rule has at most 140 characters.',
        'Eine Regel hat höchstens 140 Zeichen.',
      );
    }
    if (errors.length > 0) this.#around.refuse('invalid', 422, errors);
    return what;
  }
}

/**
 * Over which nodes voices come, and what of it is proven: `docs/protocol/network.md`,
 * section "Waybills". `internal/overlay/waybill` is the same in Go, and
 * `test/vectors/waybill.json` holds for both. It is loaded when somebody asks.
 */
import { type Certificate, isSigned, isSignedBy, parseCertificate } from './certificate.ts';
import { join, same } from './keys/bytes.ts';
import { fromText, parseID } from './keys/messages.ts';
import type { Itinerary, ToldWay } from './protocol.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A node on a way. In no network it has no names. */
export interface WayHop {
  node: string;
  region: string;
  operator: string;
  /** From the node before, one way, as this one measures it. */
  delayMS: number;
}

/**
 * Over which nodes voices have come, from where they come in to where they are
 * heard; without any, it is not known now.
 *
 * `signed`: each node has signed that it has the voices from the one before, and
 * where it stands and who runs it is what a certificate of the network says. It
 * does not show that no other node has seen them. `unsigned`: there is no network.
 * `refused`: the signatures do not show what is said.
 */
export interface Way {
  who: readonly string[];
  /** The own voice's, to where others hear it. */
  mine: boolean;
  proof: 'signed' | 'unsigned' | 'refused';
  hops: readonly WayHop[];
}

const hopsMax = 13;
const good = 5 * 60_000; // ms that a waybill is good
const purpose = new TextEncoder().encode('stoa waybill 1\0');

/** Checks what a node has told of ways, by the certificate of the network's root. */
export async function checkItinerary(
  told: Itinerary,
  room: string,
  root: string,
  now: number,
): Promise<Way[]> {
  const top = parseCertificate(fromText(root) ?? new Uint8Array(0));
  const regions: Certificate[] = [];
  for (const text of told.regions ?? []) {
    const one = parseCertificate(fromText(text) ?? new Uint8Array(0));
    if (one && top && (await isSignedBy(one, top, now))) regions.push(one);
  }
  return Promise.all(told.ways.map((way) => checkWay(way, room, root !== '', regions, now)));
}

async function checkWay(
  told: ToldWay,
  room: string,
  network: boolean,
  regions: readonly Certificate[],
  now: number,
): Promise<Way> {
  const hops = told.hops.map((hop) => ({
    node: hop.node ?? '',
    region: hop.region ?? '',
    operator: hop.operator ?? '',
    delayMS: hop.delay_ms ?? 0,
  }));
  const way = { who: told.who ?? [], mine: told.mine ?? false };
  const bills = told.hops.some((hop) => hop.bill !== undefined);
  if (hops.length === 0 || (!network && !bills)) return { ...way, hops, proof: 'unsigned' };
  const shown = await prove(told, room, regions, now);
  return shown ? { ...way, hops: shown, proof: 'signed' } : { ...way, hops, proof: 'refused' };
}

/** The nodes of a way as their certificates and waybills show them, or nothing. */
async function prove(
  { hops }: ToldWay,
  room: string,
  regions: readonly Certificate[],
  now: number,
): Promise<WayHop[] | undefined> {
  const tag = await tagOf(room, hops[0]?.node ?? '');
  if (!tag || hops.length > hopsMax) return undefined;
  const shown: WayHop[] = [];
  for (const hop of hops) {
    const certificate = parseCertificate(bytesOf(hop.certificate));
    const who = certificate && (await nodeOf(certificate, regions, now));
    const body = bytesOf(hop.bill);
    if (!who || who.node !== hop.node) return undefined;
    const signed = join(purpose, body);
    if (!(await isSigned(certificate.key, bytesOf(hop.signature), signed))) return undefined;
    const bill = parseBill(body);
    if (!bill || !same(bill.tag, tag) || Math.abs(now - bill.at) > good) return undefined;
    if (bill.from !== (shown.at(-1)?.node ?? '')) return undefined;
    shown.push({ ...who, delayMS: bill.delayMS });
  }
  return shown;
}

const bytesOf = (text: string | undefined) => fromText(text ?? '') ?? new Uint8Array(0);

/** By what a room and the node where its voices come in go on waybills. */
async function tagOf(room: string, origin: string): Promise<Bytes | undefined> {
  const [a, b] = [parseID(room), parseID(origin)];
  if (!a || !b) return undefined;
  return new Uint8Array(await crypto.subtle.digest('SHA-256', join(purpose, a, b))).slice(0, 16);
}

const nodeName =
  /^spiffe:\/\/([a-z0-9-]{1,32})\.([a-z2-7]{16})\/operator\/([a-z0-9-]{1,32})\/node\/([0-9a-v]{26})$/;

/** Whom a certificate names, if the authority of its region has signed it. */
async function nodeOf(
  certificate: Certificate,
  regions: readonly Certificate[],
  now: number,
): Promise<Omit<WayHop, 'delayMS'> | undefined> {
  const [, region, network, operator, node] = nodeName.exec(certificate.name) ?? [];
  if (!region || !operator || !node || certificate.authority) return undefined;
  const authority = regions.find((one) => one.name === `spiffe://${region}.${network}`);
  if (!authority || !(await isSignedBy(certificate, authority, now))) return undefined;
  return { node, region, operator };
}

interface Bill {
  tag: Bytes;
  from: string;
  delayMS: number;
  at: number;
}

function parseBill(body: Bytes): Bill | undefined {
  try {
    const told = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    const { tag, from = '', delay_ms: delayMS = 0, at } = told;
    const time = Date.parse(String(at));
    if (typeof from !== 'string' || typeof delayMS !== 'number' || !(delayMS >= 0))
      return undefined;
    if (Number.isNaN(time)) return undefined;
    const letters = atob(String(tag));
    return { tag: Uint8Array.from(letters, (c) => c.charCodeAt(0)), from, delayMS, at: time };
  } catch {
    return undefined;
  }
}

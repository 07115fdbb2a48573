import type { NodeAt } from './http.ts';

const asks = 3; // of each node; the first opens the connection
const patience = 400; // ms for all of it
const worth = 5; // ms by which another node must be nearer than the one that is asked anyway

/**
 * Returns the name of the node that is nearest by its answers, or '' for the one
 * that has let us in: when that is as near, or nothing else answers. Only nodes
 * that came with the grant are asked, and those lie inside the room's fence.
 */
export async function nearest(
  nodes: readonly NodeAt[],
  ask: (url: URL, signal: AbortSignal) => Promise<unknown> = answers,
): Promise<string> {
  const here = nodes.find((node) => node.here);
  if (nodes.length === 0 || (here && nodes.length === 1)) return '';
  const signal = AbortSignal.timeout(patience);
  const measured = await Promise.all(
    nodes.map(async (node) => ({ node, away: await distance(node, ask, signal) })),
  );
  const away = (node: NodeAt) => measured.find((m) => m.node === node)?.away ?? Infinity;
  const best = measured.reduce((a, b) => (b.away < a.away ? b : a));
  if (here && !(best.away + worth < away(here))) return '';
  return best.node.id;
}

/** How long a node takes to answer, in ms. */
async function distance(
  node: NodeAt,
  ask: (url: URL, signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<number> {
  let best = Infinity;
  try {
    const url = new URL('/livez', node.url);
    for (let i = 0; i < asks; i++) {
      const began = performance.now();
      await ask(url, signal);
      if (i > 0) best = Math.min(best, performance.now() - began);
    }
  } catch {
    // It has no address, does not answer, or too late.
  }
  return best;
}

/** What is answered is nobody's to read here: that it comes is enough. */
const answers = (url: URL, signal: AbortSignal) =>
  fetch(url, { mode: 'no-cors', cache: 'no-store', credentials: 'omit', signal });

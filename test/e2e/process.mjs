// Starts processes, and makes sure that none is left over.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/**
 * Starts a program and waits until it has said what matches `ready`, on either
 * stream. `said` gets everything it says, and whether that is an error's stream.
 */
export async function start(program, args, ready, said = () => {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const exited = once(child, 'exit').then(([code, signal]) => {
    running.delete(child);
    return `${program} has ended with ${signal ?? code}`;
  });
  let heard = '';
  const isReady = new Promise((resolve) => {
    const hear = (text, aside) => {
      said(text, aside);
      if (heard === undefined) return;
      heard += text;
      const match = ready.exec(heard);
      if (!match) return;
      heard = undefined;
      resolve(match);
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => hear(text, stream === child.stderr));
    }
  });
  const match = await Promise.race([
    isReady,
    exited.then((how) => {
      throw new Error(`${how}:\n${heard}`);
    }),
  ]);
  const stop = async (signal = 'SIGTERM') => {
    child.kill(signal);
    return await exited;
  };
  return { match, stop };
}

/** Runs a program to its end and returns what it printed. */
export async function run(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const texts = [child.stdout, child.stderr].map(async (stream) => {
    let text = '';
    for await (const part of stream.setEncoding('utf8')) text += part;
    return text;
  });
  const [code] = await once(child, 'close');
  running.delete(child);
  const [out, err] = await Promise.all(texts);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${err || out}`);
  return out;
}

/**
 * Lets all that we have started come before others, as far as the system
 * allows. Sound suffers first when a machine is busy, and then it is the
 * machine that is measured. A browser sets its processes back to the middle
 * when it starts them, so this is done anew before each measurement.
 */
export function hurry() {
  const children = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(pid);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const ours = [String(process.pid)];
  for (const pid of ours) {
    ours.push(...(children.get(pid) ?? []));
    try {
      const threads = readdirSync(`/proc/${pid}/task`);
      for (const thread of threads) setPriority(Number(thread), constants.priority.PRIORITY_HIGH);
      // Linux shares its time among sessions first (sched(7), autogroup).
      writeFileSync(`/proc/${pid}/autogroup`, String(constants.priority.PRIORITY_HIGH));
    } catch {
      // It has ended, or we may not: then it stays as it is.
    }
  }
}

function parentOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[1];
  } catch {
    return undefined; // it has ended
  }
}

/** Waits until the machine has time for us, but not for ever. */
export async function calm() {
  const idleMin = 0.3; // of the time of all cores
  for (let second = 0; second < 20; second++) {
    const before = times();
    await wait(1000);
    const after = times();
    if ((after.idle - before.idle) / (after.all - before.all) >= idleMin) return;
  }
}

/** What all cores have done so far. */
function times() {
  const spent = readFileSync('/proc/stat', 'utf8')
    .split('\n')[0]
    .split(/\s+/)
    .slice(1, 9)
    .map(Number);
  return { idle: spent[3] + spent[4], all: spent.reduce((sum, time) => sum + time, 0) };
}

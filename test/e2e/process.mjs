// Starts processes, and makes sure that none is left over.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/**
 * Starts a program and waits until it has said what matches `ready`, on either
 * stream. `said` gets everything it says.
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
    const hear = (text) => {
      said(text);
      if (heard === undefined) return;
      heard += text;
      const match = ready.exec(heard);
      if (!match) return;
      heard = undefined;
      resolve(match);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', hear);
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

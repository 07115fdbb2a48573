// A page of a bench or a test, beside a node: at an address of its own, and for
// all else the node.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request as ask, createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/**
 * Serves `page.ts` of a folder here, and more files of it as they are, beside a
 * node. Returns its address, and how to close it.
 */
export async function openSite(name, more, node) {
  const folder = fileURLToPath(new URL(`./${name}/`, import.meta.url));
  const base = `/${name}/`;
  const files = await bundle(base, folder);
  for (const file of more) files.set(file, await readFile(join(folder, file)));
  return await serve(base, files, node);
}

/** Serves files, and has the node answer all the rest as if it had served them. */
async function serve(base, files, node) {
  const { hostname: host, port } = new URL(node);
  const server = createServer((request, response) => {
    const name = request.url === base ? 'index.html' : request.url.replace(base, '');
    const file = files.get(name);
    if (file !== undefined) {
      const kind = name.endsWith('.html') ? 'html' : 'javascript';
      response.writeHead(200, { 'Content-Type': `text/${kind}` }).end(file);
      return;
    }
    const { method, url: path, headers } = request;
    const asked = ask({ host, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    request.pipe(asked);
  });
  server.on('upgrade', (request, socket, head) => {
    const far = connect(port, host, () => {
      const headers = request.rawHeaders.map((text, i) => text + (i % 2 ? '\r\n' : ': ')).join('');
      far.write(`GET ${request.url} HTTP/1.1\r\n${headers}\r\n`);
      far.write(head);
      far.pipe(socket).pipe(far);
    });
    for (const end of [far, socket]) end.on('error', () => [far, socket].map((s) => s.destroy()));
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://localhost:${server.address().port}${base}`, close };
}

/** The page and its workers, by name. */
async function bundle(base, folder) {
  const { output } = await build({
    configFile: false,
    logLevel: 'error',
    base,
    resolve: { conditions: ['source', 'module', 'browser'] },
    worker: { format: 'es' },
    build: {
      write: false,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: false,
      rollupOptions: {
        input: join(folder, 'page.ts'),
        output: { entryFileNames: 'page.js' },
      },
    },
  });
  const files = new Map(
    output.map((file) => [file.fileName, file.code ?? Buffer.from(file.source)]),
  );
  files.set('index.html', '<!doctype html><script type="module" src="page.js"></script>');
  return files;
}

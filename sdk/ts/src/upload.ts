import { offline } from './error.ts';

const waitMax = 120_000;

/**
 * Sends a file, and tells how much of it is there: `fetch` cannot say that yet.
 * It is answered as `fetch` answers.
 */
export function upload(
  url: URL,
  file: Blob,
  language: string,
  { sent, signal }: { sent?: (part: number) => void; signal?: AbortSignal },
): Promise<Response> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const over = (answer: () => void) => () => {
      signal?.removeEventListener('abort', stop);
      answer();
    };
    request.open('PUT', url);
    request.timeout = waitMax;
    request.setRequestHeader('accept-language', language);
    request.setRequestHeader('content-type', file.type || 'application/octet-stream');
    request.upload.onprogress = ({ loaded, total }) => sent?.(total > 0 ? loaded / total : 0);
    request.onload = over(() => {
      const { status, statusText, responseText } = request;
      const type = request.getResponseHeader('content-type') ?? '';
      const wait = request.getResponseHeader('retry-after') ?? '';
      const headers = { 'content-type': type, ...(wait ? { 'retry-after': wait } : {}) };
      const body = status === 204 ? null : responseText;
      done(new Response(body, { status, statusText, headers }));
    });
    const lost = over(() => failed(offline()));
    request.onerror = lost;
    request.ontimeout = lost;
    request.onabort = lost;
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) return lost();
    request.send(file);
  });
}

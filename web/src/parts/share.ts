import { say } from '../models/notices.ts';

/** Hands an address on: through the system's own sheet, or by the clipboard. */
export async function share(url: string, text: string, copied: string): Promise<void> {
  if (navigator.share) {
    try {
      await navigator.share({ url, text });
      return;
    } catch (thrown) {
      if (thrown instanceof DOMException && thrown.name === 'AbortError') return;
    }
  }
  try {
    await navigator.clipboard.writeText(url);
    say(copied);
  } catch {
    say(url);
  }
}

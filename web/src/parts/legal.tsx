import { language } from '../models/settings.ts';
import { t } from '../words/index.ts';

/**
 * What the house says about itself. The node serves these pages without the app;
 * they open beside it, so that a conversation goes on.
 */
export function LegalLinks() {
  const words = t().legal;
  return (
    <nav class="flex wrap legal" aria-label={words.title}>
      {(['imprint', 'terms', 'privacy'] as const).map((page) => (
        <a
          key={page}
          class="meta"
          href={`/legal/${page}?lang=${language.value}`}
          target="_blank"
          rel="noopener"
        >
          {words[page]}
        </a>
      ))}
    </nav>
  );
}

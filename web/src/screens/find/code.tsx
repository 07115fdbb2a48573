import { generate } from 'lean-qr';
import { toSvgPath } from 'lean-qr/extras/svg';
import { useMemo } from 'preact/hooks';
import { account } from '../../models/account.ts';
import { Icon } from '../../parts/icon.tsx';
import { share } from '../../parts/share.ts';
import { to } from '../../router.ts';
import { w } from '../../words/find.ts';

/** How many modules are left free around a code (ISO/IEC 18004). */
const quiet = 4;

/** One's own profile as a code and a link, for somebody who stands beside one. */
export function MyCode() {
  const words = w();
  const me = account.value.kind === 'in' ? account.value.me : undefined;
  const url = me ? `${location.origin}${to.person(me.id)}` : '';
  const code = useMemo(() => url && generate(url), [url]);
  if (!me || !code) return null;
  const shown = me.handle ? `${location.origin}/@${me.handle}` : url;
  const size = code.size + 2 * quiet;
  return (
    <section class="stack close" data-test="my-code">
      <h2 class="sub bare-sub">{words.code}</h2>
      <p class="soft">{words.codeWhy}</p>
      <svg
        width="208"
        viewBox={`${-quiet} ${-quiet} ${size} ${size}`}
        role="img"
        aria-label={words.codeSays(shown)}
        shape-rendering="crispEdges"
      >
        <rect x={-quiet} y={-quiet} width={size} height={size} fill="#fff" />
        <path d={toSvgPath(code)} fill="#000" />
      </svg>
      <p class="link num">{shown}</p>
      <button
        type="button"
        class="btn align-start"
        data-test="share-me"
        onClick={() => void share(shown, words.shareText, words.copied)}
      >
        <Icon name="share-2" />
        {words.share}
      </button>
    </section>
  );
}
